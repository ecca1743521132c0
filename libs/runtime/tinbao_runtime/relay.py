"""Publishes the outbox: one leader a service, exactly the acknowledged events leave.

The leader holds a session advisory lock on its own connection. `idle_session_timeout` ends that session when the
process is frozen, so another leader takes over. What the thawed one still sends does no harm: each relay sends a
partition's events in order and without a gap, so in the log every event's first copy keeps its place, and inboxes drop
the second.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer

from tinbao_runtime import faults, kafka
from tinbao_runtime.postgres import TRANSIENT, Record
from tinbao_runtime.settings import ServiceSettings
from tinbao_runtime.topic_sender import TopicSender

log = structlog.get_logger(__name__)

LEADER_LOCK = 0x7107BA0
BATCH = 1000
TRY_AGAIN_SECONDS = 0.5
IDLE_POLLS = 10
"""After a quiet time it looks so many times less often: a hundred looks a second cost an idle worker 2 % of a core."""

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

    The producer and what it is sending outlive the lead: what is acknowledged after the session broke is removed in
    the next one.
    """

    def __init__(self, settings: ServiceSettings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._senders: dict[str, TopicSender] = {}
        self._taken: set[int] = set()
        """The seqs that were read and not removed yet."""
        self._poll = settings.outbox_poll.total_seconds()
        self._idle = self._poll
        """Seconds until the next look, while nothing is on its way."""
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
            for sender in self._senders.values():
                sender.cancel()
            await kafka.stop(producer)

    async def _lead(self, producer: AIOKafkaProducer) -> None:
        """Wait for the lead, and keep it until the database breaks."""
        async with self._session() as conn:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                self._is_alive()
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            log.info("relay leads")
            for sender in self._senders.values():
                # Another leader may have published what was read in an earlier lead.
                self._taken.difference_update(sender.drop_unsent())
            while True:
                self._is_alive()
                await self._publish_next(conn, producer)

    async def _publish_next(self, conn: "asyncpg.Connection[Record]", producer: AIOKafkaProducer) -> None:
        began = time.monotonic()
        is_quiet = not await self._read_ahead(conn, producer) and not self._senders
        looked = time.monotonic() - began
        for sender in self._senders.values():
            sender.go_on()
        await self._remove_acknowledged(conn)
        self._idle = min(self._idle * 1.5, self._poll * IDLE_POLLS) if is_quiet else self._poll
        # A long look past topics in trouble is not repeated at once.
        await self._wait(max(self._idle, looked))

    async def _read_ahead(self, conn: "asyncpg.Connection[Record]", producer: AIOKafkaProducer) -> bool:
        """A topic's next events are read while its last ones are on their way. Whether there were any."""
        enough = [topic for topic, sender in self._senders.items() if sender.has_enough]
        waiting = await conn.fetch(NEXT, enough, list(self._taken), BATCH)
        if not waiting:
            return False
        seqs = [row["seq"] for row in waiting]
        for row in await conn.fetch(READ, list({row["stored_on"] for row in waiting}), seqs):
            topic = row["topic"]
            if topic not in self._senders:
                self._senders[topic] = TopicSender(producer, topic, self._source)
            self._senders[topic].queue.append(row)
        self._taken.update(seqs)
        return True

    async def _remove_acknowledged(self, conn: "asyncpg.Connection[Record]") -> None:
        acknowledged = {topic: sender.acknowledged[:] for topic, sender in self._senders.items()}
        if removing := [seq for seqs in acknowledged.values() for seq in seqs]:
            faults.reach("relay.acknowledged", len(removing))
            await conn.execute(REMOVE, removing)
            self._taken.difference_update(removing)
            for topic, seqs in acknowledged.items():
                del self._senders[topic].acknowledged[: len(seqs)]
        for topic in [topic for topic, sender in self._senders.items() if sender.is_done]:
            del self._senders[topic]

    async def _wait(self, poll: float) -> None:
        if tasks := [sender.task for sender in self._senders.values() if sender.task]:
            await asyncio.wait(tasks, timeout=poll, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(poll)

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
