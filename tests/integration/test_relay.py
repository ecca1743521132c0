"""The relay publishes every committed event, in order, and removes exactly what the broker acknowledged."""

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from pydantic import SecretStr
from tinbao_runtime import outbox
from tinbao_runtime.relay import LEADER_LOCK
from uuid_utils.compat import uuid7

from tests.support.eventually import eventually
from tests.support.runtime import World, a_tip_event, a_withdrawal, a_world, running, started
from tests.support.servers import KafkaServer, PostgresServer


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        yield world


async def all_left(world: World, seconds: float = 15.0) -> None:
    async def is_empty() -> bool:
        return await world.count("outbox") == 0

    await eventually(is_empty, seconds)


async def keys(world: World, topic: str | None = None) -> list[str]:
    return [record.key.decode() for record in await world.published(topic) if record.key]


async def leader_pid(world: World) -> int | None:
    """The database's process that serves the leader's session."""
    pid: int | None = await world.pool.fetchval(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        LEADER_LOCK,
    )
    return pid


async def test_events_leave_in_order_with_everything_a_reader_needs(world: World) -> None:
    world.make_topic()
    events = [a_withdrawal(world.station) for _ in range(2500)]
    await world.enqueue(*events)

    async with running(world.relay().run()):
        await all_left(world)

    records = await world.published()
    assert [record.key.decode() for record in records] == [event.key() for event in events]
    assert type(events[0]).model_validate_json(records[0].value) == events[0]
    (first,) = await world.rows("SELECT event_id FROM outbox_events ORDER BY seq LIMIT 1")
    headers = dict(records[0].headers)
    assert headers["ce_id"] == str(first["event_id"]).encode()
    assert headers["ce_type"] == b"TipWithdrawnV1"
    assert headers["ce_source"] == b"/test"
    assert headers["ce_subject"] == records[0].key
    assert headers["content-type"] == b"application/json"


async def test_what_was_published_is_kept_for_a_replay(world: World) -> None:
    world.make_topic()
    await world.enqueue(a_withdrawal(world.station))

    async with running(world.relay().run()):
        await all_left(world)

    assert await world.count("outbox_events") == 1


async def test_an_event_committed_late_with_a_lower_number_is_not_skipped(world: World) -> None:
    world.make_topic()
    late, early = a_withdrawal(world.station), a_withdrawal(world.station)

    async with world.pool.acquire() as conn, running(world.relay().run()):
        slow = conn.transaction()
        await slow.start()
        await outbox.enqueue(conn, late)
        await world.enqueue(early)
        await all_left(world)
        await slow.commit()
        await all_left(world)

    assert await keys(world) == [early.key(), late.key()]


