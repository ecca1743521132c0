"""A triage deployment of one test's own: real sealing, a database, officers, and what intake would send it."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import (
    CaseClosedV1,
    CaseOpenedV1,
    Event,
    Outcome,
    TipEscalatedV1,
    TipSubmittedV1,
    TipSupplementedV1,
    TipWithdrawnV1,
    ViewReason,
)
from tinbao_contracts.places import PROVINCE
from tinbao_contracts.sealed import Content, Part, ReporterRole, Sealed, Slip, Supplement
from tinbao_runtime import kafka, sealing
from tinbao_runtime.clock import now
from tinbao_runtime.consumer import BatchConsumer
from tinbao_runtime.envelope import KNOWN
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.keys import PrivateKey
from tinbao_runtime.letters import RawRecord
from tinbao_runtime.postgres import Connection, Pool, Record, open_pool, transaction
from tinbao_runtime.sealing import SealedFor
from tinbao_triage.__main__ import MIGRATIONS
from tinbao_triage.case import Case, Standing, Status
from tinbao_triage.consumers import group_of, handlers, pattern_of
from tinbao_triage.desk import Desk
from tinbao_triage.duties import Duties
from tinbao_triage.main import clocks
from tinbao_triage.officer import Officer
from tinbao_triage.propose_alert import Proposal
from tinbao_triage.rights import Role
from tinbao_triage.settings import TriageSettings
from tinbao_triage.vault import Vault
from uuid_utils.compat import uuid7

from tests.support.runtime import a_key, a_record, migrated_template
from tests.support.servers import PostgresServer, free_port

STATION = "08944"
NOBODYS_ISSUER = "http://127.0.0.1:9"
"""The discard port: nothing answers there."""
VERIFYING = ViewReason.VERIFICATION

TABLES = (
    *("timeline", "views", "writings", "supplements", "cases", "station_cases", "stations"),
    *("outbox", "outbox_events", "inbox", "parked", "dead_letters", "idempotency_keys"),
)
"""Those that refer to others come first."""


def an_officer(
    role: str = "investigator",
    subject: str = "ha",
    name: str = "Trần Thị Thu Hà",
    stations: tuple[str, ...] = (STATION,),
) -> Officer:
    return Officer(subject, name, frozenset({Role(role)}), frozenset(stations))


HA = an_officer()
HUNG = an_officer("duty_officer", "hung", "Nguyễn Văn Hùng")
VINH = an_officer("chief", "vinh", "Lê Quang Vinh")
OF_PROVINCE = an_officer("province_officer", "tuan", "Hoàng Anh Tuấn", (PROVINCE,))
AUDITOR = an_officer("auditor", "lan", "Vũ Ngọc Lan", (PROVINCE,))


def a_case(**differences: Any) -> Case:
    """As it is just after its opening."""
    received_at = differences.pop("received_at", datetime(2026, 11, 23, 14, 40, tzinfo=UTC))
    return replace(
        Case(
            tip_id=uuid7(),
            station=STATION,
            number=413,
            standing=Standing.OWNING,
            status=Status.OPEN,
            category="theft_damage",
            urgency=Urgency.NORMAL,
            received_at=received_at,
            deadline_at=received_at + timedelta(days=7),
            legal_at=received_at + timedelta(days=7),
            place="Dãy trọ sau khu công nghiệp",
            neighbourhood="Tổ dân phố 4",
            reporter_role=ReporterRole.LANDLORD,
            is_happening_now=False,
            log_salt=os.urandom(16),
            assignee=None,
            assignee_name=None,
            outcome=None,
            closed_at=None,
            withdrawn_at=None,
            has_news=False,
        ),
        **differences,
    )


def a_content(text: str = "Khóa cửa bị phá, mất một xe máy.", **differences: Any) -> Content:
    return Content(text=text, **{"mailbox_key": os.urandom(32), **differences})


def a_slip(**differences: Any) -> Slip:
    return Slip(**{"place": "Dãy trọ", "neighbourhood": "Tổ dân phố 4", **differences})


def seal_tip(tip_id: UUID, station: str, slip: Slip, content: Content, *keys: PrivateKey) -> Sealed:
    parts = {Part.SLIP: slip.model_dump_json().encode(), Part.CONTENT: content.model_dump_json().encode()}
    return sealing.seal(parts, SealedFor(tip_id, station, version=1), [key.public for key in keys])


def a_submitted_tip(
    key: PrivateKey,
    station: str = STATION,
    content: Content | None = None,
    slip: Slip | None = None,
    **differences: Any,
) -> TipSubmittedV1:
    """As intake seals one to the station's key."""
    tip_id, received_at = differences.pop("tip_id", None) or uuid7(), differences.pop("received_at", None) or now()
    return TipSubmittedV1.model_validate(
        {
            "tip_id": tip_id,
            "station": station,
            "log_salt": os.urandom(16),
            "occurred_at": received_at,
            "category": "theft_damage",
            "urgency": Urgency.NORMAL,
            "received_at": received_at,
            "sealed": seal_tip(tip_id, station, slip or a_slip(), content or a_content(), key),
            **differences,
        }
    )


