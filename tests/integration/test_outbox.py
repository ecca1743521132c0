"""Events leave with the transaction that caused them, or not at all."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from tinbao_contracts.events import StationKeyRevokedV1
from tinbao_runtime import outbox
from tinbao_runtime.clock import now
from tinbao_runtime.envelope import Received
from tinbao_runtime.kafka import MAX_RECORD_BYTES
from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.postgres import transaction
from uuid_utils.compat import uuid7

from tests.support.runtime import World, a_tip_event, a_withdrawal, a_world
from tests.support.servers import KafkaServer, PostgresServer

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        yield world


@pytest.fixture
def tracer() -> Iterator[trace.Tracer]:
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider.get_tracer("test")
    provider.shutdown()


async def stored(world: World) -> list[Any]:
    return await world.rows("SELECT * FROM outbox_events JOIN outbox USING (stored_on, seq, topic) ORDER BY seq")


async def test_an_event_is_stored_with_its_topic_key_and_content(world: World) -> None:
    event = a_tip_event(world.station)

    await world.enqueue(event)

    (row,) = await stored(world)
    assert (row["event_type"], row["topic"], row["key"]) == ("TipSubmittedV1", world.topic, str(event.tip_id))
    assert type(event).model_validate_json(row["value"]) == event


async def test_events_keep_the_order_in_which_they_were_given(world: World) -> None:
    events = [a_withdrawal(world.station) for _ in range(50)]

    await world.enqueue(*events[:30])
    await world.enqueue(*events[30:])

    assert [row["key"] for row in await stored(world)] == [event.key() for event in events]


async def test_what_is_rolled_back_is_never_published(world: World) -> None:
    class Broken(Exception):
        pass

    with pytest.raises(Broken):  # noqa: PT012 - the transaction ends by the exception
        async with transaction(world.pool) as conn:
            await outbox.enqueue(conn, a_tip_event(world.station))
            raise Broken

    assert await world.count("outbox") == 0
    assert await world.count("outbox_events") == 0


async def test_a_record_that_kafka_would_refuse_is_refused_before_the_commit(world: World) -> None:
    with pytest.raises(RecordTooLarge, match=r"^TipSubmittedV1$"):
        await world.enqueue(a_tip_event(world.station, size=MAX_RECORD_BYTES // 2))

    assert await world.count("outbox") == 0


async def test_a_key_that_no_header_can_carry_is_refused_before_the_commit(world: World) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        await world.enqueue(StationKeyRevokedV1(station="Bá Hiến", key_id="k"))

    assert await world.count("outbox") == 0


async def test_an_event_carries_the_trace_in_which_it_was_enqueued(world: World, tracer: trace.Tracer) -> None:
    with tracer.start_as_current_span("request") as span:
        await world.enqueue(a_tip_event(world.station))

    (row,) = await stored(world)
    assert trace.format_trace_id(span.get_span_context().trace_id) in row["traceparent"]
    assert trace.format_span_id(span.get_span_context().span_id) in row["traceparent"]


async def test_who_announces_something_about_a_tip_is_found_by_it(world: World, tracer: trace.Tracer) -> None:
    event = a_tip_event(world.station)

    with tracer.start_as_current_span("request") as span:
        await world.enqueue(event)

    assert isinstance(span, ReadableSpan)
    assert dict(span.attributes or {}) == {"tip.id": str(event.tip_id)}


async def test_what_follows_from_an_event_carries_its_causes_trace(world: World) -> None:
    causes = [
        Received(uuid7(), a_tip_event(world.station), TRACEPARENT),
        Received(uuid7(), a_tip_event(world.station), None),
    ]

    async with transaction(world.pool) as conn:
        await outbox.enqueue_following(conn, [(cause, a_withdrawal(world.station)) for cause in causes])

    assert [row["traceparent"] for row in await stored(world)] == [TRACEPARENT, None]


async def test_enqueueing_nothing_stores_nothing(world: World) -> None:
    await world.enqueue()

    assert await world.count("outbox") == 0


async def replay(world: World, since: datetime) -> int:
    async with transaction(world.pool) as conn:
        return await outbox.replay(conn, since)


async def test_what_was_announced_since_a_time_is_published_again_under_its_own_id(world: World) -> None:
    await world.enqueue(a_withdrawal(world.station))
    since = now()
    await world.enqueue(a_withdrawal(world.station), a_withdrawal(world.station))
    before = [row["event_id"] for row in await stored(world)]
    await world.pool.execute("DELETE FROM outbox")

    assert await replay(world, since) == 2

    assert [row["event_id"] for row in await stored(world)] == before[1:]


async def test_what_waits_for_the_broker_is_not_counted_or_published_twice(world: World) -> None:
    await world.enqueue(a_withdrawal(world.station))

    assert await replay(world, now() - timedelta(hours=1)) == 0

    assert await world.count("outbox") == 1
