"""The consumer takes each record once, in one transaction a batch, and passes over none."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from confluent_kafka.admin import AdminClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tinbao_contracts.events import TipSubmittedV1, TipWithdrawnV1
from tinbao_runtime import batch, metrics, outbox
from tinbao_runtime.batch import NotYet, Rejected, TooManyDeadLetters, each
from tinbao_runtime.consumer import BatchConsumer, Stalled
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tests.support.eventually import eventually
from tests.support.runtime import (
    RECORDING,
    World,
    a_record,
    a_tip_event,
    a_withdrawal,
    a_world,
    record_effect,
    running,
    started,
)
from tests.support.servers import KafkaServer, PostgresServer

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        world.make_topic()
        yield world


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(batch, "tracer", provider.get_tracer("test"))
    return exporter


async def has(world: World, table: str, rows: int, seconds: float = 15.0) -> None:
    async def holds() -> bool:
        return await world.count(table) >= rows

    await eventually(holds, seconds)


async def commits(world: World, offset: int, seconds: float = 15.0, topic: str | None = None) -> None:
    async def has_committed() -> bool:
        return await world.committed(topic) == offset

    await eventually(has_committed, seconds)


async def test_it_begins_with_the_oldest_record(world: World) -> None:
    events = [a_withdrawal(world.station) for _ in range(3)]
    await world.publish(*(a_record(event) for event in events))

    async with running(world.consumer().run()):
        await has(world, "effects", 3)

    taken = [row["tip_id"] for row in await world.rows("SELECT tip_id FROM effects ORDER BY place")]
    assert taken == [event.tip_id for event in events]


async def test_a_batch_is_one_transaction_and_its_offset_is_committed_after_it(world: World) -> None:
    await world.publish(*(a_record(a_withdrawal(world.station)) for _ in range(100)))

    async with running(world.consumer().run()):
        await has(world, "effects", 100)
        await commits(world, 100)

    (transactions,) = await world.rows("SELECT count(DISTINCT xmin::text) AS number FROM effects")
    assert transactions["number"] <= 3


async def test_a_handler_gets_events_of_one_class_together_in_their_order(world: World) -> None:
    calls: list[list[str]] = []

    async def note(_: Connection, events: Sequence[Received[Any]]) -> None:
        calls.append([type(received.event).__name__ for received in events])

    s, w = a_record(a_tip_event(world.station)), a_record(a_withdrawal(world.station))
    await world.publish(
        s, *(a_record(a_tip_event(world.station)) for _ in range(2)), w, a_record(a_tip_event(world.station))
    )
    async with running(world.consumer({TipSubmittedV1: note, TipWithdrawnV1: note}).run()):
        await commits(world, 5)

    assert [name for call in calls for name in call] == [*["TipSubmittedV1"] * 3, "TipWithdrawnV1", "TipSubmittedV1"]
    assert all(len(set(call)) == 1 for call in calls)


async def test_a_redelivered_record_has_no_second_effect(world: World) -> None:
    record = a_record(a_withdrawal(world.station))
    await world.publish(record, record, a_record(a_withdrawal(world.station)), record)

    async with running(world.consumer().run()):
        await commits(world, 4)

    assert await world.count("effects") == 2
    assert await world.dead_reasons() == []


async def test_what_a_handler_enqueues_commits_with_its_effect(world: World) -> None:
    async def follow(conn: Connection, received: Received[Any]) -> None:
        await record_effect(conn, received)
        await outbox.enqueue(conn, a_withdrawal(world.station))

    await world.publish(*(a_record(a_tip_event(world.station)) for _ in range(10)))
    async with running(world.consumer({TipSubmittedV1: each(follow)}).run()):
        await commits(world, 10)

    assert await world.count("effects") == await world.count("outbox") == 10


async def test_killed_between_database_and_offset_it_has_no_second_effect(world: World) -> None:
    await world.publish(*(a_record(a_withdrawal(world.station)) for _ in range(40)))

    async with started(world, "consumer", TINBAO_FAULT="consumer.stored:KILL:1") as killed:
        assert await asyncio.wait_for(killed.wait(), 20) == -signal.SIGKILL
    stored = await world.count("effects")
    assert stored > 0
    assert await world.committed() == 0

    async with running(world.consumer().run()):
        await commits(world, 40, 20.0)
    assert await world.count("effects") == 40


async def test_a_database_that_is_away_is_waited_for_and_nothing_is_skipped(
    postgres: PostgresServer, kafka: KafkaServer
) -> None:
    async with a_world(postgres, kafka) as world:
        world.make_topic()
        await world.publish(*(a_record(a_withdrawal(world.station)) for _ in range(5)))
        consumer = world.consumer()
        async with running(consumer.run()):
            await has(world, "effects", 5)
            await postgres.child.stop()
            try:
                await world.publish(*(a_record(a_withdrawal(world.station)) for _ in range(5)))
                at_outage = consumer.seen_alive_at
                await eventually(lambda: consumer.seen_alive_at > at_outage + 0.5)
                assert await world.committed() == 5
            finally:
                await postgres.child.start()
                await postgres.child.wait_ready()
            await commits(world, 10)

        assert await world.count("effects") == 10
        assert await world.dead_reasons() == []


async def test_a_commit_that_fails_after_a_rebalance_is_absorbed(world: World) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()
    other = f"{world.station}x"
    world.make_topic(other)

    async def slow(conn: Connection, received: Received[Any]) -> None:
        await record_effect(conn, received)
        entered.set()
        await go_on.wait()

    await world.publish(a_record(a_withdrawal(world.station)), a_record(a_withdrawal(other)))
    async with running(world.consumer({TipWithdrawnV1: each(slow)}).run()):
        await asyncio.wait_for(entered.wait(), 15)
        # Another member joins while the batch is being stored, and gets one of the two partitions.
        async with running(world.consumer().run()):
            await eventually(lambda: rebalanced(world), 15)
            go_on.set()
            await world.publish(a_record(a_withdrawal(world.station)), a_record(a_withdrawal(other)))
            await commits(world, 2)
            await commits(world, 2, topic=f"tips.{other}")

    assert await world.count("effects") == 4


async def rebalanced(world: World) -> bool:
    """Whether the group has two members and everything given out."""
    admin = AdminClient(world.kafka.confluent_config())
    group = f"group-{world.station}"
    described = await asyncio.to_thread(lambda: admin.describe_consumer_groups([group])[group].result(timeout=5))
    return len(described.members) == 2 and described.state.name == "STABLE"


async def test_a_new_topic_that_matches_is_read_within_ten_seconds(world: World) -> None:
    new = f"{world.station}{secrets.token_hex(2)}"

    async with running(world.consumer().run()):
        await world.publish(a_record(a_withdrawal(world.station)))
        await has(world, "effects", 1)
        world.make_topic(new)
        await world.publish(a_record(a_withdrawal(new)))
        await has(world, "effects", 2, seconds=10.0)


def stumbling(on: object, error: Exception) -> Any:
    """A verb that fails at the tip `on` after its effect, and works at all others."""

    async def verb(conn: Connection, received: Received[Any]) -> None:
        await record_effect(conn, received)
        if received.event.tip_id == on:
            raise error

    return {TipWithdrawnV1: each(verb)}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Rejected("the tip is closed"), "the tip is closed"),
        (ZeroDivisionError("0912345678"), "ZeroDivisionError in TipWithdrawnV1"),
    ],
)
async def test_an_event_that_fails_for_good_dies_alone(world: World, error: Exception, reason: str) -> None:
    before, bad, after = (a_withdrawal(world.station) for _ in range(3))
    await world.publish(a_record(before), a_record(bad), a_record(after))

    async with running(world.consumer(stumbling(bad.tip_id, error)).run()):
        await commits(world, 3)

    assert await world.dead_reasons() == [reason]
    taken = {row["tip_id"] for row in await world.rows("SELECT tip_id FROM effects")}
    assert taken == {before.tip_id, after.tip_id}


async def test_a_broken_statement_dies_alone(world: World) -> None:
    """Postgres ends the whole transaction at an error: without a savepoint, the neighbours would go with it."""
    before, bad, after = (a_withdrawal(world.station) for _ in range(3))

    async def verb(conn: Connection, received: Received[Any]) -> None:
        await record_effect(conn, received)
        if received.event.tip_id == bad.tip_id:
            await conn.execute("SELECT 1 / 0")

    await world.publish(a_record(before), a_record(bad), a_record(after))
    async with running(world.consumer({TipWithdrawnV1: each(verb)}).run()):
        await commits(world, 3)

    assert await world.dead_reasons() == ["DivisionByZeroError in TipWithdrawnV1"]
    assert await world.count("effects") == 2


async def test_an_event_before_its_cause_is_parked_and_taken_once_the_cause_has_come(world: World) -> None:
    has_come = False
    early = a_withdrawal(world.station)

    async def verb(conn: Connection, received: Received[Any]) -> None:
        await record_effect(conn, received)
        if received.event.tip_id == early.tip_id and not has_come:
            raise NotYet

    consumer = world.consumer({TipWithdrawnV1: each(verb)})
    await world.publish(a_record(early), a_record(a_withdrawal(world.station)))
    async with running(consumer.run()):
        await commits(world, 2)
        assert await world.count("effects") == 1
        assert await consumer.replay_parked() == 0
        assert await world.count("parked") == 1

        has_come = True
        assert await consumer.replay_parked() == 1

    assert await world.count("effects") == 2
    assert await world.count("parked") == 0
    assert await world.dead_reasons() == []


async def test_too_many_dead_letters_stop_it_and_the_offsets_stay(world: World) -> None:
    broken = a_record(a_withdrawal(world.station)).without_header("ce_id")
    await world.publish(a_record(a_withdrawal(world.station)), *[broken] * 6)

    with pytest.raises(TooManyDeadLetters):
        await asyncio.wait_for(world.consumer(dead_letters_at_once=5).run(), 15)

    assert await world.committed() == 0
    assert await world.count("dead_letters") == 0
    assert await world.count("effects") == 0


async def test_as_many_dead_letters_as_allowed_do_not_stop_it(world: World) -> None:
    broken = a_record(a_withdrawal(world.station)).without_header("ce_id")
    await world.publish(*[broken] * 5, a_record(a_withdrawal(world.station)))

    async with running(world.consumer(dead_letters_at_once=5).run()):
        await commits(world, 6)

    assert await world.count("dead_letters") == 5


async def test_the_watchdog_ends_a_consumer_that_does_not_move_while_there_is_something_to_read(world: World) -> None:
    client = world.client()
    consumer = BatchConsumer(client, world.pool, f"^{world.topic}$", RECORDING)
    await world.publish(a_record(a_withdrawal(world.station)))

    async with running(consumer.run()):
        await has(world, "effects", 1)
        client.pause(TopicPartition(world.topic, 0))
        await world.publish(a_record(a_withdrawal(world.station)))

        with pytest.raises(Stalled, match=world.topic):
            await asyncio.wait_for(consumer.watch(stall_timeout=0.5, every=0.1), 10)


async def test_the_watchdog_leaves_a_consumer_alone_that_has_read_everything(world: World) -> None:
    consumer = world.consumer()
    await world.publish(a_record(a_withdrawal(world.station)))

    async with running(consumer.run()):
        await has(world, "effects", 1)
        watching = asyncio.create_task(consumer.watch(stall_timeout=0.2, every=0.05))
        assert (await asyncio.wait([watching], timeout=1.0))[1] == {watching}
        watching.cancel()


def lag() -> float | None:
    return metrics.REGISTRY.get_sample_value("tinbao_consumer_lag_records", {"topic_kind": "tips"})


async def test_the_lag_is_what_is_not_stored_yet_even_if_it_was_read(world: World) -> None:
    release = asyncio.Event()

    async def hold(conn: Connection, received: Received[Any]) -> None:
        await release.wait()
        await record_effect(conn, received)

    consumer = world.consumer({TipWithdrawnV1: each(hold)})
    await world.publish(*(a_record(a_withdrawal(world.station)) for _ in range(7)))

    async with running(consumer.run()), running(consumer.watch(stall_timeout=60, every=0.05)):
        await eventually(lambda: lag() == 7, 15)
        release.set()
        await eventually(lambda: lag() == 0, 15)

    assert await world.count("effects") == 7


async def test_a_trace_goes_on_through_the_handler_into_what_follows(world: World, spans: InMemorySpanExporter) -> None:
    event = a_tip_event(world.station)

    async def follow(conn: Connection, _: Received[Any]) -> None:
        assert trace.get_current_span().get_span_context().is_valid
        await outbox.enqueue(conn, a_withdrawal(world.station))

    await world.publish(a_record(event, traceparent=TRACEPARENT))
    async with running(world.consumer({TipSubmittedV1: each(follow)}).run()):
        await commits(world, 1)

    (span,) = spans.get_finished_spans()
    assert span.name == "process TipSubmittedV1"
    assert span.attributes is not None
    assert span.attributes["tip.id"] == str(event.tip_id)
    assert span.parent is not None
    assert trace.format_span_id(span.parent.span_id) == TRACEPARENT.split("-")[2]
    (row,) = await world.rows("SELECT traceparent FROM outbox_events")
    assert row["traceparent"].split("-")[1:3] == [TRACEPARENT.split("-")[1], trace.format_span_id(span.context.span_id)]


async def test_the_span_of_a_record_that_dies_or_is_taken_again_says_so_and_not_why(
    world: World, spans: InMemorySpanExporter
) -> None:
    async def refuse(_: Connection, __: Received[Any]) -> None:
        raise Rejected("Ngõ 12, nhà ông Ba")

    good, bad = a_withdrawal(world.station), a_tip_event(world.station)
    await world.publish(a_record(good), a_record(bad))
    async with running(world.consumer({**RECORDING, TipSubmittedV1: each(refuse)}).run()):
        await commits(world, 2)

    told = [(span.name, (span.attributes or {}).get(batch.OUTCOME)) for span in spans.get_finished_spans()]
    assert told == [
        ("process TipWithdrawnV1", "rolled back"),
        ("process TipSubmittedV1", "rolled back"),
        ("process TipWithdrawnV1", None),
        ("process TipSubmittedV1", "dead"),
    ]
    assert "nhà ông Ba" not in "".join(span.to_json() for span in spans.get_finished_spans())
