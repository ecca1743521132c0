"""Records that nobody can process, written past the relay into a station's topic, before, between and after real tips.

What becomes of each kind in the runtime is tested there; here the station's own worker must go on with its tips.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tinbao_contracts.events import TipSubmittedV1
from uuid_utils.compat import uuid7

from tests.support.eventually import eventually
from tests.support.reporter import Receipt, Reporter
from tests.support.runtime import Outgoing, a_record, a_withdrawal
from tests.support.world import COMMUNE_OF, HERE, World

TRIAGE, TOPIC = f"triage-{HERE}", f"tips.{HERE}"
NOT_UTF_8 = b"\xff\xfe\xc3\x28"


@pytest.fixture(autouse=True)
async def none_left_behind(world: World) -> AsyncIterator[None]:
    """Letters of one test are not those of another."""
    yield
    for table in ("dead_letters", "parked"):
        await world.rows(TRIAGE, f"DELETE FROM {table}")  # noqa: S608 - a test's own words


def a_record_of(value: bytes | None) -> Outgoing:
    """A record that is well but for its value."""
    return replace(a_record(a_withdrawal(HERE)), value=value)


async def a_copy_with_another_body(world: World, taken: Receipt) -> Outgoing:
    """The record of a tip that the station has taken, under the same event id."""
    record = next(r for r in await world.published(TOPIC) if r.key == str(taken.tip_id).encode())
    event = TipSubmittedV1.model_validate_json(record.value or b"")
    value = event.model_copy(update={"category": "environment"}).model_dump_json().encode()
    return Outgoing(TOPIC, record.key, value, record.headers)


async def send_and_wait(world: World, reporter: Reporter) -> Receipt:
    """A tip that must be opened whatever lies before it in the topic."""
    receipt = await reporter.send_tip(COMMUNE_OF[HERE])

    async def is_opened() -> bool:
        return bool(await world.value(TRIAGE, "SELECT count(*) FROM cases WHERE tip_id = $1", receipt.tip_id))

    await eventually(is_opened)
    return receipt


async def reasons(world: World) -> list[str]:
    return [row["reason"] for row in await world.rows(TRIAGE, 'SELECT reason FROM dead_letters ORDER BY "offset"')]


async def test_poison_dies_with_its_reason_and_the_tips_around_it_are_opened(world: World, reporter: Reporter) -> None:
    taken = await send_and_wait(world, reporter)

    await world.publish(
        a_record(a_withdrawal(HERE)).with_header("ce_type", NOT_UTF_8),
        a_record_of(b"{not JSON"),
        a_record_of(NOT_UTF_8),
        a_record_of(None),
        await a_copy_with_another_body(world, taken),
    )

    await send_and_wait(world, reporter)
    assert await reasons(world) == [
        "a header is not readable",
        "TipWithdrawnV1 is not valid: value",
        "TipWithdrawnV1 is not valid: value",
        "the record is a tombstone",
        "this event id was used before with another body",
    ]


async def test_an_unknown_version_waits_and_the_tips_around_it_are_opened(world: World, reporter: Reporter) -> None:
    unknown = a_record(a_withdrawal(HERE), event_id=uuid7()).with_header("ce_type", b"TipSubmittedV2")

    await world.publish(unknown)

    await send_and_wait(world, reporter)
    parked = await world.rows(TRIAGE, "SELECT event_type, value FROM parked")
    assert [(row["event_type"], row["value"]) for row in parked] == [("TipSubmittedV2", unknown.value)]
    assert await reasons(world) == []
