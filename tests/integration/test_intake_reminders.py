"""No tip stays unopened because its record was lost: intake publishes it again until a station says it has it."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from tinbao_contracts.events import CaseOpenedV1
from tinbao_intake import store
from tinbao_intake.follow_case import record_opening
from tinbao_intake.republish_unopened import republish_unopened
from tinbao_runtime.batch import each
from tinbao_runtime.clock import now
from tinbao_runtime.housekeeping import keep_house
from tinbao_runtime.postgres import transaction

from tests.support.intake import Intake, about, an_intake
from tests.support.servers import PostgresServer

N = timedelta(minutes=10)


@pytest.fixture(scope="module")
async def shared(postgres: PostgresServer) -> AsyncIterator[Intake]:
    async with an_intake(postgres) as intake:
        yield intake


@pytest.fixture
async def intake(shared: Intake) -> Intake:
    await shared.empty()
    return shared


async def remind(intake: Intake, at: datetime) -> int:
    async with transaction(intake.pool) as conn:
        return await republish_unopened(conn, at, N)


async def publish_all(intake: Intake) -> None:
    """As if the broker had acknowledged everything, and lost it."""
    await intake.pool.execute("DELETE FROM outbox")


async def announce_opening(intake: Intake, receipt: Mapping[str, Any], **fields: Any) -> None:
    about_it = {"number": 1, "category": "gambling", "urgency": "normal", "received_at": now(), **fields}
    await intake.hear(each(record_opening), about(CaseOpenedV1, receipt["tip_id"], **about_it))


async def waiting(intake: Intake) -> list[str]:
    return [type(event).__name__ for event in await intake.events()]


async def event_ids(intake: Intake) -> set[str]:
    return {str(row[0]) for row in await intake.pool.fetch("SELECT event_id FROM outbox_events")}


async def test_an_unopened_tip_is_published_again_with_all_that_was_added_to_it_in_its_order(intake: Intake) -> None:
    receipt = await intake.accepted()
    await intake.add(receipt["receipt_code"], "Hôm nay có thêm một ô tô màu trắng.")
    before, ids = await intake.events(), await event_ids(intake)
    await publish_all(intake)

    assert await remind(intake, now() + N) == 1

    assert await intake.events() == before
    assert await event_ids(intake) == ids


async def test_a_tip_is_not_published_again_before_its_time(intake: Intake) -> None:
    await intake.accepted()
    await publish_all(intake)

    assert await remind(intake, now() + N - timedelta(minutes=1)) == 0

    assert await waiting(intake) == []


async def test_an_opened_tip_is_left_alone(intake: Intake) -> None:
    receipt = await intake.accepted()
    await publish_all(intake)
    await announce_opening(intake, receipt)

    assert await remind(intake, now() + timedelta(days=9)) == 0

    assert await waiting(intake) == []


async def test_a_tip_that_is_only_looked_on_is_still_published_again(intake: Intake) -> None:
    receipt = await intake.accepted()
    await publish_all(intake)
    await announce_opening(intake, receipt, is_watching=True)

    assert await remind(intake, now() + N) == 1


async def test_reminders_become_rarer(intake: Intake) -> None:
    await intake.accepted()
    began = now()

    reminded = {minute: await remind(intake, began + timedelta(minutes=minute + 1)) for minute in range(0, 1440, 10)}

    assert [minute for minute, count in reminded.items() if count] == [10, 30, 70, 150, 310, 630, 1270]


async def test_what_still_waits_for_the_broker_waits_once(intake: Intake) -> None:
    await intake.accepted()
    before = await waiting(intake)

    await remind(intake, now() + N)

    assert await waiting(intake) == before


async def test_events_are_kept_as_long_as_their_tip_is_unopened_and_no_longer(intake: Intake) -> None:
    receipt = await intake.accepted()
    await publish_all(intake)
    much_later = now() + timedelta(days=400)

    await keep(intake, much_later)
    assert await remind(intake, much_later) == 1
    assert await waiting(intake) == ["TipSubmittedV1"]

    await publish_all(intake)
    await announce_opening(intake, receipt)
    await keep(intake, much_later)
    assert await event_ids(intake) == set()


async def keep(intake: Intake, at: datetime) -> None:
    """And have days for what the other tests store."""
    for time in (at, now()):
        async with transaction(intake.pool) as conn:
            await keep_house(conn, intake.settings, time, store.oldest_unopened)
