"""A world for tests of the runtime: a database and a station of one test's own, events, records, running loops."""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from pydantic import SecretStr
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Event, TipSubmittedV1, TipWithdrawnV1
from tinbao_contracts.sealed import Grant, Part, Sealed
from tinbao_runtime import kafka as clients
from tinbao_runtime import outbox
from tinbao_runtime.batch import Handlers, each
from tinbao_runtime.clock import now
from tinbao_runtime.consumer import BatchConsumer
from tinbao_runtime.envelope import Envelope, Received, to_headers
from tinbao_runtime.keys import PrivateKey
from tinbao_runtime.migrations import migrate
from tinbao_runtime.postgres import Connection, Pool, Record, open_pool, transaction
from tinbao_runtime.relay import Relay
from tinbao_runtime.settings import ServiceSettings
from uuid_utils.compat import uuid7

from tests.support.servers import KafkaServer, PostgresServer, free_port

ROOT = Path(__file__).parents[2]
SOURCE = "/test"

_templates: dict[tuple[int, Path | None], str] = {}


async def migrated_template(postgres: PostgresServer, migrations: Path | None = None) -> str:
    """A database with the runtime's migrations and those of a service, made once a session: clone it for each test."""
    place = postgres.port, migrations
    if place not in _templates:
        name = f"template_{secrets.token_hex(4)}"
        await postgres.execute(f"CREATE DATABASE {name}")
        with tempfile.TemporaryDirectory() as empty:
            await asyncio.to_thread(migrate, postgres.url(name), migrations or Path(empty))
        _templates[place] = name
    return _templates[place]


def a_settings_object(database_url: str, kafka: KafkaServer | None = None, **changes: Any) -> ServiceSettings:
    """Settings as a service has them; without `kafka` for what never talks to a broker."""
    broker = {"kafka_servers": kafka.servers, "kafka_password": kafka.password} if kafka else {"kafka_password": "none"}
    defaults = {"database_url": database_url, "kafka_username": "admin", "http_port": free_port() % 60_000 + 1_024}
    return ServiceSettings.model_validate(defaults | broker | changes)


def environment(settings: ServiceSettings) -> dict[str, str]:
    """The same settings for another process."""
    texts = {}
    for name, value in settings:
        if isinstance(value, timedelta):
            texts[name] = f"PT{value.total_seconds()}S"
        elif value is not None:
            texts[name] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return {**os.environ, **{f"TINBAO_{name.upper()}": text for name, text in texts.items()}}


