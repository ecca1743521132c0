"""While the database is away nothing is taken, nothing taken is lost, and nobody has to type anything again."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.support.eventually import eventually
from tests.support.intake import Intake, a_form, an_intake, new_key
from tests.support.servers import PostgresServer
from tests.support.wire import Wire, a_wire


@pytest.fixture(scope="module")
async def wire(postgres: PostgresServer) -> AsyncIterator[Wire]:
    async with a_wire(postgres.port) as wire:
        yield wire


@pytest.fixture(scope="module")
async def running(postgres: PostgresServer, wire: Wire) -> AsyncIterator[Intake]:
    """Its directory is not read again: what passes the wire is what a test sends."""
    async with an_intake(postgres, wire.port, pool_size=2, directory_refresh=timedelta(hours=1)) as intake:
        yield intake


@pytest.fixture
async def intake(running: Intake, wire: Wire) -> AsyncIterator[Intake]:
    await running.empty()
    yield running
    wire.mend()


async def test_a_tip_is_refused_with_when_to_come_back_and_taken_afterwards(intake: Intake, wire: Wire) -> None:
    key = new_key()
    wire.cut()
    refused = await intake.send(key)
    wire.mend()
    accepted = await intake.send(key)

    assert refused.status_code == 503
    assert refused.json()["type"].endswith("/unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert accepted.status_code == 201
    assert len(await intake.tips()) == 1


async def test_a_tip_whose_commit_was_not_confirmed_is_the_same_tip_when_it_is_sent_again(
    intake: Intake, wire: Wire
) -> None:
    key = new_key()
    wire.cut_after(b"COMMIT")
    unconfirmed = await intake.send(key)
    wire.mend()
    stored = await intake.tips()
    again = await intake.send(key)

    assert unconfirmed.status_code == 503
    assert [str(row["tip_id"]) for row in stored] == [again.json()["tip_id"]]
    assert len(await intake.tips()) == len(await intake.events()) == 1
    assert (await intake.open_mailbox(again.json()["receipt_code"]))["tip_id"] == again.json()["tip_id"]


async def test_a_form_comes_back_with_all_that_was_typed_and_its_key(intake: Intake, wire: Wire) -> None:
    form = a_form(text="Mất một xe máy xanh.", place="Quán nước", contact_phone="0912 345 678", happening_now="true")
    wire.cut()
    refused = await intake.page("/", form)
    wire.mend()
    accepted = await intake.page("/", form)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert "chưa tiếp nhận được" in refused.text
    for typed in ("Mất một xe máy xanh.", "Quán nước", "0912 345 678", form["idempotency_key"]):
        assert typed in refused.text
    assert accepted.status_code == 201


async def test_a_message_comes_back_with_its_words_and_its_key(intake: Intake, wire: Wire) -> None:
    code = (await intake.accepted())["receipt_code"]
    message = {"receipt_code": code, "text": "Thêm một ô tô trắng.", "idempotency_key": new_key()}
    wire.cut()
    refused = await intake.page("/mailbox/messages", message)
    wire.mend()
    accepted = await intake.page("/mailbox/messages", message)

    assert (refused.status_code, accepted.status_code) == (503, 200)
    assert int(refused.headers["retry-after"]) > 0
    for typed in message.values():
        assert typed in refused.text
    assert "Đã gửi bổ sung." in accepted.text


@pytest.mark.parametrize("path", ["/mailbox", "/mailbox/withdraw"])
async def test_a_code_need_not_be_typed_again(intake: Intake, wire: Wire, path: str) -> None:
    code = (await intake.accepted())["receipt_code"]
    wire.cut()
    refused = await intake.page(path, {"receipt_code": code})
    wire.mend()
    accepted = await intake.page(path, {"receipt_code": code})

    assert (refused.status_code, accepted.status_code) == (503, 200)
    assert f'value="{code}"' in refused.text


@pytest.mark.parametrize("path", ["/", "/mailbox", "/v1/categories", "/v1/stations?q=binh", "/livez"])
async def test_what_needs_no_database_is_answered(intake: Intake, wire: Wire, path: str) -> None:
    wire.cut()

    assert (await intake.http.get(path)).status_code == 200


async def test_the_service_is_ready_again_by_itself(intake: Intake, wire: Wire) -> None:
    async def status() -> int:
        return (await intake.http.get("/readyz")).status_code

    states = [await status()]
    for change in (wire.cut, wire.mend):
        change()
        states.append(await status())

    assert states == [200, 503, 200]


async def test_a_directory_that_can_no_longer_be_read_makes_the_service_unready(postgres: PostgresServer) -> None:
    async with an_intake(postgres, directory_refresh=timedelta(milliseconds=20)) as intake:

        async def why_unready() -> str:
            response = await intake.http.get("/readyz")
            return str(response.json()["detail"]) if response.status_code == 503 else ""

        async def is_ready() -> bool:
            return not await why_unready()

        await intake.pool.execute("ALTER TABLE station_keys RENAME TO elsewhere")
        assert "directory" in await eventually(why_unready)
        await intake.pool.execute("ALTER TABLE elsewhere RENAME TO station_keys")
        await eventually(is_ready)


async def test_no_free_connection_is_unavailable_and_not_a_failure(intake: Intake) -> None:
    async with intake.pool.acquire(), intake.pool.acquire():
        response = await intake.send()

    assert response.status_code == 503
