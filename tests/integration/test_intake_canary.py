"""A tip that is taken leaves its words in nothing that is watched, and in the database only sealed."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tinbao_contracts.events import TipSubmittedV1

from tests.support.intake import BINH_TUYEN, Intake, a_form, an_intake, keyed, keys, new_key, open_content
from tests.support.servers import PostgresServer
from tests.support.watched import Watched, watching

WORDS = {
    "text": "Người đàn ông áo xanh CANARY-text",
    "place": "Ngõ 12 CANARY-place",
    "neighbourhood": "Thôn CANARY-thon",
    "happened_at": "đêm qua CANARY-khi",
}
CONTACT = {"name": "Nguyễn Thị CANARY-ten", "phone": "0912 345 678", "email": "canary-thu@thu.vn"}
SENDER = {"user-agent": "CANARY-may/1.0", "x-forwarded-for": "203.0.113.77", "cookie": "session=CANARY-cookie"}
FORBIDDEN = ("CANARY", "canary-thu", "912345678", "912 345 678", "203.0.113.77")


@pytest.fixture
async def intake(postgres: PostgresServer) -> AsyncIterator[Intake]:
    async with an_intake(postgres) as intake:
        intake.http.headers.update(SENDER)
        yield intake


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    yield from watching(monkeypatch, caplog)


async def a_whole_life(intake: Intake) -> list[str]:
    """A tip by the API and one by the form, additions, a withdrawal: the codes and keys that must not leak."""
    key, message_key, form = new_key(), new_key(), a_form(**WORDS, contact_name=CONTACT["name"])
    code = (await intake.send(key, **WORDS, contact=CONTACT, reporter_role="shop")).json()["receipt_code"]
    await intake.send(key, text="CANARY: khóa đã dùng")
    await intake.add(code, "CANARY-thêm", message_key)
    await intake.open_mailbox(code)
    await intake.http.post("/v1/mailbox/withdraw", json={"receipt_code": code}, headers=keyed())
    await intake.page("/", form | {"contact_phone": CONTACT["phone"]})
    await intake.page("/mailbox", {"receipt_code": code})
    await intake.page("/mailbox/messages", {"receipt_code": code, "idempotency_key": new_key(), "text": "CANARY"})
    assert len(await intake.events()) == 5
    return [code, code.replace("-", ""), key, message_key, form["idempotency_key"]]


async def dump(intake: Intake) -> str:
    """All rows of all tables as text; bytes are hexadecimal there."""
    tables = await intake.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [
        str(await intake.pool.fetch(f"SELECT t::text FROM {table['tablename']} t"))  # noqa: S608 - our own names
        for table in tables
    ]
    return "\n".join(rows)


async def test_nothing_that_is_watched_says_what_was_sent_or_who_sent_it(intake: Intake, watched: Watched) -> None:
    secrets = await a_whole_life(intake)

    assert "POST /v1/tips" in watched.everything()
    assert "POST /mailbox/messages" in watched.everything()
    watched.assert_free_of(*FORBIDDEN, *secrets)


async def test_the_database_holds_the_words_only_sealed(intake: Intake) -> None:
    secrets = await a_whole_life(intake)

    stored = await dump(intake)
    (event, *_) = await intake.events()
    assert isinstance(event, TipSubmittedV1)
    assert open_content(event, keys()[BINH_TUYEN]).text == WORDS["text"]
    found = [word for word in (*FORBIDDEN, *secrets) if word in stored or word.encode().hex() in stored]
    assert found == []


async def test_the_metrics_that_an_operator_reads_name_routes_and_nothing_else(intake: Intake) -> None:
    secrets = await a_whole_life(intake)

    page = (await intake.http.get("/metrics")).text

    assert 'tinbao_request_seconds_count{method="POST",route="/v1/tips",status="201"}' in page
    assert "tinbao_outbox_rows 5.0" in page
    assert [word for word in (*FORBIDDEN, *secrets) if word in page] == []
