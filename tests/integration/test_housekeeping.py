"""The worker's schedule keeps days of the outbox ready, and forgets what is old enough."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
from tinbao_runtime.clock import now
from tinbao_runtime.housekeeping import DAYS_AHEAD, keep_house
from tinbao_runtime.postgres import Unavailable, transaction
from uuid_utils.compat import uuid7

from tests.support.runtime import World, a_withdrawal, a_world
from tests.support.servers import KafkaServer, PostgresServer


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        yield world


async def keep(world: World, at: datetime) -> None:
    async with transaction(world.pool) as conn:
        await keep_house(conn, world.settings, at)


async def days(world: World) -> list[str]:
    found = await world.rows(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'outbox_events'::regclass"
    )
    return sorted(row[0].removeprefix("outbox_events_") for row in found)


def name(day: date) -> str:
    return day.strftime("%Y%m%d")


async def test_a_migrated_database_can_store_events_before_any_worker_ran(world: World) -> None:
    assert name(now().date()) in await days(world)
    assert name(now().date() + timedelta(days=DAYS_AHEAD - 2)) in await days(world)


async def test_days_are_made_ahead(world: World) -> None:
    later = now() + timedelta(days=10)

    await keep(world, later)

    assert (await days(world))[-1] == name(later.date() + timedelta(days=DAYS_AHEAD - 1))


async def test_days_older_than_the_outbox_is_kept_are_dropped(world: World) -> None:
    later = now() + world.settings.outbox_kept + timedelta(days=5)

    await keep(world, later)

    assert (await days(world))[0] == name((later - world.settings.outbox_kept).date())


async def test_a_day_of_which_something_still_waits_is_not_dropped(world: World) -> None:
    await world.enqueue(a_withdrawal(world.station))

    await keep(world, now() + world.settings.outbox_kept + timedelta(days=5))

    assert name(now().date()) in await days(world)
    assert await world.count("outbox_events") == 1


async def test_keeping_house_twice_changes_nothing(world: World) -> None:
    at = now() + timedelta(days=3)
    await keep(world, at)
    once = await days(world)

    await keep(world, at)

    assert await days(world) == once


async def test_two_workers_may_keep_house_at_the_same_time(world: World) -> None:
    at = now() + timedelta(days=40)

    await asyncio.gather(*(keep(world, at) for _ in range(4)))

    assert name(at.date()) in await days(world)


async def test_it_rather_waits_for_the_next_time_than_blocks_who_reads_the_outbox(world: World) -> None:
    await world.enqueue(a_withdrawal(world.station))
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.fetch("SELECT * FROM outbox_events")

        with pytest.raises(Unavailable, match="LockNotAvailable"):
            await keep(world, now() + timedelta(days=40))


async def test_claims_are_forgotten_once_no_topic_can_bring_them_again(world: World) -> None:
    for age in (world.settings.inbox_kept - timedelta(days=1), world.settings.inbox_kept + timedelta(days=1)):
        await world.pool.execute(
            "INSERT INTO inbox (event_id, value_hash, taken_at) VALUES ($1, $2, now() - $3::interval)",
            uuid7(),
            b"",
            age,
        )

    await keep(world, now())

    assert await world.count("inbox") == 1


async def test_answers_are_forgotten_after_a_day(world: World) -> None:
    for hours in (23, 25):
        await world.pool.execute(
            "INSERT INTO idempotency_keys VALUES ($1, '', '', now() - $2::interval)",
            bytes([hours]),
            timedelta(hours=hours),
        )

    await keep(world, now())

    assert await world.count("idempotency_keys") == 1
