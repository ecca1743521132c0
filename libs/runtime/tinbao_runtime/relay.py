"""Publishes the outbox: one leader a service, exactly the acknowledged rows leave.

The leader holds a session advisory lock on its own connection. `idle_session_timeout` ends that session when the
process is frozen, so another leader takes over. What the thawed one still sends does no harm: each relay sends a
topic's rows in order and without a gap, so in the log every event's first copy keeps its place, and inboxes drop the
second.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    InvalidProducerEpoch,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from tinbao_runtime import faults, kafka
from tinbao_runtime.envelope import Envelope, to_headers
from tinbao_runtime.metrics import RELAYED
from tinbao_runtime.postgres import TRANSIENT, Record
from tinbao_runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)

LEADER_LOCK = 0x7107BA0
BATCH = 1000
SET_ASIDE_SECONDS = 3.0
METADATA_SECONDS = 2.0
TRY_AGAIN_SECONDS = 0.5

LOST_SEQUENCE = (InvalidProducerEpoch, OutOfOrderSequenceNumber, ProducerFenced)
"""This producer can never send to that partition again: the process ends and a new one begins."""

# The oldest events that wait, neither of these topics nor among these. Locks nothing: only the leader removes.
NEXT = """
    SELECT seq, stored_on FROM outbox
    WHERE topic <> ALL ($1::text[]) AND seq <> ALL ($2::bigint[]) ORDER BY seq LIMIT $3
"""

# These events, in their order.
READ = """
    SELECT seq, event_id, event_type, topic, key, value, occurred_at, traceparent FROM outbox_events
    WHERE stored_on = ANY ($1::date[]) AND seq = ANY ($2::bigint[]) ORDER BY seq
"""

# Exactly these wait no more: an event committed late with a lower seq stays for the next round.
REMOVE = "DELETE FROM outbox WHERE seq = ANY ($1::bigint[])"


class Relay:
    """`run` never returns. A database or broker that is away is waited for; a topic that fails waits by itself.

    Each topic is sent by its own task, so that none waits for another. The producer outlives the lead: it never gives
    a record up, so a topic in trouble stays with its task until the broker answers.
    """

    def __init__(self, settings: ServiceSettings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._aside: dict[str, float] = {}
        self._acknowledged: list[int] = []
        self.seen_alive_at = 0.0
        """Monotonic seconds of the last round, as leader or waiting to be one."""

    async def run(self) -> None:
        producer = kafka.producer(self._settings)
        try:
            await kafka.start(producer, self._is_alive)
            while True:
                self._is_alive()
                try:
                    await self._lead(producer)
                except TRANSIENT as error:
                    log.warning("relay waits for the database", reason=type(error).__name__)
                await asyncio.sleep(TRY_AGAIN_SECONDS)
        finally:
            for task in self._sending.values():
                task.cancel()
            await kafka.stop(producer)

    async def _lead(self, producer: AIOKafkaProducer) -> None:
        """Wait for the lead, and keep it until the database breaks."""
        async with self._session() as conn:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                self._is_alive()
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            log.info("relay leads")
            while True:
                self._is_alive()
                await self._publish_next(conn, producer)

    async def _publish_next(self, conn: "asyncpg.Connection[Record]", producer: AIOKafkaProducer) -> None:
        self._forget_finished()
        began = time.monotonic()
        self._send(producer, await self._read_next(conn))
        looked = time.monotonic() - began
        await self._remove_acknowledged(conn)
        # A long look past topics in trouble is not repeated at once.
        await self._wait(max(self._settings.outbox_poll.total_seconds(), looked))

    def _forget_finished(self) -> None:
        """What they sent is acknowledged, so their next rows may be read. Raises what ends the process."""
        for topic, task in list(self._sending.items()):
            if task.done():
                del self._sending[topic]
                task.result()

    async def _read_next(self, conn: "asyncpg.Connection[Record]") -> list[Record]:
        waiting = await conn.fetch(NEXT, [*self._sending, *self._topics_aside()], self._acknowledged, BATCH)
        if not waiting:
            return []
        return await conn.fetch(READ, list({row["stored_on"] for row in waiting}), [row["seq"] for row in waiting])

    async def _remove_acknowledged(self, conn: "asyncpg.Connection[Record]") -> None:
        """While the next ones are on their way. If the session breaks here, they are removed in the next session."""
        if removing := self._acknowledged[:]:
            faults.reach("relay.acknowledged", len(removing))
            await conn.execute(REMOVE, removing)
            del self._acknowledged[: len(removing)]

    def _send(self, producer: AIOKafkaProducer, rows: Sequence[Record]) -> None:
        for topic, of_topic in _group(rows, [row["topic"] for row in rows]):
            self._sending[topic] = asyncio.create_task(self._publish(producer, topic, of_topic))

    async def _wait(self, poll: float) -> None:
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=poll, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(poll)

    async def _publish(self, producer: AIOKafkaProducer, topic: str, rows: Sequence[Record]) -> None:
        """A topic that is missing or refused is set aside; its rows stay."""
        try:
            async with asyncio.timeout(METADATA_SECONDS):
                partitions = sorted(await producer.partitions_for(topic))
            places = [PARTITIONER(row["key"].encode(), partitions, partitions) for row in rows]
            for partition, of_partition in _group(rows, places):
                await self._publish_in_order(producer, topic, partition, of_partition)
        except LOST_SEQUENCE:
            raise
        except (BrokerResponseError, TimeoutError) as error:
            self._aside[topic] = time.monotonic() + SET_ASIDE_SECONDS
            log.warning("relay sets a topic aside", topic=topic, reason=type(error).__name__)

    async def _publish_in_order(
        self, producer: AIOKafkaProducer, topic: str, partition: int, rows: Iterable[Record]
    ) -> None:
        """One batch after the other: a batch that fails is a gap that the next one would close over."""
        waiting = deque(rows)
        while waiting:
            batch = producer.create_batch()
            seqs = self._fill(batch, waiting)
            await (await producer.send_batch(batch, topic, partition=partition))
            self._acknowledged += seqs
            RELAYED.inc(len(seqs))

    def _fill(self, batch: BatchBuilder, waiting: "deque[Record]") -> list[int]:
        seqs = []
        while waiting:
            row = waiting[0]
            envelope = Envelope(row["event_id"], row["event_type"], row["occurred_at"], row["traceparent"])
            headers = to_headers(envelope, self._source, row["key"])
            if batch.append(timestamp=None, key=row["key"].encode(), value=row["value"], headers=headers) is None:
                break
            seqs.append(row["seq"])
            waiting.popleft()
        return seqs

    def _topics_aside(self) -> list[str]:
        self._aside = {topic: until for topic, until in self._aside.items() if until > time.monotonic()}
        return list(self._aside)

    def _is_alive(self) -> None:
        self.seen_alive_at = time.monotonic()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["asyncpg.Connection[Record]"]:
        conn = await asyncpg.connect(
            self._settings.database_url.get_secret_value(),
            timeout=5,
            command_timeout=10,
            server_settings={"idle_session_timeout": "3s", "timezone": "UTC"},
        )
        try:
            yield conn
        finally:
            conn.terminate()


PARTITIONER = DefaultPartitioner()


def _group(rows: Iterable[Record], keys: Iterable[Any]) -> Iterable[tuple[Any, list[Record]]]:
    groups: dict[Any, list[Record]] = defaultdict(list)
    for row, key in zip(rows, keys, strict=True):
        groups[key].append(row)
    return groups.items()
