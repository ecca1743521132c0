"""Publishes the outbox: one leader a service, exactly the acknowledged rows leave.

The leader holds a session advisory lock on its own connection. `idle_session_timeout` ends that session when the
process is frozen, so another leader takes over; the thawed one finds its connection gone and moves nothing.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tinbao_runtime import faults, kafka
from tinbao_runtime.envelope import Envelope, to_headers
from tinbao_runtime.postgres import TRANSIENT, Record
from tinbao_runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)

LEADER_LOCK = 0x7107BA0
BATCH = 1000
SET_ASIDE_SECONDS = 2.0
SEND_SECONDS = 15.0

# The oldest rows that are not of a topic set aside. Locks nothing: only the leader reads and moves.
NEXT = """
    SELECT seq, event_id, event_type, topic, key, value, occurred_at, traceparent
    FROM outbox WHERE topic <> ALL ($1::text[]) ORDER BY seq LIMIT $2
"""

# Moves exactly these rows: a row committed late with a lower seq stays for the next round.
MOVE = """
    WITH acknowledged AS (
        DELETE FROM outbox WHERE seq = ANY ($1::bigint[])
        RETURNING seq, event_id, event_type, topic, key, value, occurred_at, traceparent
    )
    INSERT INTO outbox_sent (seq, event_id, event_type, topic, key, value, occurred_at, traceparent)
    SELECT seq, event_id, event_type, topic, key, value, occurred_at, traceparent FROM acknowledged
"""


class Relay:
    """`run` never returns. A database or broker that is away is waited for; anything else ends the process."""

    def __init__(self, settings: ServiceSettings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._aside: dict[str, float] = {}
        self.seen_alive_at = 0.0
        """Monotonic seconds of the last round, as leader or waiting to be one."""

    async def run(self) -> None:
        while True:
            with suppress(*TRANSIENT):
                await self._lead_once()
            self.seen_alive_at = time.monotonic()
            await asyncio.sleep(0.5)

    async def _lead_once(self) -> None:
        """Take the lead if it is free and keep it until the database or the broker breaks."""
        async with self._session() as conn:
            if not await conn.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                return
            log.info("relay leads")
            while True:
                async with self._producer(conn) as producer:
                    await self._publish_until_failure(conn, producer)

    async def _publish_until_failure(self, conn: asyncpg.Connection[Record], producer: AIOKafkaProducer) -> None:
        """A failed acknowledgement leaves a gap in the producer's sequence numbers: the caller makes a new one."""
        while True:
            self.seen_alive_at = time.monotonic()
            rows = await conn.fetch(NEXT, self._topics_aside(), BATCH)
            if not rows:
                await asyncio.sleep(self._settings.outbox_poll.total_seconds())
                continue
            acknowledged, is_whole = await self._publish(conn, producer, rows)
            if acknowledged:
                faults.reach("relay.acknowledged", len(acknowledged))
                await conn.execute(MOVE, acknowledged)
            if not is_whole:
                return

    async def _publish(
        self, conn: asyncpg.Connection[Record], producer: AIOKafkaProducer, rows: Sequence[Record]
    ) -> tuple[list[int], bool]:
        """The seqs that the broker acknowledged, and whether these were all. Topics do not wait for each other."""
        by_topic: dict[str, list[Record]] = defaultdict(list)
        for row in rows:
            by_topic[row["topic"]].append(row)
        sending = [asyncio.create_task(self._publish_topic(producer, *item)) for item in by_topic.items()]
        await self._wait(conn, sending)
        acknowledged = [seq for task in sending for seq in task.result()]
        return acknowledged, len(acknowledged) == len(rows)

    async def _wait(self, conn: asyncpg.Connection[Record], sending: Sequence["asyncio.Task[list[int]]"]) -> None:
        """Wait for all, and keep the leader's session from being taken for a frozen one."""
        while (await asyncio.wait(sending, timeout=1.0))[1]:
            await conn.execute("SELECT 1")

    async def _publish_topic(self, producer: AIOKafkaProducer, topic: str, rows: Sequence[Record]) -> list[int]:
        """Send in order and gather once. A topic that fails is set aside; a time-out means unknown, so not moved."""
        futures: list[asyncio.Future[object]] = []
        try:
            async with asyncio.timeout(SEND_SECONDS):
                futures = [await self._send(producer, row) for row in rows]
                results = await asyncio.gather(*futures, return_exceptions=True)
        except (KafkaError, TimeoutError) as error:
            results = [f.exception() if f.done() and not f.cancelled() else error for f in futures]
        acknowledged = [row["seq"] for row, result in zip(rows, results, strict=False) if not _failed(result)]
        if len(acknowledged) < len(rows):
            self._aside[topic] = time.monotonic() + SET_ASIDE_SECONDS
            log.warning("relay sets a topic aside", topic=topic, rows=len(rows) - len(acknowledged))
        return acknowledged

    async def _send(self, producer: AIOKafkaProducer, row: Record) -> "asyncio.Future[object]":
        envelope = Envelope(row["event_id"], row["event_type"], row["occurred_at"], row["traceparent"])
        headers = to_headers(envelope, self._source, row["key"])
        future: asyncio.Future[object] = await producer.send(
            row["topic"], row["value"], row["key"].encode(), headers=headers
        )
        return future

    def _topics_aside(self) -> list[str]:
        self._aside = {topic: until for topic, until in self._aside.items() if until > time.monotonic()}
        return list(self._aside)

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

    @asynccontextmanager
    async def _producer(self, conn: asyncpg.Connection[Record]) -> AsyncIterator[AIOKafkaProducer]:
        producer = kafka.producer(self._settings)
        starting = asyncio.create_task(kafka.start(producer))
        try:
            while not (await asyncio.wait([starting], timeout=1.0))[0]:
                self.seen_alive_at = time.monotonic()
                await conn.execute("SELECT 1")
            starting.result()
            yield producer
        finally:
            starting.cancel()
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(producer.stop(), timeout=2.0)


def _failed(result: object) -> bool:
    return isinstance(result, BaseException)
