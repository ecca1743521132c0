"""Runs a worker's loops together with its health port. One loop that ends or fails ends the process (crash-only)."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

import structlog
import uvicorn
from fastapi import FastAPI

from tinbao_runtime.clock import now
from tinbao_runtime.health import NotReady, health_router
from tinbao_runtime.housekeeping import Needed, keep_house, nothing_needed
from tinbao_runtime.postgres import Pool, Unavailable, transaction
from tinbao_runtime.problems import install_problems
from tinbao_runtime.requests import NO_TELEMETRY
from tinbao_runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)

ALIVE_SECONDS = 15.0


class LoopEnded(Exception):
    """A loop returned, which none may: its work would be left undone without a word."""


class Loop(Protocol):
    """The relay and each consumer."""

    seen_alive_at: float

    async def run(self) -> None: ...


def health_app(pool: Pool, loops: Sequence[Loop]) -> FastAPI:
    async def loops_live() -> None:
        for loop in loops:
            if time.monotonic() - loop.seen_alive_at > ALIVE_SECONDS:
                raise NotReady(f"{type(loop).__name__} does not move")

    app = FastAPI(openapi_url=None, telemetry=NO_TELEMETRY)
    install_problems(app, {})
    app.include_router(health_router(pool, loops_live))
    return app


async def run_worker(
    settings: ServiceSettings,
    pool: Pool,
    loops: Sequence[Loop],
    *others: Coroutine[Any, Any, None],
    needed_since: Needed = nothing_needed,
) -> None:
    """Until TERM or INT. Raises the first failure of any loop, as an exception group."""

    async def keep() -> None:
        async with transaction(pool) as conn:
            await keep_house(conn, settings, now(), needed_since)

    try:
        await keep()
        async with asyncio.TaskGroup() as group:
            endless = [*(loop.run() for loop in loops), *others, every(timedelta(hours=1), keep)]
            running = [group.create_task(_never_end(coroutine)) for coroutine in endless]
            await serve_until_signal(health_app(pool, loops), settings.http_host, settings.health_port)
            for task in running:
                task.cancel()
    finally:
        for other in others:
            other.close()  # where it was never begun


async def _never_end(coroutine: Coroutine[Any, Any, None]) -> None:
    await coroutine
    raise LoopEnded(getattr(coroutine, "__qualname__", "a loop"))


async def every(interval: timedelta, job: Callable[[], Awaitable[object]]) -> None:
    """Run `job` for ever, `interval` between two runs; a database that is away delays it to the next."""
    while True:
        await asyncio.sleep(interval.total_seconds())
        try:
            await job()
        except Unavailable as error:
            log.warning("scheduled work waits", reason=str(error))


class _Server(uvicorn.Server):
    """uvicorn raises the signal again once it has stopped, which would end the process before its loops have left."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve_until_signal(app: FastAPI, host: str, port: int) -> None:
    """Serve `app` until TERM or INT. No access log: it would hold addresses. Only the loop's own thread."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,  # a stream of events that a browser keeps open would hold it up for ever
    )
    server = _Server(config)

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    finally:  # a cancelled uvicorn would leave its socket open, and go on answering
        stop()
        await serving