@dataclass(frozen=True)
class Outgoing:
    """A record as anybody with a credential could write it. `headers` may be anything."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]

    def with_header(self, name: str, value: bytes | None) -> "Outgoing":
        return replace(self, headers=[*((n, v) for n, v in self.headers if n != name), (name, value)])

    def without_header(self, name: str) -> "Outgoing":
        return replace(self, headers=[(n, v) for n, v in self.headers if n != name])


def a_record(event: Event, event_id: UUID | None = None, traceparent: str | None = None) -> Outgoing:
    """The record that the relay would write for this event."""
    envelope = Envelope(event_id or uuid7(), type(event).__name__, now(), traceparent)
    headers = to_headers(envelope, SOURCE, event.key())
    return Outgoing(event.topic(), event.key().encode(), event.model_dump_json().encode(), headers)


def a_sealed(station: str = "08944", size: int = 255) -> Sealed:
    """Looks like sealed content; nobody can open it."""
    grant = Grant(recipient=station, key_id="0123456789abcdef", sealed=os.urandom(64))
    return Sealed(station=station, version=1, parts={part: os.urandom(size) for part in Part}, grants=(grant,))


def a_tip_event(station: str = "08944", tip_id: UUID | None = None, size: int = 255) -> TipSubmittedV1:
    """`size` in bytes of each of its two sealed parts."""
    return TipSubmittedV1(
        tip_id=tip_id or uuid7(),
        station=station,
        log_salt=os.urandom(16),
        occurred_at=now(),
        category="theft_damage",
        urgency=Urgency.NORMAL,
        received_at=now(),
        sealed=a_sealed(station, size),
    )


def a_withdrawal(station: str = "08944", tip_id: UUID | None = None) -> TipWithdrawnV1:
    """The smallest event."""
    return TipWithdrawnV1(tip_id=tip_id or uuid7(), station=station, log_salt=os.urandom(16), occurred_at=now())


def a_key(recipient: str = "08944", valid_from: datetime | None = None) -> PrivateKey:
    begin = valid_from or now() - timedelta(hours=1)
    return PrivateKey.generate(recipient, begin, begin + timedelta(days=7))


async def record_effect(conn: Connection, received: Received[Any]) -> None:
    """A verb whose effect a test can count: twice applied is two rows."""
    await conn.execute(
        "INSERT INTO effects (event_id, event_type, tip_id) VALUES ($1, $2, $3)",
        received.id,
        type(received.event).__name__,
        received.event.tip_id,
    )


RECORDING: Handlers = {TipSubmittedV1: each(record_effect), TipWithdrawnV1: each(record_effect)}


@dataclass(frozen=True)
class World:
    """One test's station (its code is unique, so are its topics) and its service's database."""

    settings: ServiceSettings
    pool: Pool
    kafka: KafkaServer
    station: str = field(default_factory=lambda: secrets.token_hex(4))
    opened: list[AIOKafkaConsumer] = field(default_factory=list)
    writers: list[AIOKafkaProducer] = field(default_factory=list)
    observers: list[AIOKafkaConsumer] = field(default_factory=list)

    @property
    def topic(self) -> str:
        return f"tips.{self.station}"

    def make_topic(self, station: str | None = None) -> str:
        return self.kafka.new_topic(f"tips.{station or self.station}")

    async def enqueue(self, *events: Event) -> None:
        async with transaction(self.pool) as conn:
            await outbox.enqueue(conn, *events)

    async def publish(self, *records: Outgoing) -> None:
        producer = await self._writer()
        sent = [await producer.send(r.topic, r.value, r.key, headers=r.headers) for r in records]
        await asyncio.gather(*sent)

    async def published(self, topic: str | None = None) -> "list[ConsumerRecord[bytes, bytes]]":
        """All records of a topic until now."""
        async with AIOKafkaConsumer(
            topic or self.topic, auto_offset_reset="earliest", **self.kafka.aiokafka_config()
        ) as client:
            records: list[ConsumerRecord[bytes, bytes]] = []
            for partition, end in (await client.end_offsets(client.assignment())).items():
                while await client.position(partition) < end:
                    records += (await client.getmany(partition, timeout_ms=500)).get(partition, [])
            return records

    def relay(self) -> Relay:
        return Relay(self.settings, SOURCE)

    def consumer(
        self, handlers: Handlers = RECORDING, pattern: str | None = None, dead_letters_at_once: int = 50
    ) -> BatchConsumer:
        """All consumers of one world are one group."""
        client = self.client()
        return BatchConsumer(client, self.pool, pattern or f"^tips[.]{self.station}", handlers, dead_letters_at_once)

    def client(self) -> AIOKafkaConsumer:
        """Stopped with the world, if not before."""
        client = clients.consumer(self.settings, f"group-{self.station}")
        self.opened.append(client)
        return client

    async def committed(self, topic: str | None = None) -> int:
        """The offset that the group has committed; 0 if it has none."""
        observer = await self._observer()
        return await observer.committed(TopicPartition(topic or self.topic, 0)) or 0

    async def close(self) -> None:
        for client in (*self.opened, *self.writers):
            await client.stop()

    async def _writer(self) -> AIOKafkaProducer:
        """One for all tests' records: each login costs the broker 4096 rounds of SHA-256."""
        if not self.writers:
            self.writers.append(AIOKafkaProducer(acks="all", linger_ms=5, **self.kafka.aiokafka_config()))
            await self.writers[0].start()
        return self.writers[0]

    async def _observer(self) -> AIOKafkaConsumer:
        """Asks for the group's offsets and never joins it."""
        if not self.observers:
            self.observers.append(self.client())
            await self.observers[0].start()
        return self.observers[0]

    async def rows(self, query: str, *args: Any) -> list[Record]:
        return await self.pool.fetch(query, *args)

    async def count(self, table: str) -> int:
        """Rows of a table of this database, as a whole."""
        counted: int = await self.pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a test's own words
        return counted

    async def dead_reasons(self) -> list[str]:
        return [r["reason"] for r in await self.rows('SELECT reason FROM dead_letters ORDER BY topic, "offset"')]


@asynccontextmanager
async def a_world(postgres: PostgresServer, kafka: KafkaServer, **changes: Any) -> AsyncIterator[World]:
    """`changes` are settings that differ from the defaults."""
    async with postgres.cloned_database(await migrated_template(postgres)) as database:
        settings = a_settings_object(postgres.url(database), kafka, **changes)
        async with await open_pool(settings) as pool:
            await pool.execute("CREATE TABLE effects (place serial, event_id uuid, event_type text, tip_id uuid)")
            world = World(settings, pool, kafka)
            try:
                yield world
            finally:
                await world.close()


@asynccontextmanager
async def running(coroutine: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """A loop at work while the block runs. If it fails meanwhile, that is the test's failure."""
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def started(
    world: World, what: str, *arguments: str, **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of `tests.support.runtime_process` with this world's settings; killed when the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.runtime_process", what, world.station, *arguments),
        cwd=ROOT,
        env={**environment(world.settings), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
