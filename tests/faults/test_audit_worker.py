"""audit's worker as a process, killed and away at the worst moments, with its own broker user and the real topics."""

import asyncio
import base64
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import AdminClient
from tinbao_audit.commitment import commit_to_id
from tinbao_audit.verify_log import verify_log
from tinbao_contracts.events import EVENTS
from tinbao_contracts.topics import ALERTS
from tinbao_local.rights import AUDIT
from tinbao_local.secret_file import SecretFile
from tinbao_local.topics import apply_topics, password_name

from tests.support.audit import AuditWorld, an_audit_world, event_id_of, one_of_each
from tests.support.eventually import eventually
from tests.support.runtime import ROOT, Outgoing, a_record, a_withdrawal, environment
from tests.support.servers import KafkaServer, PostgresServer, running_kafka

STATION = "90001"


@dataclass(frozen=True)
class Row:
    code: str = STATION
    served_by: str = STATION


@dataclass(frozen=True)
class Broker:
    """A broker of these tests' own: the worker reads every topic that there is."""

    kafka: KafkaServer
    password: str

    async def publish(self, records: Sequence[Outgoing]) -> None:
        async with AIOKafkaProducer(acks="all", linger_ms=5, **self.kafka.aiokafka_config()) as producer:
            sent = [await producer.send(r.topic, r.value, r.key, headers=list(r.headers)) for r in records]
            await asyncio.gather(*sent)


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    async with running_kafka(tmp_path_factory.mktemp("kafka")) as kafka:
        passwords = SecretFile(tmp_path_factory.mktemp("secrets") / "secrets.json")
        admin = AdminClient(kafka.confluent_config())
        await asyncio.to_thread(apply_topics, admin, [Row()], passwords)
        if ALERTS not in admin.list_topics(timeout=10).topics:
            kafka.new_topic(ALERTS)
        yield Broker(kafka, passwords[password_name(AUDIT)])


@pytest.fixture
async def world(postgres: PostgresServer, broker: Broker, tmp_path: Path) -> AsyncIterator[AuditWorld]:
    """Its worker is the broker's user `audit`, with the rights that the product gives it."""
    changes = {"kafka_username": AUDIT, "kafka_password": broker.password}
    async with an_audit_world(postgres, tmp_path, broker.kafka, **changes) as world:
        yield world


@asynccontextmanager
async def a_worker(world: AuditWorld, fault: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """Killed when the block ends, if it has not ended by itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tinbao_audit", "worker"),
        cwd=ROOT,
        env={**environment(world.settings), "TINBAO_FAULT": fault},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def macs(records: Sequence[Outgoing]) -> list[bytes]:
    """What a leaf says of each event, computed from the record alone."""
    salts = [base64.urlsafe_b64decode(json.loads(record.value or b"")["log_salt"]) for record in records]
    return [commit_to_id(salt, event_id_of(record)) for salt, record in zip(salts, records, strict=True)]


async def signed(world: AuditWorld, records: Sequence[Outgoing], seconds: float = 60) -> None:
    """Wait until the published log holds these; it may hold others, which came before this test."""
    wanted = macs(records)

    async def all_are_published() -> bool:
        query = "SELECT count(*) FROM leaves WHERE event_mac = ANY ($1) AND index < $2"
        (row,) = await world.rows(query, wanted, world.published_size() or 0)
        return bool(row[0] == len(wanted))

    await eventually(all_are_published, seconds)


def assert_each_once(world: AuditWorld, records: Sequence[Outgoing]) -> None:
    """In the files, as a second verifier reads them."""
    times = Counter(json.loads(entry)["event"] for entry in world.entries())
    assert {times[mac.hex()] for mac in macs(records)} == {1}
    assert set(times.values()) == {1}


def events(count: int) -> list[Outgoing]:
    return [a_record(a_withdrawal(STATION)) for _ in range(count)]


def goes_on_from(world: AuditWorld, *checkpoints: str) -> bool:
    return verify_log(world.folder, world.key, earlier=checkpoints).is_whole


async def test_every_topic_reaches_the_log(world: AuditWorld, broker: Broker) -> None:
    await broker.publish([a_record(event) for event in one_of_each(STATION)])
    every_class = {kind.__name__ for kind in EVENTS}

    async def types() -> bool:
        rows = await world.rows("SELECT leaf FROM leaves WHERE index < $1", world.published_size() or 0)
        return {json.loads(row["leaf"])["type"] for row in rows} == every_class

    async with a_worker(world):
        await eventually(types, 60)

    assert {json.loads(entry)["type"] for entry in world.entries()} == every_class
    assert await world.rows("SELECT reason FROM dead_letters") == []


async def test_killed_between_durable_and_signed_it_signs_the_same_leaves(world: AuditWorld, broker: Broker) -> None:
    await broker.publish(first := events(100))
    async with a_worker(world):
        await signed(world, first)
    before, size_before = world.checkpoint(), world.published_size() or 0
    await broker.publish(second := events(200))

    async with a_worker(world, fault="audit.durable:KILL:1") as dying:
        assert await asyncio.wait_for(dying.wait(), 60) == -9
    durable = await world.rows("SELECT leaf FROM leaves WHERE index IS NOT NULL ORDER BY index")
    assert len(durable) > size_before, "it was killed after leaves had their places"
    assert world.checkpoint() == before, "and before anything was signed"

    async with a_worker(world):
        await signed(world, second)

    assert world.entries()[: len(durable)] == [row["leaf"] for row in durable]
    assert_each_once(world, [*first, *second])
    assert goes_on_from(world, before)


async def test_killed_again_and_again_no_leaf_is_lost_or_doubled(world: AuditWorld, broker: Broker) -> None:
    records: list[Outgoing] = []
    kept: list[str] = []
    for _ in range(3):
        await broker.publish(more := events(50))
        records += more
        async with a_worker(world, fault="audit.durable:KILL:1") as dying:
            assert await asyncio.wait_for(dying.wait(), 60) == -9
        kept.append(world.checkpoint())

    async with a_worker(world):
        await signed(world, records)

    assert_each_once(world, records)
    assert goes_on_from(world, *kept)


async def test_killed_before_its_offsets_were_committed_it_doubles_nothing(world: AuditWorld, broker: Broker) -> None:
    await broker.publish(records := events(300))
    async with a_worker(world, fault="consumer.stored:KILL:1") as dying:
        assert await asyncio.wait_for(dying.wait(), 60) == -9

    async with a_worker(world):
        await signed(world, records)

    assert_each_once(world, records)


async def test_away_for_a_while_it_takes_all_that_happened_meanwhile(world: AuditWorld, broker: Broker) -> None:
    await broker.publish(before := events(20))
    async with a_worker(world):
        await signed(world, before)
    kept = world.checkpoint()

    await broker.publish(meanwhile := events(500))
    async with a_worker(world):
        await signed(world, meanwhile)

    assert_each_once(world, [*before, *meanwhile])
    assert goes_on_from(world, kept)


async def test_a_worker_over_an_old_backup_ends_and_says_why(world: AuditWorld, broker: Broker) -> None:
    await broker.publish(records := events(10))
    async with a_worker(world):
        await signed(world, records)
    published, size = world.checkpoint(), world.published_size()
    await world.pool.execute("DELETE FROM leaves WHERE index > 4")
    await world.pool.execute("DELETE FROM checkpoints WHERE size > 5")

    async with a_worker(world) as refusing:
        output, _ = await asyncio.wait_for(refusing.communicate(), 60)

    assert refusing.returncode not in {0, None}
    assert f"a checkpoint of {size} leaves was published, and this database has only 5" in output.decode()
    assert world.checkpoint() == published
