"""Sends one topic's events in order and without a gap, and sets the topic aside while the broker does not take it."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TypeAlias

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

from tinbao_runtime.envelope import Envelope, to_headers
from tinbao_runtime.metrics import RELAYED
from tinbao_runtime.postgres import Record

log = structlog.get_logger(__name__)

Queue: TypeAlias = "deque[Record]"

ENOUGH = 500
SET_ASIDE_SECONDS = 3.0
METADATA_SECONDS = 2.0

LOST_SEQUENCE = (InvalidProducerEpoch, OutOfOrderSequenceNumber, ProducerFenced)
"""This producer can never send to that partition again: the process ends and a new one begins."""

PARTITIONER = DefaultPartitioner()


class TopicSender:
    """Its own task waits for the broker, so that no topic waits for another.

    An idempotent producer never gives a record up: a topic in trouble stays with its task until the broker answers.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: str, source: str) -> None:
        self._producer = producer
        self._topic = topic
        self._source = source
        self._aside_until = 0.0
        self.task: asyncio.Task[None] | None = None
        self.queue: Queue = deque()
        """Rows of `outbox_events`, in order. What was sent stays in front until it is acknowledged."""
        self.acknowledged: list[int] = []

    @property
    def has_enough(self) -> bool:
        return len(self.queue) > ENOUGH

    @property
    def is_done(self) -> bool:
        return not (self.queue or self.task or self.acknowledged)

    def go_on(self) -> None:
        """Send what is in the queue, unless that is being done or the topic is set aside. Raises LOST_SEQUENCE."""
        if self.task and self.task.done():
            self.task.result()
            self.task = None
        if self.queue and not self.task and time.monotonic() > self._aside_until:
            self.task = asyncio.create_task(self._send())

    def drop_unsent(self) -> list[int]:
        """Forget the queue, unless it is being sent; the seqs that were in it."""
        if self.task and not self.task.done():
            return []
        seqs = [row["seq"] for row in self.queue]
        self.queue.clear()
        return seqs

    def cancel(self) -> None:
        if self.task:
            self.task.cancel()

    async def _send(self) -> None:
        """One batch after the other: a batch that fails is a gap that the next one would close over."""
        try:
            async with asyncio.timeout(METADATA_SECONDS):
                partitions = sorted(await self._producer.partitions_for(self._topic))
            while self.queue:
                await self._send_batch(partitions)
        except LOST_SEQUENCE:
            raise
        except (BrokerResponseError, TimeoutError) as error:
            self._aside_until = time.monotonic() + SET_ASIDE_SECONDS
            log.warning("relay sets a topic aside", topic=self._topic, reason=type(error).__name__)

    async def _send_batch(self, partitions: Sequence[int]) -> None:
        partition, rows = _of_the_first_partition(self.queue, partitions)
        batch = self._producer.create_batch()
        seqs = self._fill(batch, rows)
        await (await self._producer.send_batch(batch, self._topic, partition=partition))
        _take_out(self.queue, seqs)
        self.acknowledged += seqs
        RELAYED.inc(len(seqs))

    def _fill(self, batch: BatchBuilder, rows: Iterable[Record]) -> list[int]:
        seqs = []
        for row in rows:
            envelope = Envelope(row["event_id"], row["event_type"], row["occurred_at"], row["traceparent"])
            headers = to_headers(envelope, self._source, row["key"])
            if batch.append(timestamp=None, key=row["key"].encode(), value=row["value"], headers=headers) is None:
                break
            seqs.append(row["seq"])
        return seqs


def _of_the_first_partition(queue: Queue, partitions: Sequence[int]) -> tuple[int, Iterable[Record]]:
    """The partition of the oldest row, and all rows of that partition."""
    if len(partitions) == 1:
        return partitions[0], queue
    placed = [(PARTITIONER(row["key"].encode(), partitions, partitions), row) for row in queue]
    first = placed[0][0]
    return first, [row for partition, row in placed if partition == first]


def _take_out(queue: Queue, seqs: Sequence[int]) -> None:
    """All at the beginning of the queue, unless the topic has several partitions."""
    sent = set(seqs)
    while queue and queue[0]["seq"] in sent:
        sent.remove(queue.popleft()["seq"])
    if sent:
        rest = [row for row in queue if row["seq"] not in sent]
        queue.clear()
        queue.extend(rest)