async def test_an_event_committed_between_sending_and_removing_stays_for_the_next_round(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.make_topic()
    late, early = a_withdrawal(world.station), a_withdrawal(world.station)
    relay = world.relay()
    remove = relay._remove_acknowledged

    async with world.pool.acquire() as conn:
        slow = conn.transaction()
        await slow.start()
        await outbox.enqueue(conn, late)
        await world.enqueue(early)

        async def remove_after_the_slow_one(session: Any) -> None:
            if any(s.acknowledged for s in relay._senders.values()) and conn.is_in_transaction():
                await slow.commit()
            await remove(session)

        monkeypatch.setattr(relay, "_remove_acknowledged", remove_after_the_slow_one)
        async with running(relay.run()):
            await all_left(world)

    assert await keys(world) == [early.key(), late.key()]


async def test_in_a_topic_of_several_partitions_each_tip_keeps_its_order(world: World) -> None:
    world.kafka.new_topic(world.topic, partitions=3)
    tips = [uuid7() for _ in range(20)]
    await world.enqueue(*(a_withdrawal(world.station, tip) for _ in range(40) for tip in tips))

    async with running(world.relay().run()):
        await all_left(world)

    in_order = [r["event_id"] for r in await world.rows("SELECT event_id FROM outbox_events ORDER BY seq")]
    records = await world.published()
    assert len(records) == len(in_order)
    for tip in tips:
        ids = [UUID(dict(r.headers)["ce_id"].decode()) for r in records if r.key == str(tip).encode()]
        assert len(ids) == 40
        assert ids == sorted(ids, key=in_order.index)
    assert len({record.partition for record in records}) == 3


async def test_a_record_of_the_largest_size_is_published(world: World) -> None:
    world.make_topic()
    largest = a_tip_event(world.station, size=370_000)
    assert len(largest.model_dump_json()) > 980_000
    await world.enqueue(a_withdrawal(world.station), largest, a_withdrawal(world.station))

    async with running(world.relay().run()):
        await all_left(world)

    assert len(await world.published()) == 3


async def test_a_missing_topic_waits_alone_and_leaves_once_it_exists(world: World) -> None:
    world.make_topic()
    missing = f"{world.station}x"
    await world.enqueue(a_withdrawal(missing), a_withdrawal(world.station), a_withdrawal(missing))

    async def only_the_missing_wait() -> bool:
        return {r["topic"] for r in await world.rows("SELECT topic FROM outbox")} == {f"tips.{missing}"}

    async with running(world.relay().run()):
        await eventually(only_the_missing_wait, 2.0)
        await world.enqueue(a_withdrawal(world.station))
        await eventually(only_the_missing_wait, 1.0)
        world.make_topic(missing)
        await all_left(world, 10.0)

    assert len(await world.published()) == 2
    assert len(await world.published(f"tips.{missing}")) == 2


def let_write(kafka: KafkaServer, user: str, password: str, topic: str) -> None:
    admin = AdminClient(kafka.confluent_config())
    scram = UserScramCredentialUpsertion(
        user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), password.encode()
    )
    for done in admin.alter_user_scram_credentials([scram]).values():
        done.result(timeout=10)
    place = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL)
    right = AclBinding(*place, f"User:{user}", "*", AclOperation.WRITE, AclPermissionType.ALLOW)
    for done in admin.create_acls([right]).values():
        done.result(timeout=10)


async def test_a_topic_that_the_broker_refuses_waits_alone(postgres: PostgresServer, kafka: KafkaServer) -> None:
    user, password = "relay-of-this-test", "its password"
    credential = {"kafka_username": user, "kafka_password": SecretStr(password)}
    async with a_world(postgres, kafka, **credential) as world:
        refused = f"{world.station}x"
        world.make_topic(refused)
        let_write(kafka, user, password, kafka.new_topic(world.topic))
        await world.enqueue(a_withdrawal(refused), a_withdrawal(world.station))

        async def only_the_refused_waits() -> bool:
            return {r["topic"] for r in await world.rows("SELECT topic FROM outbox")} == {f"tips.{refused}"}

        async with running(world.relay().run()):
            await eventually(only_the_refused_waits, 5.0)
            let_write(kafka, user, password, f"tips.{refused}")
            await all_left(world, 10.0)

        assert len(await world.published(f"tips.{refused}")) == 1


async def test_a_broker_that_is_away_at_start_or_later_delays_and_loses_nothing(
    world: World, kafka: KafkaServer
) -> None:
    """For who writes and for who reads: the consumer starts and goes on like the relay."""
    world.make_topic()
    consumer = world.consumer()

    async def come_back() -> None:
        await kafka.child.start()
        await kafka.child.wait_ready()

    await kafka.child.stop()
    try:
        await world.enqueue(*(a_withdrawal(world.station) for _ in range(20)))
        async with running(world.relay().run()), running(consumer.run()):
            await eventually(lambda: consumer.seen_alive_at > 0)
            await come_back()
            await all_left(world, 20.0)
            await eventually(lambda: has_effects(world, 20), 20.0)

            await kafka.child.stop()
            await world.enqueue(*(a_withdrawal(world.station) for _ in range(20)))
            await come_back()
            await all_left(world, 20.0)
            await eventually(lambda: has_effects(world, 40), 20.0)
    finally:
        if not kafka.child.is_running:
            await come_back()

    expected = [r["key"] for r in await world.rows("SELECT key FROM outbox_events ORDER BY seq")]
    assert await keys(world) == expected
    assert [str(r["tip_id"]) for r in await world.rows("SELECT tip_id FROM effects ORDER BY place")] == expected


