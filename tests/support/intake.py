"""A small intake: four stations with keys, its real application on a database of one test's own, and no network."""

import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import tinbao_intake
from fastapi import FastAPI
from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.events import CaseEvent, Event, TipEscalatedV1, TipSubmittedV1, TipSupplementedV1
from tinbao_contracts.places import Station, load_communes, load_stations
from tinbao_contracts.sealed import RECOVERY, Content, Part, Slip, Supplement
from tinbao_intake.administration import Administration
from tinbao_intake.directory import Directory, DirectoryStation
from tinbao_intake.draft import TipDraft
from tinbao_intake.main import create_api
from tinbao_intake.receipt import ReceiptCode
from tinbao_intake.sealed_tip import SealedTip, seal_tip
from tinbao_intake.settings import IntakeSettings
from tinbao_runtime import sealing
from tinbao_runtime.batch import Handler
from tinbao_runtime.clock import now
from tinbao_runtime.envelope import KNOWN, Received
from tinbao_runtime.keys import KeyRing, PrivateKey
from tinbao_runtime.postgres import Pool, Record, open_pool, transaction
from uuid_utils.compat import uuid7

from tests.support.runtime import a_key, migrated_template
from tests.support.servers import PostgresServer

MIGRATIONS = Path(tinbao_intake.__file__).parents[1] / "migrations"
SITE = "http://intake.test"

BINH_TUYEN, HOI_THINH, TAM_DUONG, PROVINCE = "08944", "08905", "08869", "25"
"""Two stations with a deployment of their own, one that the province serves, and the province."""

CODES = (PROVINCE, BINH_TUYEN, HOI_THINH, TAM_DUONG)


@cache
def keys() -> Mapping[str, PrivateKey]:
    """One key for each recipient, the same for all tests of a session."""
    return {recipient: a_key(recipient) for recipient in (*CODES, RECOVERY)}


def stations() -> list[Station]:
    return [load_stations()[code] for code in CODES]


def a_directory(*more_keys: PrivateKey, without: str | None = None) -> Directory:
    """The small directory; `without` a key for that recipient."""
    rows = [DirectoryStation(s.code, s.name, s.communes, s.served_by, is_remote=s.remote) for s in stations()]
    held = [key.public for recipient, key in keys().items() if recipient != without]
    return Directory.of(rows, [*held, *(key.public for key in more_keys)])


def a_tip(**fields: Any) -> dict[str, Any]:
    """What a client sends."""
    return {"commune": BINH_TUYEN, "category": "theft_damage", "text": "Mất một xe máy màu xanh.", **fields}


def a_form(**fields: str) -> dict[str, str]:
    """What a browser sends."""
    empty = dict.fromkeys(("place", "neighbourhood", "happened_at", "reporter_role", "contact_name"), "")
    return {**empty, "contact_phone": "", "secrecy": "true", "idempotency_key": new_key(), **a_tip(), **fields}


def new_key() -> str:
    return secrets.token_urlsafe(24)


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or new_key()}


def a_sealed_tip(directory: Directory | None = None, at: datetime | None = None, **fields: Any) -> SealedTip:
    draft = TipDraft.model_validate(a_tip(**fields))
    category, commune = load_catalogue()[draft.category], load_communes()[draft.commune]
    return seal_tip(draft, category, commune, directory or a_directory(), ReceiptCode.generate(), at or now())


def open_slip(event: TipSubmittedV1 | TipEscalatedV1, key: PrivateKey) -> Slip:
    return Slip.model_validate_json(_open(event, Part.SLIP, key))


def open_content(event: TipSubmittedV1 | TipEscalatedV1, key: PrivateKey) -> Content:
    return Content.model_validate_json(_open(event, Part.CONTENT, key))


def open_supplement(event: TipSupplementedV1, key: PrivateKey) -> Supplement:
    return Supplement.model_validate_json(_open(event, Part.CONTENT, key))


def _open(event: TipSubmittedV1 | TipEscalatedV1 | TipSupplementedV1, part: Part, key: PrivateKey) -> bytes:
    data_keys = sealing.open_data_keys(event.sealed, event.tip_id, KeyRing([key]))
    return sealing.open_part(event.sealed, part, event.tip_id, data_keys[part])


