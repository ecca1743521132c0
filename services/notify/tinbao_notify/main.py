"""What is wired to what. Nothing is built at import."""

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
from tinbao_web.edge import add_console_edge
from tinbao_web.login import Identity, login_router
from tinbao_web.pages import Pages
from tinbao_web.static import mount_static
from tinbao_web.tokens import TokenReader

from tinbao_notify import store
from tinbao_notify.api import alerts_router, subscriptions_router
from tinbao_notify.cap import Cap
from tinbao_notify.channels.email import EmailChannel
from tinbao_notify.console import console_router
from tinbao_notify.consumers import GROUP, HANDLERS, PATTERN
from tinbao_notify.doors import Doors
from tinbao_notify.letter import Letters
from tinbao_notify.links import Links
from tinbao_notify.newsroom import Newsroom
from tinbao_notify.problems import PROBLEMS
from tinbao_notify.sender import Sender
from tinbao_notify.settings import NotifySettings
from tinbao_notify.web import feeds_router, public_router

SOURCE = "/notify"
CONSOLE = "/console"
REPLAY_PARKED = timedelta(seconds=10)
FORGET_UNCONFIRMED = timedelta(hours=1)


def create_api(settings: NotifySettings, pool: Pool) -> FastAPI:
    """The HTTP application: everybody's pages and feeds, the API, the console and its login."""
    pages, cap = Pages("tinbao_notify"), cap_of(settings)
    doors, newsroom = Doors(pool, links_of(settings)), Newsroom(pool, cap)
    identity = Identity(TokenReader(settings.oidc_issuer, settings.oidc_audience))
    app = FastAPI(title="tinbao notify", version="1", docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    install_problems(app, PROBLEMS)
    app.include_router(alerts_router(newsroom, identity))
    app.include_router(subscriptions_router(doors))
    app.include_router(feeds_router(doors, cap))
    app.include_router(public_router(doors, pages, cap))
    app.include_router(console_router(newsroom, identity, pages))
    app.include_router(login_router(settings, CONSOLE))
    app.include_router(health_router(pool))
    mount_static(app)
    mount_docs(app)
    add_console_edge(app, pages, settings, "tinbao_notify", is_compressed=True)
    return app


def cap_of(settings: NotifySettings) -> Cap:
    return Cap(settings.domain, settings.cap_status, settings.public_url)


def links_of(settings: NotifySettings) -> Links:
    return Links(settings.link_secret.get_secret_value(), settings.public_url, settings.confirm_within)


async def run_api(settings: NotifySettings) -> None:
    async with await open_pool(settings) as pool:
        await serve_until_signal(create_api(settings, pool), settings.http_host, settings.http_port)


def create_sender(settings: NotifySettings, pool: Pool) -> Sender:
    letters = Letters.open(links_of(settings), cap_of(settings))
    return Sender(pool, settings, letters, lambda: EmailChannel(settings))


async def run_worker_process(settings: NotifySettings) -> None:
    async with await open_pool(settings) as pool:

        async def forget() -> None:
            async with transaction(pool) as conn:
                await store.forget_unconfirmed(conn, now() - settings.confirm_within)

        client = kafka.consumer(settings, GROUP)
        proposals = BatchConsumer(client, pool, PATTERN, HANDLERS, settings.dead_letters_at_once)
        await run_worker(
            settings,
            pool,
            [Relay(settings, SOURCE), proposals, create_sender(settings, pool)],
            proposals.watch(settings.stall_timeout.total_seconds()),
            every(REPLAY_PARKED, proposals.replay_parked),
            every(FORGET_UNCONFIRMED, forget),
        )
