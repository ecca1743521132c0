"""What is watched of a request says nothing of who sent it or what: also where it is refused or cannot be stored.

Here the database is away, which logs most. `tests/integration/test_intake_canary.py` does the same with a tip that
is taken.
"""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from tinbao_intake.directory import Directory
from tinbao_intake.main import create_api
from tinbao_runtime import sealing

from tests.support.intake import a_client, a_directory, a_form, a_tip, keyed, some_settings
from tests.support.watched import Watched, watching

SECRETS = {
    "text": "Người đàn ông áo xanh-CANARY",
    "place": "Ngõ 12-CANARY",
    "neighbourhood": "Thôn Thích Chung-CANARY",
    "happened_at": "đêm qua-CANARY",
}
PHONE, NAME, ADDRESS, AGENT = "0912 345 678", "Nguyễn Thị Bình-CANARY", "203.0.113.77", "Phone-CANARY/1.0"
CODE = "K7M2-9QXD-4RTV-E8HN-3WYP-K"
FORBIDDEN = (*SECRETS.values(), "CANARY", "912345678", PHONE, ADDRESS, CODE, "bad-key-0123456789-0123")


class NoDatabase:
    """A pool without a server behind it: each acquisition fails as asyncpg's does when it is refused."""

    def acquire(self, timeout: float) -> object:
        raise ConnectionRefusedError(f"cannot store {SECRETS['text']} within {timeout}")


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    yield from watching(monkeypatch, caplog)


@pytest.fixture
async def http(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The real application with a directory that it read before the database went away."""
    directory = a_directory()
    monkeypatch.setattr(Directory, "of", lambda *_: directory)
    app = create_api(some_settings("postgresql://nobody@127.0.0.1:1/x"), NoDatabase())  # type: ignore[arg-type]  # what it needs of a pool
    async with a_client(app) as client:
        client.headers.update({"user-agent": AGENT, "x-forwarded-for": ADDRESS, "cookie": "session=CANARY"})
        yield client


async def test_a_tip_that_cannot_be_stored_leaves_no_trace_of_its_words(
    http: httpx.AsyncClient, watched: Watched
) -> None:
    contact = {"name": NAME, "phone": PHONE}
    response = await http.post("/v1/tips?text=CANARY", json=a_tip(**SECRETS, contact=contact), headers=keyed())

    assert response.status_code == 503
    assert "POST /v1/tips" in watched.everything()
    assert "database unavailable" in watched.everything()
    watched.assert_free_of(*FORBIDDEN)


async def test_a_form_that_cannot_be_stored_leaves_none_either(http: httpx.AsyncClient, watched: Watched) -> None:
    form = a_form(**SECRETS, contact_name=NAME, contact_phone=PHONE)
    response = await http.post("/", data=form, headers={"accept": "text/html"})

    assert response.status_code == 503
    assert SECRETS["text"] in response.text
    watched.assert_free_of(*FORBIDDEN)


@pytest.mark.parametrize(
    "body",
    [
        a_tip(**SECRETS) | {"CANARY": 1},
        a_tip(**SECRETS) | {"contact": {"phone": "113 CANARY"}},
        a_tip(**SECRETS) | {"commune": "Xã CANARY"},
        a_tip(**SECRETS) | {"category": "CANARY"},
        {"CANARY": ["CANARY"]},
    ],
)
async def test_a_refused_tip_is_not_repeated(
    http: httpx.AsyncClient, watched: Watched, body: dict[str, object]
) -> None:
    response = await http.post("/v1/tips", json=body, headers=keyed("bad-key-0123456789-0123"))

    assert response.status_code == 422
    assert "CANARY" not in response.text
    watched.assert_free_of(*FORBIDDEN)


@pytest.mark.parametrize("path", ["/v1/mailbox/open", "/v1/mailbox/messages", "/v1/mailbox/withdraw"])
async def test_a_receipt_code_is_seen_nowhere(http: httpx.AsyncClient, watched: Watched, path: str) -> None:
    await http.post(path, json={"receipt_code": CODE}, headers=keyed())
    await http.post(path, json={"receipt_code": CODE, "text": "CANARY"}, headers=keyed())
    await http.post(path, json={"receipt_code": CODE * 9}, headers=keyed())

    watched.assert_free_of(*FORBIDDEN)


async def test_a_failure_of_ours_is_watched_without_its_message(
    http: httpx.AsyncClient, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError(SECRETS["text"])

    monkeypatch.setattr(sealing, "seal", fail)

    response = await http.post("/v1/tips", json=a_tip(**SECRETS), headers=keyed())

    assert response.status_code == 500
    assert watched.everything().count('"error.type": "KeyError"') == 1
    watched.assert_free_of(*FORBIDDEN)


async def test_a_foreign_address_is_not_a_route(http: httpx.AsyncClient, watched: Watched) -> None:
    response = await http.get("/CANARY/912345678?q=CANARY")

    assert response.status_code == 404
    watched.assert_free_of(*FORBIDDEN)
