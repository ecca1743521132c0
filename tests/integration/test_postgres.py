"""The database away, full, restarting or refusing is one answer: Unavailable. A mistake of ours is not."""

import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tinbao_runtime.postgres import Unavailable, open_pool, transaction

from tests.support.runtime import World, a_world
from tests.support.servers import KafkaServer, PostgresServer


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka, pool_size=2) as world:
        yield world


async def insert(conn: object) -> None:
    assert isinstance(conn, asyncpg.pool.PoolConnectionProxy)
    await conn.execute("INSERT INTO effects (event_type) VALUES ('x')")


async def test_a_transaction_commits_when_its_block_ends(world: World) -> None:
    async with transaction(world.pool) as conn:
        await insert(conn)

    assert await world.count("effects") == 1


async def test_an_error_rolls_everything_back_and_passes_unchanged(world: World) -> None:
    with pytest.raises(KeyError):  # noqa: PT012 - the transaction ends by the exception
        async with transaction(world.pool) as conn:
            await insert(conn)
            raise KeyError

    assert await world.count("effects") == 0


async def test_no_free_connection_is_unavailable_soon(world: World) -> None:
    async with world.pool.acquire(), world.pool.acquire():
        with pytest.raises(Unavailable, match="TimeoutError"):
            async with transaction(world.pool, acquire_timeout=0.1):
                pass


async def test_a_session_that_the_server_ends_is_unavailable_and_the_next_one_works(world: World) -> None:
    with pytest.raises(Unavailable):  # noqa: PT012 - the session dies inside the block
        async with transaction(world.pool) as conn:
            await insert(conn)
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            other = await asyncpg.connect(world.settings.database_url.get_secret_value())
            await other.execute("SELECT pg_terminate_backend($1)", pid)
            await other.close()
            await conn.fetchval("SELECT 1")

    async with transaction(world.pool) as conn:
        await insert(conn)
    assert await world.count("effects") == 1


async def test_a_process_that_was_frozen_inside_a_transaction_finds_it_unavailable(world: World) -> None:
    with pytest.raises(Unavailable):  # noqa: PT012 - the session dies inside the block
        async with transaction(world.pool) as conn:
            await conn.execute("SET LOCAL idle_in_transaction_session_timeout = '100ms'")
            time.sleep(0.5)  # noqa: ASYNC251 - the whole process stands still
            await insert(conn)

    assert await world.count("effects") == 0


async def test_a_server_that_has_become_a_standby_is_unavailable(world: World) -> None:
    with pytest.raises(Unavailable, match="ReadOnly"):  # noqa: PT012 - the second statement fails
        async with transaction(world.pool) as conn:
            await conn.execute("SET TRANSACTION READ ONLY")
            await insert(conn)


async def test_a_pools_sessions_do_not_hold_locks_while_idle_for_long(world: World) -> None:
    assert await world.pool.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"
    assert await world.pool.fetchval("SHOW timezone") == "UTC"


async def test_a_stopped_server_is_unavailable_and_the_pool_recovers(postgres: PostgresServer, world: World) -> None:
    await postgres.child.stop()
    try:
        with pytest.raises(Unavailable):
            async with transaction(world.pool):
                pass
    finally:
        await postgres.child.start()
        await postgres.child.wait_ready()

    async with transaction(world.pool) as conn:
        await insert(conn)
    assert await world.count("effects") == 1


async def test_a_value_that_no_column_takes_is_our_mistake_and_not_an_outage(world: World) -> None:
    with pytest.raises(asyncpg.DataError):
        async with transaction(world.pool) as conn:
            await conn.execute("INSERT INTO effects (event_type, event_id) VALUES ($1, $2)", "a\x00b", "no uuid")


async def test_a_pool_is_no_larger_than_its_setting(world: World) -> None:
    assert world.pool.get_max_size() == 2
    settings = world.settings.model_copy(update={"pool_size": 5})
    async with await open_pool(settings) as pool:
        assert (pool.get_min_size(), pool.get_max_size()) == (1, 5)