def an_escalated_tip(key: PrivateKey, holder: str = STATION, content: Content | None = None) -> TipEscalatedV1:
    """A tip of another station, for the province to look at."""
    tip_id = uuid7()
    return TipEscalatedV1(
        tip_id=tip_id,
        station=PROVINCE,
        log_salt=os.urandom(16),
        occurred_at=now(),
        category="robbery",
        urgency=Urgency.IMMEDIATE,
        received_at=now(),
        holder=holder,
        sealed=seal_tip(tip_id, holder, a_slip(), content or a_content(), key),
    )


def a_supplement(
    tip: TipSubmittedV1, key: PrivateKey, text: str = "Xe màu trắng.", version: int = 2
) -> TipSupplementedV1:
    parts = {Part.CONTENT: Supplement(text=text).model_dump_json().encode()}
    return TipSupplementedV1(
        tip_id=tip.tip_id,
        station=tip.station,
        log_salt=tip.log_salt,
        occurred_at=now(),
        message_id=uuid7(),
        sealed=sealing.seal(parts, SealedFor(tip.tip_id, tip.station, version), [key.public]),
    )


def a_withdrawal_of(tip: TipSubmittedV1) -> TipWithdrawnV1:
    return TipWithdrawnV1(tip_id=tip.tip_id, station=tip.station, log_salt=tip.log_salt, occurred_at=now())


def an_opening(received_at: datetime, urgency: Urgency, station: str = STATION) -> CaseOpenedV1:
    """As a station announces it to the province."""
    return CaseOpenedV1(
        tip_id=uuid7(),
        station=station,
        log_salt=os.urandom(16),
        occurred_at=received_at,
        number=1,
        category="theft_damage",
        urgency=urgency,
        received_at=received_at,
    )


def a_closing(tip_id: UUID, station: str, outcome: Outcome) -> CaseClosedV1:
    return CaseClosedV1(
        tip_id=tip_id, station=station, log_salt=os.urandom(16), occurred_at=now(), outcome=outcome, officer="ha"
    )


def altered(tip: TipSubmittedV1, part: Part = Part.SLIP) -> TipSubmittedV1:
    """The same tip with one bit of its sealed part turned."""
    bytes_ = bytearray(tip.sealed.parts[part])
    bytes_[-1] ^= 1
    parts: Mapping[Part, bytes] = {**tip.sealed.parts, part: bytes(bytes_)}
    return tip.model_copy(update={"sealed": tip.sealed.model_copy(update={"parts": parts})})


def a_proposal() -> Proposal:
    """To warn the public, in words that have nothing of any tip."""
    return Proposal(headline="Cảnh báo trộm xe", description="Đề nghị khóa cổng.", area=(STATION,))


def a_request_key(scope: str = "answers") -> IdempotencyKey:
    return IdempotencyKey(os.urandom(18).hex(), scope)


def triage_settings(database_url: str, keys_folder: Path, **changes: Any) -> TriageSettings:
    port = free_port() % 60_000 + 1_024
    defaults = {
        "database_url": database_url,
        "kafka_username": "nobody",
        "kafka_password": "none",
        "http_port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "station": STATION,
        "keys_folder": keys_folder,
        "session_secret": os.urandom(32).hex(),
        "oidc_issuer": NOBODYS_ISSUER,
        "oidc_client_id": "triage",
        "oidc_client_secret": "made-up",
    }
    return TriageSettings.model_validate(defaults | changes)


