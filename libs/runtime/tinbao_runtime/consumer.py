"""Reads topics in batches: one transaction takes a batch; only then are exactly those offsets committed.

Nothing is skipped. A permanent failure becomes a dead letter and its neighbours go on; a transient one is retried with
the same batch; what cannot be explained leaves `run` and ends the process.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from tinbao_runtime import faults, kafka, letters
from tinbao_runtime.batch import Batch, Handlers, TooManyDeadLetters
from tinbao_runtime.envelope import KNOWN
from tinbao_runtime.lag import Lag, kind_of
from tinbao_runtime.letters import RawRecord
from tinbao_runtime.metrics import CONSUMED
from tinbao_runtime.postgres import Pool, Unavailable, transaction
from tinbao_runtime.unreadable import UNREADABLE, find_unreadable, rewind, step_over
from tinbao_runtime.watchdog import Stalled, Watchdog

__all__ = ["BatchConsumer", "Stalled"]

log = structlog.get_logger(__name__)

Taken: TypeAlias = Mapping[TopicPartition, Sequence["ConsumerRecord[bytes, bytes]"]]


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
        self._watchdog = Watchdog(timeout=0.0)
        self._lag = Lag()
        self._in_hand: dict[TopicPartition, int] = {}
        """The first offset of what was read and is not stored yet."""
        self.seen_alive_at = 0.0
        """Monotonic seconds of the last round, whether there were records or not."""

    async def run(self) -> None:
        """Never returns."""
        try:
            self._client.subscribe(pattern=self._pattern)
            await kafka.start(self._client, self._is_alive)
            while True:
                self._is_alive()
                if batch := await self._poll():
                    await self._take(batch)
        finally:
            await kafka.stop(self._client)

    async def watch(self, stall_timeout: float, every: float = 5.0) -> None:
        """Raise Stalled where records are there to read and a position has not moved for `stall_timeout` seconds.

        Measures the lag by the way.
        """
        self._watchdog = Watchdog(stall_timeout)
        while True:
            await asyncio.sleep(every)
            if partitions := list(self._client.assignment()):
                await self._look(partitions)

    async def replay_parked(self) -> int:
        """Try parked records of known types again; returns how many were settled. Safe to call at any time."""
        settled = 0
        async with transaction(self._pool) as conn:
            for event_id, record in await letters.parked(conn, list(KNOWN)):
                if await Batch(conn, self._handlers, self._dead_letters_at_once).replay(record):
                    await letters.unpark(conn, event_id)
                    settled += 1
        return settled

    async def _poll(self) -> Taken:
        try:
            taken: Taken = await self._client.getmany(timeout_ms=1_000)
        except UNREADABLE:
            await self._bury_unreadable()
            return {}
        return taken

    async def _take(self, batch: Taken) -> None:
        self._in_hand = {partition: taken[0].offset for partition, taken in batch.items()}
        await self._store_until_done([_raw(record) for taken in batch.values() for record in taken])
        self._in_hand = {}
        faults.reach("consumer.stored", sum(map(len, batch.values())))
        await self._commit({partition: taken[-1].offset + 1 for partition, taken in batch.items()})
        for partition, taken in batch.items():
            CONSUMED.labels(kind_of(partition.topic)).inc(len(taken))

    async def _commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        try:
            await self._client.commit(offsets)
        except KafkaError as error:
            # After a rebalance the partitions are somebody else's; the inbox absorbs what comes again.
            log.info("offsets not committed", reason=type(error).__name__)

    async def _store_until_done(self, records: Sequence[RawRecord]) -> None:
        pause = 0.1
        while True:
            self._is_alive()
            try:
                return await self._store(records)
            except Unavailable as error:
                log.warning("batch waits for the database", reason=str(error))
                self._watchdog.forget()
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

    async def _bury_unreadable(self) -> None:
        """Take what stands before the batch that cannot be decoded, and step over it with a dead letter."""
        await rewind(self._client)
        partition = await find_unreadable(self._client)
        await rewind(self._client)
        if partition is None:
            return
        try:
            while batch := await self._client.getmany(partition, timeout_ms=1_000, max_records=1):
                await self._take(batch)
        except UNREADABLE:
            first = await self._client.position(partition)
            following = await step_over(self._client, partition)
            async with transaction(self._pool) as conn:
                reason = f"the records up to offset {following - 1} cannot be decoded"
                await letters.bury(conn, RawRecord(partition.topic, partition.partition, first), reason)
            await self._commit({partition: following})

    async def _look(self, partitions: list[TopicPartition]) -> None:
        try:
            ends = await self._client.end_offsets(partitions)
            positions = {partition: await self._position(partition) for partition in partitions}
        except KafkaError:
            self._watchdog.forget()  # the broker is away, or the partitions are being given out anew
        else:
            self._lag.show({**positions, **self._in_hand}, ends)
            self._watchdog.look(positions, ends, time.monotonic())

    async def _position(self, partition: TopicPartition) -> int:
        """-1 where the client has none yet: it may never get one."""
        try:
            async with asyncio.timeout(1.0):
                return int(await self._client.position(partition))
        except TimeoutError:
            return -1

    def _is_alive(self) -> None:
        self.seen_alive_at = time.monotonic()


def _raw(record: "ConsumerRecord[bytes, bytes]") -> RawRecord:
    return RawRecord(record.topic, record.partition, record.offset, tuple(record.headers), record.key, record.value)
