"""Reads topics in batches: one transaction takes a batch; only then are exactly those offsets committed.

Nothing is skipped. A permanent failure becomes a dead letter and its neighbours go on; a transient one is retried with
the same batch; what cannot be explained leaves `run` and ends the process.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from tinbao_runtime import faults, kafka, letters
from tinbao_runtime.batch import Batch, Handlers, TooManyDeadLetters
from tinbao_runtime.letters import RawRecord
from tinbao_runtime.postgres import Pool, Unavailable, transaction

log = structlog.get_logger(__name__)


class Stalled(Exception):
    """The broker has records for this consumer and it does not move."""


class BatchConsumer:
    """Reads the topics that match `pattern` and that the broker lets this credential see."""

    def __init__(
        self, client: AIOKafkaConsumer, pool: Pool, pattern: str, handlers: Handlers, dead_letters_at_once: int = 50
    ) -> None:
        self._client = client
        self._pool = pool
        self._pattern = pattern
        self._handlers = handlers
        self._dead_letters_at_once = dead_letters_at_once
        self._waits_for_records = False
        self.seen_alive_at = 0.0
        """Monotonic seconds of the last round, whether there were records or not."""

    async def run(self) -> None:
        """Never returns."""
        await self._start()
        try:
            while True:
                self.seen_alive_at = time.monotonic()
                self._waits_for_records = True
                batch = await self._client.getmany(timeout_ms=1_000)
                self._waits_for_records = False
                if batch:
                    await self._take(batch)
        finally:
            await self._client.stop()

    async def watch(self, stall_timeout: float, every: float = 5.0) -> None:
        """Raise Stalled where records are there to read and a position has not moved for `stall_timeout` seconds."""
        moved_at: dict[TopicPartition, tuple[int, float]] = {}
        while True:
            await asyncio.sleep(every)
            for partition in self._client.assignment() if self._waits_for_records else ():
                position = await self._client.position(partition)
                end = (await self._client.end_offsets([partition]))[partition]
                before, since = moved_at.get(partition, (-1, 0.0))
                if position != before or position >= end:
                    moved_at[partition] = (position, time.monotonic())
                elif time.monotonic() - since > stall_timeout:
                    raise Stalled(partition.topic)

    async def replay_parked(self) -> int:
        """Try parked records of known types again; returns how many were settled. Safe to call at any time."""
        settled = 0
        async with transaction(self._pool) as conn:
            for event_id, record in await letters.parked(conn, [kind.__name__ for kind in self._handlers]):
                if await Batch(conn, self._handlers, self._dead_letters_at_once).replay(record):
                    await letters.unpark(conn, event_id)
                    settled += 1
        return settled

    async def _start(self) -> None:
        self._client.subscribe(pattern=self._pattern)
        await kafka.start(self._client)

    async def _take(self, batch: Mapping[TopicPartition, Sequence[ConsumerRecord[bytes, bytes]]]) -> None:
        records = [_raw(record) for taken in batch.values() for record in taken]
        await self._store_until_done(records)
        faults.reach("consumer.stored", len(records))
        try:
            await self._client.commit({partition: taken[-1].offset + 1 for partition, taken in batch.items()})
        except KafkaError as error:
            # After a rebalance the partitions are somebody else's; the inbox absorbs what comes again.
            log.info("offsets not committed", reason=type(error).__name__)

    async def _store_until_done(self, records: Sequence[RawRecord]) -> None:
        pause = 0.1
        while True:
            self.seen_alive_at = time.monotonic()
            try:
                return await self._store(records)
            except Unavailable as error:
                log.warning("batch waits for the database", reason=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _store(self, records: Sequence[RawRecord]) -> None:
        """Apply the batch as a whole; if anything in it fails, again with each event by itself."""
        try:
            await self._store_once(records, one_by_one=False)
        except (Unavailable, TooManyDeadLetters):
            raise
        except Exception as error:  # noqa: BLE001 - the second pass finds whose fault it is
            log.warning("batch is taken one by one", reason=type(error).__name__)
            await self._store_once(records, one_by_one=True)

    async def _store_once(self, records: Sequence[RawRecord], *, one_by_one: bool) -> None:
        async with transaction(self._pool) as conn:
            await Batch(conn, self._handlers, self._dead_letters_at_once).apply(records, one_by_one=one_by_one)


def _raw(record: ConsumerRecord[bytes, bytes]) -> RawRecord:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return RawRecord(record.topic, record.partition, record.offset, headers, record.key, record.value)
