"""A worker's loops live and die together, and its health port tells how they are."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from tinbao_runtime.postgres import Unavailable
from tinbao_runtime.worker import LoopEnded, every, health_app, run_worker

from tests.support.eventually import eventually
from tests.support.runtime import World, a_record, a_withdrawal, a_world, running, started
from tests.support.servers import KafkaServer, PostgresServer


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        world.make_topic()
        yield world


class Sleeper:
    """A loop that does nothing, until `end` is set: then it returns, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.seen_alive_at = time.monotonic()
        self.end = asyncio.Event()
        self._error = error

    async def run(self) -> None:
        await self.end.wait()
        if self._error:
            raise self._error


def health_of(world: World) -> str:
    return f"http://127.0.0.1:{world.settings.health_port}"


async def status(world: World, path: str) -> int:
    """0 while nobody listens."""
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(health_of(world) + path)).status_code
    except httpx.ConnectError:
        return 0


@asynccontextmanager
async def serving(world: World, process: asyncio.subprocess.Process | None = None) -> AsyncIterator[None]:
    async def is_ready() -> bool:
        assert process is None or process.returncode is None, "the worker ended"
        return await status(world, "/readyz") == 200

    await eventually(is_ready, 20)
    yield


@pytest.mark.parametrize(("error", "raised"), [(KeyError("x"), KeyError), (None, LoopEnded)], ids=["fails", "returns"])
async def test_a_loop_that_ends_ends_the_worker_and_the_other_loops(
    world: World, error: Exception | None, raised: type[Exception]
) -> None:
    bad, good = Sleeper(error), Sleeper()

    async def ends() -> None:
        await eventually(lambda: status(world, "/livez"))
        bad.end.set()

    ending = asyncio.create_task(ends())
    with pytest.raises(ExceptionGroup) as failure:
        await asyncio.wait_for(run_worker(world.settings, world.pool, [good, bad]), 15)
    await ending

    assert [type(cause) for cause in failure.value.exceptions] == [raised]
    assert await status(world, "/livez") == 0


async def test_other_work_that_fails_ends_the_worker_too(world: World) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(run_worker(world.settings, world.pool, [Sleeper()], fail()), 15)


async def test_a_worker_whose_loop_fails_ends_with_an_error(world: World) -> None:
    """Six broken records at the five that are allowed: the consumer stops, so the process must end and say so."""
    broken = a_record(a_withdrawal(world.station)).without_header("ce_id")
    await world.publish(*[broken] * 60)

    async with started(world, "worker") as process:
        assert process.stdout
        output = (await asyncio.wait_for(process.stdout.read(), 20)).decode()
        assert await process.wait() == 1

    assert "TooManyDeadLetters" in output
    assert '"message": "process ends"' in output
    assert await world.committed() == 0


async def test_a_worker_leaves_cleanly_when_it_is_asked_to(world: World) -> None:
    await world.publish(*(a_record(a_withdrawal(world.station)) for _ in range(10)))
    await world.enqueue(a_withdrawal(world.station))

    async with started(world, "worker") as process, serving(world, process):
        await eventually(lambda: _has_taken(world, 11), 15)
        process.terminate()
        assert process.stdout
        output = (await asyncio.wait_for(process.stdout.read(), 15)).decode()
        assert await process.wait() == 0

    assert "Traceback" not in output
    assert '"level": "error"' not in output
    assert '"level": "critical"' not in output
    assert await world.committed() == 11


async def _has_taken(world: World, effects: int) -> bool:
    return await world.count("effects") == effects and await world.count("outbox") == 0


async def test_readyz_is_503_while_a_loop_does_not_move(world: World) -> None:
    loop = Sleeper()
    transport = httpx.ASGITransport(health_app(world.pool, [loop]))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        assert (await client.get("/readyz")).status_code == 200

        loop.seen_alive_at -= 20

        response = await client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["detail"] == "Sleeper does not move"
        assert (await client.get("/livez")).status_code == 200


async def test_readyz_is_503_while_the_database_is_away(postgres: PostgresServer, world: World) -> None:
    transport = httpx.ASGITransport(health_app(world.pool, []))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        await postgres.child.stop()
        try:
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/livez")).status_code == 200
            assert (await client.get("/metrics")).status_code == 200
        finally:
            await postgres.child.start()
            await postgres.child.wait_ready()

        assert (await client.get("/readyz")).status_code == 200


def number(metrics: str, name: str) -> float:
    (line,) = [line for line in metrics.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


async def test_metrics_show_what_waits_and_what_was_done(world: World) -> None:
    transport = httpx.ASGITransport(health_app(world.pool, []))
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:

        async def read() -> str:
            return (await client.get("/metrics")).text

        before = await read()
        await world.enqueue(*(a_withdrawal(world.station) for _ in range(3)))
        await world.publish(a_record(a_withdrawal(world.station)).without_header("ce_id"))
        waiting = await read()
        async with running(world.relay().run()), running(world.consumer().run()):
            await eventually(lambda: _has_taken(world, 3), 15)
        after = await read()

    assert number(waiting, "tinbao_outbox_rows") == 3
    assert number(waiting, "tinbao_outbox_oldest_seconds") > 0
    assert number(after, "tinbao_outbox_rows") == 0
    assert number(after, "tinbao_outbox_oldest_seconds") == 0
    assert number(after, "tinbao_dead_letters") == 1
    assert number(after, "tinbao_relay_acknowledged_total") == number(before, "tinbao_relay_acknowledged_total") + 3


async def test_scheduled_work_that_finds_no_database_waits_for_its_next_time(world: World) -> None:
    runs: list[int] = []

    async def job() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise Unavailable("away")

    async with running(every(timedelta(milliseconds=10), job)):
        await eventually(lambda: len(runs) > 2)
