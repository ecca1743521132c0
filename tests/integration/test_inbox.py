"""An event id is taken once, by whoever commits first."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from tinbao_runtime import inbox
from tinbao_runtime.inbox import Claim
from tinbao_runtime.postgres import transaction
from uuid_utils.compat import uuid7

from tests.support.runtime import World, a_world
from tests.support.servers import KafkaServer, PostgresServer


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        yield world


async def claim(world: World, *records: tuple[UUID, bytes]) -> list[Claim]:
    async with transaction(world.pool) as conn:
        return await inbox.claim(conn, records)


async def test_a_new_id_is_new_and_then_repeated(world: World) -> None:
    event_id = uuid7()

    assert await claim(world, (event_id, b"body")) == [Claim.NEW]
    assert await claim(world, (event_id, b"body")) == [Claim.REPEATED]


async def test_the_same_id_with_another_body_conflicts(world: World) -> None:
    event_id = uuid7()
    await claim(world, (event_id, b"body"))

    assert await claim(world, (event_id, b"another")) == [Claim.CONFLICTING]
    assert await claim(world, (event_id, b"body")) == [Claim.REPEATED]


async def test_answers_come_in_the_order_of_the_records(world: World) -> None:
    known, first, second = uuid7(), uuid7(), uuid7()
    await claim(world, (known, b"k"))

    claims = await claim(world, (second, b"2"), (known, b"k"), (first, b"1"), (second, b"2"), (first, b"other"))

    assert claims == [Claim.NEW, Claim.REPEATED, Claim.NEW, Claim.REPEATED, Claim.CONFLICTING]


async def test_a_claim_that_is_rolled_back_was_never_made(world: World) -> None:
    event_id = uuid7()
    async with world.pool.acquire() as conn:
        begun = conn.transaction()
        await begun.start()
        assert await inbox.claim(conn, [(event_id, b"body")]) == [Claim.NEW]
        await begun.rollback()

    assert await claim(world, (event_id, b"body")) == [Claim.NEW]


@pytest.mark.parametrize(("ends", "expected"), [("commit", Claim.REPEATED), ("rollback", Claim.NEW)])
async def test_of_two_transactions_with_one_id_the_second_waits_for_the_first(
    world: World, ends: str, expected: Claim
) -> None:
    event_id = uuid7()
    async with world.pool.acquire() as conn:
        first = conn.transaction()
        await first.start()
        await inbox.claim(conn, [(event_id, b"body")])
        second = asyncio.create_task(claim(world, (event_id, b"body")))
        assert (await asyncio.wait([second], timeout=0.2))[1] == {second}

        await getattr(first, ends)()

        assert await asyncio.wait_for(second, 5) == [expected]


async def test_two_transactions_that_claim_the_same_ids_in_opposite_order_do_not_block_each_other(
    world: World,
) -> None:
    """A third one holds the middle id until both are under way, so that each would hold what the other needs."""
    first, middle, last = sorted(uuid7() for _ in range(3))
    async with world.pool.acquire() as conn:
        holding = conn.transaction()
        await holding.start()
        await inbox.claim(conn, [(middle, b"x")])
        forth = asyncio.create_task(claim(world, *((i, b"x") for i in (first, middle, last))))
        back = asyncio.create_task(claim(world, *((i, b"x") for i in (last, middle, first))))
        await asyncio.wait([forth, back], timeout=0.2)
        await holding.rollback()

        claims = await asyncio.wait_for(asyncio.gather(forth, back), 10)

    assert sorted(set(one) == {Claim.NEW} for one in claims) == [False, True]