async def has_effects(world: World, number: int) -> bool:
    return await world.count("effects") == number


async def test_a_database_that_ends_the_session_is_joined_again_without_repeating(world: World) -> None:
    world.make_topic()

    async with running(world.relay().run()):
        await world.enqueue(a_withdrawal(world.station))
        await all_left(world)
        await world.pool.execute("SELECT pg_terminate_backend($1)", await leader_pid(world))
        await world.enqueue(a_withdrawal(world.station))
        await all_left(world)

    assert len(await world.published()) == 2


async def test_of_two_relays_one_leads_and_the_other_takes_over_when_the_leaders_session_dies(world: World) -> None:
    world.make_topic()
    first, second = world.relay(), world.relay()

    async with running(first.run()):
        leader = await eventually(lambda: leader_pid(world))
        async with running(second.run()):
            await world.enqueue(*(a_withdrawal(world.station) for _ in range(100)))
            await all_left(world)
            assert await leader_pid(world) == leader
    async with running(second.run()):
        await world.enqueue(*(a_withdrawal(world.station) for _ in range(100)))
        await all_left(world)

    assert len(await keys(world)) == len(set(await keys(world))) == 200


async def one_effect_each_in_order(world: World, published: list[str]) -> None:
    """What a reader's inbox makes of the topic: each event once, those of one tip in the order they happened."""
    async with running(world.consumer().run()):

        async def are_all_taken() -> bool:
            return await world.count("effects") >= len(published)

        await eventually(are_all_taken, 20.0)
        assert [
            str(r["event_id"]) for r in await world.rows("SELECT event_id FROM effects ORDER BY place")
        ] == published
    assert await world.dead_reasons() == []


async def test_a_frozen_leader_is_replaced_and_its_thaw_changes_nothing(world: World) -> None:
    world.make_topic()

    async with started(world, "relay", TINBAO_FAULT="relay.acknowledged:STOP:300") as frozen:
        for _ in range(5):
            await world.enqueue(*(a_withdrawal(world.station) for _ in range(100)))
        pid = await eventually(lambda: leader_pid(world))
        async with started(world, "relay"):
            await all_left(world)
            assert await leader_pid(world) not in {None, pid}
            frozen.send_signal(signal.SIGCONT)
            await world.enqueue(*(a_withdrawal(world.station) for _ in range(100)))
            await all_left(world)

    in_order = [str(r["event_id"]) for r in await world.rows("SELECT event_id FROM outbox_events ORDER BY seq")]
    await one_effect_each_in_order(world, in_order)


async def test_a_relay_killed_between_acknowledgement_and_removal_loses_nothing(world: World) -> None:
    world.make_topic()
    await world.enqueue(*(a_withdrawal(world.station) for _ in range(50)))

    async with started(world, "relay", TINBAO_FAULT="relay.acknowledged:KILL:1") as killed:
        assert await asyncio.wait_for(killed.wait(), 20) == -signal.SIGKILL
    assert await world.count("outbox") == 50
    async with running(world.relay().run()):
        await all_left(world)

    assert len(await world.published()) == 100
    in_order = [str(r["event_id"]) for r in await world.rows("SELECT event_id FROM outbox_events ORDER BY seq")]
    await one_effect_each_in_order(world, in_order)


async def test_a_relay_that_waits_for_the_broker_shows_that_it_lives(world: World) -> None:
    settings: Any = world.settings.model_copy(update={"kafka_servers": "127.0.0.1:9"})
    relay = type(world.relay())(settings, "/test")

    async with running(relay.run()):
        await eventually(lambda: relay.seen_alive_at > 0)
        before = relay.seen_alive_at
        await eventually(lambda: relay.seen_alive_at > before)
