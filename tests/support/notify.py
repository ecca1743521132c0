"""A notify of one test's own: its database, its mail server, who works there and who subscribed."""

import asyncio
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from tinbao_contracts.alerts import AlertText, AlertUrgency, Certainty, Severity
from tinbao_contracts.events import AlertProposedV1
from tinbao_contracts.places import PROVINCE
from tinbao_notify import store
from tinbao_notify.__main__ import MIGRATIONS
from tinbao_notify.draft_changes import DraftChanges, DraftIn
from tinbao_notify.main import cap_of, create_api, create_sender, links_of
from tinbao_notify.newsroom import Newsroom
from tinbao_notify.officer import Officer
from tinbao_notify.responses import digest_of
from tinbao_notify.settings import NotifySettings
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.postgres import Pool, Record, open_pool, transaction
from uuid_utils.compat import uuid7

from tests.support.mail import MailServer
from tests.support.runtime import ROOT, environment, migrated_template
from tests.support.servers import KafkaServer, PostgresServer, free_port
from tests.support.triage_http import KeyProvider

STATION, OTHER = "08944", "08905"
BINH_TUYEN, HOI_THINH = "Xã Bình Tuyền", "Xã Hội Thịnh"


def an_officer(subject: str = "mai", stations: tuple[str, ...] = (STATION,), role: str = "broadcaster") -> Officer:
    return Officer.of(subject, subject.title(), [role], stations)


MAI = an_officer()
LONG = an_officer("long", (PROVINCE,))
OF_HOI_THINH = an_officer("oanh", (OTHER,))
AUDITOR = an_officer("lan", (PROVINCE,), "auditor")


def a_draft(**differences: Any) -> DraftIn:
    said = {
        "category": "online_fraud",
        "vi": AlertText(headline="Giả danh công an gọi điện", description="Không chuyển tiền.\nGọi 113."),
        "en": AlertText(headline="Callers pose as police", description="Do not transfer money.\nCall 113."),
        "urgency": AlertUrgency.EXPECTED,
        "severity": Severity.MODERATE,
        "certainty": Certainty.OBSERVED,
        "area": (STATION,),
        "expires_at": now() + timedelta(days=3),
    }
    return DraftIn.model_validate({**said, **differences})


def a_proposal(station: str = STATION, **differences: Any) -> AlertProposedV1:
    said = {
        "proposal_id": uuid7(),
        "station": station,
        "category": "online_fraud",
        "headline": "Giả danh công an gọi điện",
        "description": "Đối tượng yêu cầu cài ứng dụng giả. Không làm theo.",
        "area": (station,),
        "urgency": AlertUrgency.EXPECTED,
        "severity": Severity.MODERATE,
        "officer": "ha",
        "occurred_at": now(),
    }
    return AlertProposedV1.model_validate({**said, **differences})


def a_key() -> IdempotencyKey:
    return IdempotencyKey(secrets.token_urlsafe(24), "test")