@dataclass(frozen=True)
class Deployment:
    """One deployment's worker (without a broker) and duties. `key` is what intake seals to."""

    settings: TriageSettings
    pool: Pool
    vault: Vault
    duties: Duties
    key: PrivateKey
    worker: BatchConsumer

    async def take(self, *events: Event | RawRecord) -> None:
        """One batch, as the consumer takes it from the broker; each event under a new id, unless it is a record."""
        await self.worker._store([e if isinstance(e, RawRecord) else as_record(e) for e in events])

    async def open_tip(self, **differences: Any) -> TipSubmittedV1:
        """A case that nobody has taken."""
        tip = a_submitted_tip(self.key, differences.pop("station", self.settings.station), **differences)
        await self.take(tip)
        return tip

    async def classified_tip(self, officer: Officer = HA, **differences: Any) -> TipSubmittedV1:
        """A case that the officer has taken and classified."""
        tip = await self.open_tip(**differences)
        await self.duties.claim(officer, tip.tip_id)
        await self.duties.classify(officer, tip.tip_id, tip.category, tip.urgency)
        return tip

    async def close(
        self, tip: TipSubmittedV1, outcome: Outcome, answer: str | None = None, officer: Officer = HA
    ) -> Case:
        return await self.duties.close(officer, tip.tip_id, outcome, answer, a_request_key("closings"))

    def desk(self, officer: Officer = HA, at: datetime | None = None) -> Desk:
        return Desk.of(officer, self.settings.station, at or now())

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        return transaction(self.pool)

    async def forget(self) -> None:
        """As if nothing had come yet: tests of one file share a deployment, since a database of its own costs more."""
        await self.pool.execute("; ".join(f"DELETE FROM {table}" for table in TABLES))  # noqa: S608 - names of ours

    async def announced(self, *types: type[Event]) -> list[Any]:
        """What waits in the outbox, in order; of these types, or of all."""
        names = [kind.__name__ for kind in types]
        rows = await self.rows("SELECT event_type, value FROM outbox_events ORDER BY seq")
        return [
            KNOWN[r["event_type"]].model_validate_json(r["value"])
            for r in rows
            if not names or r["event_type"] in names
        ]

    async def rows(self, query: str, *args: Any) -> list[Record]:
        return await self.pool.fetch(query, *args)

    async def value(self, query: str, *args: Any) -> Any:
        return await self.pool.fetchval(query, *args)

    async def dead_reasons(self) -> list[str]:
        return [row["reason"] for row in await self.rows("SELECT reason FROM dead_letters ORDER BY died_at")]


def as_record(event: Event, event_id: UUID | None = None, traceparent: str | None = None) -> RawRecord:
    """As it comes from the broker; the offset is any, but its own."""
    record = a_record(event, event_id, traceparent)
    offset = int.from_bytes(os.urandom(6), "big")
    return RawRecord(record.topic, 0, offset, tuple(record.headers), record.key, record.value)


@asynccontextmanager
async def a_deployment(
    postgres: PostgresServer, folder: Path, key_is_there: bool = True, **changes: Any
) -> AsyncIterator[Deployment]:
    """`changes` are settings that differ; `key_is_there` False leaves the station's private key out of the folder."""
    station = changes.get("station", STATION)
    Vault.create(folder)
    key = a_key(station)
    if key_is_there:
        key.write(folder)
    async with postgres.cloned_database(await migrated_template(postgres, MIGRATIONS)) as database:
        settings = triage_settings(postgres.url(database), folder, **changes)
        client = _unconnected(settings)
        try:
            async with await open_pool(settings) as pool:
                yield _deployment(settings, pool, key, client)
        finally:
            await client.stop()


def _deployment(settings: TriageSettings, pool: Pool, key: PrivateKey, client: AIOKafkaConsumer) -> Deployment:
    vault = Vault.open(settings.keys_folder)
    worker = BatchConsumer(client, pool, pattern_of(settings.station), handlers(vault, clocks()))
    return Deployment(settings, pool, vault, Duties(pool, settings, vault, clocks()), key, worker)


def _unconnected(settings: TriageSettings) -> AIOKafkaConsumer:
    """A client that never looks for its broker: batches are given to the worker by hand."""
    return kafka.consumer(settings, group_of(settings.station))
