"""What is wired to what. Nothing is built at import."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from tinbao_runtime import kafka
from tinbao_runtime.clock import now
from tinbao_runtime.consumer import BatchConsumer
from tinbao_runtime.health import health_router
from tinbao_runtime.postgres import Pool, open_pool, transaction
from tinbao_runtime.problems import install_problems
from tinbao_runtime.relay import Relay
from tinbao_runtime.requests import NO_TELEMETRY
from tinbao_runtime.worker import every, run_worker, serve_until_signal
from tinbao_web.docs import mount_docs
from tinbao_web.edge import add_public_edge
from tinbao_web.pages import Pages
from tinbao_web.static import mount_static

from tinbao_intake import store
from tinbao_intake.api import api_router
from tinbao_intake.consumers import GROUP, HANDLERS, PATTERN
from tinbao_intake.count_unopened import count_unopened
from tinbao_intake.directory_cache import DirectoryCache
from tinbao_intake.doors import Doors
from tinbao_intake.problems import PROBLEMS
from tinbao_intake.republish_unopened import republish_unopened
from tinbao_intake.settings import IntakeSettings
from tinbao_intake.web import web_router

SOURCE = "/intake"
REPLAY_PARKED = timedelta(seconds=10)
COUNT_UNOPENED = timedelta(seconds=10)


def create_api(settings: IntakeSettings, pool: Pool) -> FastAPI:
    """The HTTP application; its lifespan keeps the directory fresh."""
    directory = DirectoryCache(pool, settings.directory_refresh)
    doors = Doors(pool, directory)
    pages = Pages("tinbao_intake")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await directory.refresh()
        refreshing = asyncio.create_task(directory.keep_fresh())
        try:
            yield
        finally:
            refreshing.cancel()

    app = FastAPI(
        title="tinbao intake", version="1", lifespan=lifespan, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY
    )
    install_problems(app, PROBLEMS)
    app.include_router(api_router(doors))
    app.include_router(web_router(doors, pages))
    app.include_router(health_router(pool, directory.check_age))
    mount_static(app)
    mount_docs(app)
    add_public_edge(app, pages)
    return app


async def run_api(settings: IntakeSettings) -> None:
    async with await open_pool(settings) as pool:
        await serve_until_signal(create_api(settings, pool), settings.http_host, settings.http_port)


async def run_worker_process(settings: IntakeSettings) -> None:
    async with await open_pool(settings) as pool:

        async def remind() -> None:
            async with transaction(pool) as conn:
                await republish_unopened(conn, now(), settings.first_reminder)

        async def count() -> None:
            async with transaction(pool) as conn:
                await count_unopened(conn, now())

        client = kafka.consumer(settings, GROUP)
        cases = BatchConsumer(client, pool, PATTERN, HANDLERS, settings.dead_letters_at_once)
        scheduled = (
            cases.watch(settings.stall_timeout.total_seconds()),
            every(REPLAY_PARKED, cases.replay_parked),
            every(settings.first_reminder / 20, remind),
            every(COUNT_UNOPENED, count),
        )
        relay = Relay(settings, SOURCE)
        await run_worker(settings, pool, [relay, cases], *scheduled, needed_since=store.oldest_unopened)