@dataclass(frozen=True)
class Notify:
    """A deployment: `newsroom` acts as its API does, `http` asks as everybody does."""

    settings: NotifySettings
    pool: Pool
    newsroom: Newsroom
    http: httpx.AsyncClient
    provider: KeyProvider | None = None

    async def subscribe(
        self, address: str, stations: Iterable[str] = (), topics: Iterable[str] = (), language: str = "vi", **more: Any
    ) -> UUID:
        """A subscription that is confirmed already."""
        subscription_id = uuid7()
        await self.pool.execute(
            """
            INSERT INTO subscriptions (subscription_id, channel, address, language, stations, neighbourhoods, sectors,
                                       topics, asked_at, confirmed_at)
            VALUES ($1, 'email', $2, $3, $4, $5, $6, $7, now(), now())
            """,
            *(subscription_id, address, language, list(stations)),
            *(more.get("neighbourhoods", []), more.get("sectors", []), list(topics)),
        )
        return subscription_id

    async def subscribe_many(self, count: int) -> list[str]:
        addresses = [f"nguoi-{number}@example.org" for number in range(count)]
        for address in addresses:
            await self.subscribe(address)
        return addresses

    async def submitted(self, author: Officer = MAI, **differences: Any) -> UUID:
        alert_id = await self.newsroom.draft(author, author.home or STATION, a_draft(**differences), a_key())
        await self.newsroom.submit(author, alert_id)
        return alert_id

    async def digest(self, alert_id: UUID) -> bytes:
        """What an approver is shown now."""
        return bytes.fromhex(digest_of(await self.newsroom.read(LONG, alert_id)) or "")

    async def issued(self, author: Officer = MAI, approver: Officer = LONG, **differences: Any) -> UUID:
        alert_id = await self.submitted(author, **differences)
        await self.newsroom.approve(approver, alert_id, await self.digest(alert_id))
        return alert_id

    async def submitted_update(self, alert_id: UUID, author: Officer = MAI, **changes: Any) -> UUID:
        update_id = await self.newsroom.update(author, alert_id)
        await self.newsroom.edit(author, update_id, DraftChanges.model_validate(changes))
        await self.newsroom.submit(author, update_id)
        return update_id

    async def issued_update(
        self, alert_id: UUID, author: Officer = MAI, approver: Officer = LONG, **changes: Any
    ) -> UUID:
        update_id = await self.submitted_update(alert_id, author, **changes)
        await self.newsroom.approve(approver, update_id, await self.digest(update_id))
        return update_id

    async def letters(self, status: str) -> int:
        counted: int = await self.pool.fetchval("SELECT count(*) FROM deliveries WHERE status = $1", status)
        return counted

    async def rows(self, query: str, *args: Any) -> list[Record]:
        return await self.pool.fetch(query, *args)

    async def forget(self) -> None:
        """What the worker does every hour."""
        async with transaction(self.pool) as conn:
            await store.forget_unconfirmed(conn, now() - self.settings.confirm_within)

    def unsubscribe_path(self, subscription_id: UUID) -> str:
        return links_of(self.settings).unsubscribe(subscription_id).removeprefix(self.settings.public_url)

    def sending(self) -> Coroutine[Any, Any, None]:
        """The loop that sends, not begun."""
        return create_sender(self.settings, self.pool).run()

    def token(self, officer: Officer) -> dict[str, str]:
        """The headers of an app that acts for an officer."""
        if self.provider is None:
            raise ValueError("this deployment has no provider")
        roles, stations = [role.value for role in officer.roles], sorted(officer.stations)
        said = self.provider.token(sub=officer.subject, name=officer.name, roles=roles, stations=stations)
        return {"Authorization": f"Bearer {said}"}


@asynccontextmanager
async def a_notify(
    postgres: PostgresServer,
    mail: MailServer | None = None,
    kafka: KafkaServer | None = None,
    provider: KeyProvider | None = None,
    **changes: Any,
) -> AsyncIterator[Notify]:
    """`changes` are settings that differ. The two stations that a test needs are known to it."""
    async with postgres.cloned_database(await migrated_template(postgres, MIGRATIONS)) as database:
        port = free_port() % 60_000 + 1_024
        said = {
            "database_url": postgres.url(database),
            "kafka_username": "admin",
            "kafka_servers": kafka.servers if kafka else "127.0.0.1:9",
            "kafka_password": kafka.password if kafka else "none",
            "http_port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "session_secret": secrets.token_urlsafe(32),
            "link_secret": secrets.token_urlsafe(32),
            "oidc_issuer": provider.issuer if provider else "http://127.0.0.1:9",
            "oidc_client_id": "notify",
            "oidc_client_secret": "secret",
            "smtp_port": mail.port if mail else 9,
            "smtp_tls": "none",
            "first_retry": timedelta(milliseconds=100),
            "lease": timedelta(seconds=2),
        }
        settings = NotifySettings.model_validate({**said, **changes})
        async with await open_pool(settings) as pool:
            async with transaction(pool) as conn:
                await store.save_station(conn, STATION, "Công an xã Bình Tuyền", [STATION])
                await store.save_station(conn, OTHER, "Công an xã Hội Thịnh", [OTHER])
                await store.save_station(conn, PROVINCE, "Công an tỉnh Phú Thọ", [])
            app = create_api(settings, pool)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=settings.public_url) as http:
                yield Notify(settings, pool, Newsroom(pool, cap_of(settings)), http, provider)


@asynccontextmanager
async def a_worker_process(notify: Notify, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The real worker, killed when the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tinbao_notify", "worker"),
        cwd=ROOT,
        env={**os.environ, **environment(notify.settings), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def links_in(text: str) -> list[str]:
    return re.findall(r"http://\S+", text)
