"""Outbox rows to acknowledged records, against the same records sent by a bare idempotent producer.

Ours is the product's own worker: it reads the rows, publishes them and removes them. The bare producer has them in
memory, in batches of the same size, and neither reads nor removes.
"""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from tinbao_contracts.events import Event
from tinbao_runtime import outbox
from tinbao_runtime.clock import now
from tinbao_runtime.envelope import Envelope, to_headers
from uuid_utils.compat import uuid7

from bench.report import Row, median
from bench.sealed_tips import sealed_tips
from tests.support.servers import KafkaServer
from tests.support.world import HERE, World

ROUNDS = 3
TOPIC = f"tips.{HERE}"


async def measure(world: World, count: int = 20_000) -> list[Row]:
    """Leaves `ROUNDS` times `count` records in the station's topic, each a tip of its own."""
    await world.start("intake-worker")
    ours, bare = [], []
    for _ in range(ROUNDS):
        events = await sealed_tips(world, count)
        ours.append(count / await _relay(world, events))
        bare.append(count / await _send(world, events))
    await world.stop("intake-worker")
    per_second, limit = median(ours), median(bare)
    row = {
        "what": f"relay, {count:,} rows",
        "ours_per_s": round(per_second),
        "bare_per_s": round(limit),
        "ratio": round(per_second / limit, 2),
        "goal": 0.8,
        "record_bytes": len(events[0].model_dump_json()),
    }
    return [row]


async def _relay(world: World, events: Sequence[Event]) -> float:
    """Seconds from the commit until no row waits."""
    async with world.connected("intake") as conn:
        async with conn.transaction():
            for start in range(0, len(events), 1000):
                await outbox.enqueue(conn, *events[start : start + 1000])
        began = time.perf_counter()
        while await conn.fetchval("SELECT EXISTS (SELECT FROM outbox)"):  # noqa: ASYNC110  - another process removes them
            await asyncio.sleep(0.01)
        return time.perf_counter() - began


async def _send(world: World, events: Sequence[Event]) -> float:
    """Seconds until all are acknowledged, to a topic of their own."""
    topic = KafkaServer(world.at.kafka, world.kafka).new_topic()
    records = [
        (event.key().encode(), event.model_dump_json().encode(), to_headers(_envelope(event), "/intake", event.key()))
        for event in events
    ]
    config = KafkaServer(world.at.kafka, world.kafka).aiokafka_config()
    async with AIOKafkaProducer(
        **config, acks="all", enable_idempotence=True, max_batch_size=256 * 1024, max_request_size=1024 * 1024 + 65_536
    ) as producer:
        await producer.partitions_for(topic)
        began, place, sent = time.perf_counter(), 0, []
        while place < len(records):
            batch = producer.create_batch()
            for key, value, headers in records[place:]:
                if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                    break
                place += 1
            sent.append(await producer.send_batch(batch, topic, partition=0))
        await asyncio.gather(*sent)
        return time.perf_counter() - began


def _envelope(event: Event) -> Envelope:
    return Envelope(uuid7(), type(event).__name__, now(), None)