def about(kind: type[CaseEvent], tip_id: UUID, station: str = BINH_TUYEN, **fields: Any) -> Received[Any]:
    """What the station's triage announces about the tip."""
    event = kind(tip_id=tip_id, station=station, log_salt=os.urandom(16), occurred_at=now(), **fields)
    return Received(uuid7(), event)


@dataclass(frozen=True)
class Intake:
    """The running application, a client of it, and its database."""

    app: FastAPI
    http: httpx.AsyncClient
    pool: Pool
    settings: IntakeSettings

    @property
    def administration(self) -> Administration:
        return Administration(self.pool)

    async def send(self, key: str | None = None, **fields: Any) -> httpx.Response:
        return await self.http.post("/v1/tips", json=a_tip(**fields), headers=keyed(key))

    async def accepted(self, **fields: Any) -> dict[str, Any]:
        """The receipt of a tip that was taken."""
        response = await self.send(**fields)
        assert response.status_code == httpx.codes.CREATED, response.text
        receipt: dict[str, Any] = response.json()
        return receipt

    async def open_mailbox(self, code: str) -> dict[str, Any]:
        response = await self.http.post("/v1/mailbox/open", json={"receipt_code": code})
        assert response.status_code == httpx.codes.OK, response.text
        mailbox: dict[str, Any] = response.json()
        return mailbox

    async def add(self, code: str, text: str, key: str | None = None) -> httpx.Response:
        body = {"receipt_code": code, "text": text}
        return await self.http.post("/v1/mailbox/messages", json=body, headers=keyed(key))

    async def page(
        self, path: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """As a browser asks for it; a form is posted."""
        asked = {"accept": "text/html", **(headers or {})}
        if form is None:
            return await self.http.get(path, headers=asked)
        return await self.http.post(path, data=form, headers=asked)

    async def tips(self) -> list[Record]:
        return await self.pool.fetch("SELECT * FROM tips ORDER BY received_at")

    async def events(self) -> list[Event]:
        """All that waits to be published about tips, in its order."""
        rows = await self.pool.fetch(
            "SELECT event_type, value FROM outbox_events JOIN outbox USING (stored_on, seq) ORDER BY seq"
        )
        return [KNOWN[row["event_type"]].model_validate_json(row["value"]) for row in rows]

    async def empty(self) -> None:
        """As if nobody had sent anything yet. A database of its own for each test would cost a third of a second."""
        for table in ("mailbox_messages", "tips", "outbox", "outbox_events", "idempotency_keys"):
            await self.pool.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    async def hear(self, handler: Handler, *events: Received[Any]) -> None:
        """What the consumer does with events, without a broker. Raises what the verb raises."""
        async with transaction(self.pool) as conn:
            await handler(conn, events)


def some_settings(database_url: str, **changes: Any) -> IntakeSettings:
    required = {"database_url": database_url, "kafka_username": "intake", "kafka_password": "none", "http_port": 8101}
    return IntakeSettings.model_validate(required | changes)


@asynccontextmanager
async def an_intake(postgres: PostgresServer, port: int | None = None, **changes: Any) -> AsyncIterator[Intake]:
    """`port` is another way to the database; `changes` are settings that differ from the defaults.

    Its stations and keys have been announced already.
    """
    async with postgres.cloned_database(await migrated_template(postgres, MIGRATIONS)) as database:
        url = postgres.url(database).replace(f":{postgres.port}/", f":{port or postgres.port}/")
        settings = some_settings(url, **changes)
        async with await open_pool(settings) as pool:
            await register(Administration(pool))
            app = create_api(settings, pool)
            async with app.router.lifespan_context(app), a_client(app) as http:
                intake = Intake(app, http, pool, settings)
                await intake.empty()
                yield intake


def a_client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=SITE)


async def register(administration: Administration) -> None:
    await administration.register_stations(stations())
    await administration.register_keys([key.public for key in keys().values()])


def expired_key(recipient: str) -> PrivateKey:
    return a_key(recipient, valid_from=now() - timedelta(days=30))


def future_key(recipient: str) -> PrivateKey:
    return a_key(recipient, valid_from=now() + timedelta(days=1))
