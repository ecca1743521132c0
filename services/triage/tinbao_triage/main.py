"""What is wired to what. Nothing is built at import."""

from datetime import timedelta

from fastapi import FastAPI
from tinbao_contracts.rules import load_calendar, load_rules
from tinbao_runtime import kafka
from tinbao_runtime.consumer import BatchConsumer
from tinbao_runtime.health import health_router
from tinbao_runtime.postgres import Pool, open_pool
from tinbao_runtime.problems import install_problems
from tinbao_runtime.relay import Relay
from tinbao_runtime.requests import NO_TELEMETRY
from tinbao_runtime.worker import every, run_worker, serve_until_signal
from tinbao_web.docs import mount_docs
from tinbao_web.edge import add_console_edge
from tinbao_web.login import Identity, login_router
from tinbao_web.pages import Pages
from tinbao_web.static import mount_static
from tinbao_web.tokens import TokenReader

from tinbao_triage.api import api_router
from tinbao_triage.clocks import Clocks
from tinbao_triage.console import Console
from tinbao_triage.consumers import group_of, handlers, pattern_of
from tinbao_triage.duties import Duties
from tinbao_triage.problems import PROBLEMS
from tinbao_triage.settings import TriageSettings
from tinbao_triage.vault import Vault
from tinbao_triage.web import web_router

REPLAY_PARKED = timedelta(seconds=5)


def create_api(settings: TriageSettings, pool: Pool) -> FastAPI:
    """The HTTP application of one deployment: API, console and login."""
    pages = Pages("tinbao_triage")
    duties = Duties(pool, settings, Vault.open(settings.keys_folder), clocks())
    identity = Identity(TokenReader(settings.oidc_issuer, settings.oidc_audience))
    app = FastAPI(
        title=f"tinbao triage {settings.station}", version="1", docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY
    )
    install_problems(app, PROBLEMS)
    app.include_router(api_router(duties, identity))
    app.include_router(login_router(settings))
    app.include_router(web_router(duties, identity, Console(duties, pages, settings.station)))
    app.include_router(health_router(pool))
    mount_static(app)
    mount_docs(app)
    add_console_edge(app, pages, settings, f"tinbao_triage_{settings.station}")
    return app


def clocks() -> Clocks:
    return Clocks(load_rules(), load_calendar())


async def run_api(settings: TriageSettings) -> None:
    async with await open_pool(settings) as pool:
        await serve_until_signal(create_api(settings, pool), settings.http_host, settings.http_port)


async def run_worker_process(settings: TriageSettings) -> None:
    vault = Vault.open(settings.keys_folder)
    async with await open_pool(settings) as pool:
        client = kafka.consumer(settings, group_of(settings.station))
        tips = BatchConsumer(
            client, pool, pattern_of(settings.station), handlers(vault, clocks()), settings.dead_letters_at_once
        )
        watching = tips.watch(settings.stall_timeout.total_seconds())
        replaying = every(REPLAY_PARKED, tips.replay_parked)
        relay = Relay(settings, f"/triage/{settings.station}")
        await run_worker(settings, pool, [relay, tips], watching, replaying)
