"""What is wired to what. Nothing is built at import."""

from datetime import timedelta

from fastapi import FastAPI
from tinbao_runtime import kafka
from tinbao_runtime.consumer import BatchConsumer
from tinbao_runtime.health import health_router
from tinbao_runtime.postgres import Pool, open_pool
from tinbao_runtime.problems import install_problems
from tinbao_runtime.requests import NO_TELEMETRY
from tinbao_runtime.worker import every, run_worker, serve_until_signal
from tinbao_web.docs import mount_docs
from tinbao_web.edge import add_public_edge
from tinbao_web.pages import Pages
from tinbao_web.static import mount_static

from tinbao_audit.api import api_router
from tinbao_audit.commitment import public_salt
from tinbao_audit.consumers import GROUP, PATTERN, handlers
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.problems import PROBLEMS
from tinbao_audit.reading import Reading
from tinbao_audit.sequencer import Sequencer
from tinbao_audit.settings import AuditSettings
from tinbao_audit.signing_key import read_signing_key, read_verifier_key
from tinbao_audit.tlog import tlog_router
from tinbao_audit.web import web_router

REPLAY_PARKED = timedelta(seconds=10)


def create_api(settings: AuditSettings, pool: Pool) -> FastAPI:
    """The HTTP application: it writes nothing and never opens the private key."""
    reading = Reading(pool, LogFolder(settings.log_folder), read_verifier_key(settings.signing_key_file))
    pages = Pages("tinbao_audit")
    app = FastAPI(title="tinbao audit", version="1", docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    install_problems(app, PROBLEMS)
    app.include_router(tlog_router(reading))
    app.include_router(api_router(reading))
    app.include_router(web_router(reading, pages))
    app.include_router(health_router(pool))
    mount_static(app)
    mount_docs(app)
    add_public_edge(app, pages)
    return app


async def run_api(settings: AuditSettings) -> None:
    async with await open_pool(settings) as pool:
        await serve_until_signal(create_api(settings, pool), settings.http_host, settings.http_port)


async def run_worker_process(settings: AuditSettings) -> None:
    key = read_signing_key(settings.signing_key_file)
    async with await open_pool(settings) as pool:
        client = kafka.consumer(settings, GROUP)
        events = BatchConsumer(client, pool, PATTERN, handlers(public_salt(key.name)), settings.dead_letters_at_once)
        sequencer = Sequencer(pool, LogFolder(settings.log_folder), key, settings.sequence_poll)
        watching = events.watch(settings.stall_timeout.total_seconds())
        replaying = every(REPLAY_PARKED, events.replay_parked)
        await run_worker(settings, pool, [events, sequencer], watching, replaying)
