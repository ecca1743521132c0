"""Logs for tests: written to a folder without servers, or by audit's own consumer and sequencer on real ones."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from tinbao_audit.__main__ import MIGRATIONS
from tinbao_audit.checkpoint import Checkpoint, SigningKey, VerifierKey
from tinbao_audit.commitment import Commitment, public_salt
from tinbao_audit.consumers import handlers
from tinbao_audit.leaf import Leaf
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.sequencer import Sequencer
from tinbao_audit.settings import AuditSettings
from tinbao_audit.signing_key import read_signing_key, write_new_key
from tinbao_audit.tree import GrowingTree
from tinbao_contracts.alerts import AlertContent, AlertText, AlertUrgency, Audience, AudienceKind, Certainty, Severity
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import EVENTS, AlertProposedV1, Event, Outcome, ViewReason
from tinbao_runtime.batch import Batch
from tinbao_runtime.clock import now
from tinbao_runtime.letters import RawRecord
from tinbao_runtime.postgres import Pool, Record, open_pool, transaction
from uuid_utils.compat import uuid7

from tests.support.eventually import eventually
from tests.support.runtime import Outgoing, a_sealed, a_settings_object, migrated_template, running
from tests.support.servers import KafkaServer, PostgresServer
from tests.support.tlog_verifier import check_log, from_folder

ORIGIN = "test.invalid/log"


def a_signing_key() -> SigningKey:
    return SigningKey.generate(ORIGIN)


def a_leaf(salt: bytes | None = None, event_id: UUID | None = None, value_hash: bytes | None = None) -> bytes:
    commitment = Commitment.to(salt or os.urandom(16), event_id or uuid7(), value_hash or os.urandom(32))
    return Leaf("CaseOpenedV1", date(2026, 11, 24), "08944", None, commitment).to_bytes()


def leaves(count: int) -> list[bytes]:
    return [a_leaf() for _ in range(count)]


def write_log(folder: Path, key: SigningKey, *batches: Iterable[bytes]) -> GrowingTree:
    """A log that was signed and published after each batch."""
    tree, log = GrowingTree(), LogFolder(folder)
    for batch in batches:
        full = tree.append(batch)
        log.write({**full, **tree.edge()})
        log.publish(Checkpoint(key.name, tree.size, tree.root).sign(key), tree.size)
        log.tidy(full)
    return tree


def one_of_each(station: str, tip_id: UUID | None = None, log_salt: bytes | None = None) -> list[Event]:
    """An event of every class there is."""
    text = AlertText(headline="Cảnh báo", description="Đề nghị bà con cảnh giác.")
    content = AlertContent(
        category="online_fraud",
        vi=text,
        en=text,
        urgency=AlertUrgency.EXPECTED,
        severity=Severity.MODERATE,
        certainty=Certainty.LIKELY,
        area=("08944",),
        audiences=(Audience(kind=AudienceKind.STATION, code="08944"),),
        expires_at=now() + timedelta(days=1),
    )
    every_field: dict[str, Any] = {
        "tip_id": tip_id or uuid7(),
        "station": station,
        "log_salt": log_salt or os.urandom(16),
        "occurred_at": now(),
        "received_at": now(),
        "permitted_until": now(),
        "expires_at": now(),
        "valid_from": now(),
        "valid_until": now(),
        "category": "theft_damage",
        "urgency": Urgency.NORMAL,
        "severity": Severity.MINOR,
        "sealed": a_sealed(station),
        "holder": station,
        "message_id": uuid7(),
        "proposal_id": uuid7(),
        "alert_id": uuid7(),
        "number": 1,
        "officer": "an-officers-subject",
        "role": "duty_officer",
        "by_station": station,
        "reason": ViewReason.DUTY_ASSIGNMENT,
        "answer": os.urandom(60),
        "outcome": Outcome.GUIDED,
        "name": "Công an thử nghiệm",
        "communes": ("08944",),
        "served_by": station,
        "key_id": "0123456789abcdef",
        "public_key": os.urandom(32),
        "headline": text.headline,
        "description": text.description,
        "area": ("08944",),
        "content": content,
        "digest": content.digest(),
        "identifier": "an-identifier",
        "references": "a,b,c",
    }
    words: dict[type[Event], dict[str, Any]] = {AlertProposedV1: {"urgency": AlertUrgency.EXPECTED}}
    return [kind.model_validate({**every_field, **words.get(kind, {})}) for kind in EVENTS]


def event_id_of(record: Outgoing) -> UUID:
    return UUID((dict(record.headers)["ce_id"] or b"").decode())


@dataclass(frozen=True)
class AuditWorld:
    """A database, a key and a log folder of one test's own."""

    postgres: PostgresServer
    database: str
    settings: AuditSettings
    pool: Pool
    signing_key: SigningKey

    @property
    def folder(self) -> Path:
        return self.settings.log_folder

    @property
    def key(self) -> VerifierKey:
        return self.signing_key.verifier

    async def take(self, *records: Outgoing) -> None:
        """One transaction, as the consumer takes a batch."""
        raw = [RawRecord(r.topic, 0, place, tuple(r.headers), r.key, r.value) for place, r in enumerate(records)]
        async with transaction(self.pool) as conn:
            await Batch(conn, handlers(public_salt(ORIGIN)), dead_letters_at_once=50).apply(raw, one_by_one=False)

    def sequencer(self, folder: Path | None = None) -> Sequencer:
        return Sequencer(self.pool, LogFolder(folder or self.folder), self.signing_key, timedelta(milliseconds=10))

    async def grow(self, folder: Path | None = None) -> list[bytes]:
        """Let a sequencer work until no leaf waits; the entries, as a second verifier reads them."""
        size = await self.pool.fetchval("SELECT count(*) FROM leaves")
        async with running(self.sequencer(folder).run()):
            await eventually(lambda: self.published_size(folder) == size, seconds=20)
        return self.entries(folder)

    def published_size(self, folder: Path | None = None) -> int | None:
        """None before the first checkpoint."""
        note = LogFolder(folder or self.folder).note()
        return int(note.split("\n")[1]) if note else None

    def entries(self, folder: Path | None = None) -> list[bytes]:
        return check_log(from_folder(folder or self.folder), str(self.key))

    def checkpoint(self) -> str:
        return LogFolder(self.folder).note() or ""

    async def rows(self, query: str, *args: Any) -> list[Record]:
        return await self.pool.fetch(query, *args)

    @asynccontextmanager
    async def restored_from(self, backup: str) -> AsyncIterator["AuditWorld"]:
        """The same log over the database as it was when `backup` was made of it."""
        async with self.postgres.cloned_database(backup) as database:
            settings = self.settings.model_copy(update={"database_url": SecretStr(self.postgres.url(database))})
            async with await open_pool(settings) as pool:
                yield replace(self, database=database, settings=settings, pool=pool)

    @asynccontextmanager
    async def backup(self) -> AsyncIterator[str]:
        """A copy of the database as it is now; its name. Nobody may be connected while it is made."""
        execute, name = self.postgres.execute, self.database
        await execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        end = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours
        await execute(end)
        async with self.postgres.cloned_database(name) as copy:
            await execute(f"ALTER DATABASE {copy} ALLOW_CONNECTIONS true")
            await execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            yield copy


@asynccontextmanager
async def an_audit_world(
    postgres: PostgresServer, folder: Path, kafka: KafkaServer | None = None, **changes: Any
) -> AsyncIterator[AuditWorld]:
    """`changes` are settings that differ from the defaults."""
    key_file = folder / "keys" / "log.key"
    write_new_key(key_file, ORIGIN)
    async with postgres.cloned_database(await migrated_template(postgres, MIGRATIONS)) as database:
        service = a_settings_object(postgres.url(database), kafka, **changes)
        settings = AuditSettings.model_validate(
            {**dict(service), "log_folder": folder / "log", "signing_key_file": key_file}
        )
        async with await open_pool(settings) as pool:
            yield AuditWorld(postgres, database, settings, pool, read_signing_key(key_file))
