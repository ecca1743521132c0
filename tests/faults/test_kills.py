"""Each of four faults, at a named point of the code path, under a stream of 500 tips: 2,000 on one set of services."""

import asyncio
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import psutil
import pytest
from tinbao_contracts.events import CaseOpenedV1, TipSubmittedV1, TipSupplementedV1

from tests.support.eventually import eventually
from tests.support.reporter import Reporter
from tests.support.world import COMMUNE_OF, HERE, THERE, KafkaRecord, World

TIPS = 500
TO_BOTH = [COMMUNE_OF[station] for _ in range(TIPS // 2) for station in (HERE, THERE)]
A_WHILE = TIPS // 5
TRIAGE_HERE, TRIAGE_THERE = f"triage-{HERE}", f"triage-{THERE}"


@dataclass
class Stream:
    """500 tips on their way, and what must hold once they have arrived. `earlier` are tips of other tests."""

    world: World
    reporter: Reporter
    earlier: set[UUID]

    async def send(self, supplements: int = 0) -> None:
        await self.reporter.send_tips(*TO_BOTH, supplements=supplements)

    def accepted(self, station: str | None = None) -> set[UUID]:
        return {r.tip_id for r in self.reporter.receipts if station in (None, r.station)}

    async def stored(self, service: str = "intake") -> set[UUID]:
        """What has been committed as a tip or a case, whether anybody knows or not."""
        query = "SELECT tip_id FROM tips" if service == "intake" else "SELECT tip_id FROM cases"
        return {row["tip_id"] for row in await self.world.rows(service, query)} - self.earlier

    async def assert_each_opened_once(self) -> None:
        """Accepted ids are the opened cases, each opened once and announced once; nothing waits, nothing died."""
        await eventually(self._nothing_waits, 60)
        assert len(self.accepted()) == len(self.reporter.receipts) == TIPS
        assert await self.stored() == self.accepted()
        for station in (HERE, THERE):
            accepted, triage = self.accepted(station), f"triage-{station}"
            assert await self.stored(triage) == accepted
            openings = await self.world.rows(triage, "SELECT tip_id FROM timeline WHERE action = 'opened'")
            assert set(Counter(row["tip_id"] for row in openings).values()) == {1}
            cases = first_copies(await self.world.published(f"cases.{station}"))
            announced = Counter(tip_of(case) for case in cases if type_of(case) == CaseOpenedV1.__name__)
            assert {tip: times for tip, times in announced.items() if tip in accepted} == dict.fromkeys(accepted, 1)

    async def _nothing_waits(self) -> bool:
        unopened: int = await self.world.value("intake", "SELECT count(*) FROM tips WHERE opened_at IS NULL")
        waiting = [await self._waiting(service) for service in ("intake", TRIAGE_HERE, TRIAGE_THERE)]
        return unopened + sum(waiting) == 0

    async def _waiting(self, service: str) -> int:
        assert await self.world.rows(service, "SELECT reason, topic FROM dead_letters LIMIT 3") == []
        waiting: int = await self.world.value(
            service, "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM parked)"
        )
        return waiting


@pytest.fixture
async def stream(world: World, reporter: Reporter) -> Stream:
    return Stream(world, reporter, {row["tip_id"] for row in await world.rows("intake", "SELECT tip_id FROM tips")})


async def test_a_tip_whose_answer_died_with_intake_is_accepted_once(stream: Stream, world: World) -> None:
    api = await world.restart("intake-api", fault=f"intake.committed:KILL:{A_WHILE}")

    async with asyncio.TaskGroup() as sending:
        sending.create_task(stream.send())
        assert await api.wait() == -signal.SIGKILL
        unanswered = await stream.stored() - stream.accepted()
        await world.start("intake-api")

    assert unanswered
    assert unanswered <= stream.accepted()
    await stream.assert_each_opened_once()


async def test_what_a_killed_relay_publishes_again_opens_no_second_case(stream: Stream, world: World) -> None:
    relay = await world.restart("intake-worker", fault=f"relay.acknowledged:KILL:{A_WHILE}")
    repeated_before = await repetitions(world)

    async with asyncio.TaskGroup() as sending:
        sending.create_task(stream.send())
        assert await relay.wait() == -signal.SIGKILL
        await world.start("intake-worker")

    await stream.assert_each_opened_once()
    assert await repetitions(world) > repeated_before


async def test_what_a_killed_triage_reads_again_opens_no_second_case(stream: Stream, world: World) -> None:
    triage = await world.restart(f"{TRIAGE_HERE}-worker", fault=f"consumer.stored:KILL:{A_WHILE}")

    async with asyncio.TaskGroup() as sending:
        sending.create_task(stream.send())
        assert await triage.wait() == -signal.SIGKILL
        stored, committed = await stream.stored(TRIAGE_HERE), await world.committed(TRIAGE_HERE, f"tips.{HERE}")
        await world.start(f"{TRIAGE_HERE}-worker")

    read_again = {tip_of(r) for r in await world.published(f"tips.{HERE}") if r.offset >= committed}
    assert stored & read_again
    await stream.assert_each_opened_once()


async def test_a_frozen_relay_is_replaced_and_its_thaw_changes_no_order(stream: Stream, world: World) -> None:
    leader = await world.restart("intake-worker", fault=f"relay.acknowledged:STOP:{A_WHILE}")
    await eventually(lambda: leads(world, "intake-worker"))
    await world.start("intake-2-worker")

    async with asyncio.TaskGroup() as sending:
        sending.create_task(stream.send(supplements=2))
        await eventually(lambda: is_frozen(leader.pid), 60)
        await eventually(lambda: leads(world, "intake-2-worker"), 20)
        os.kill(leader.pid or 0, signal.SIGCONT)

    await stream.assert_each_opened_once()
    await leader.wait_ready()
    for station in (HERE, THERE):
        of_a_tip = dict.fromkeys(stream.accepted(station), EVENTS_OF_A_TIP)
        assert await order_in_topic(stream, station) == of_a_tip
        assert await order_in_database(stream, station) == of_a_tip


EVENTS_OF_A_TIP = [(TipSubmittedV1.__name__, 1), (TipSupplementedV1.__name__, 2), (TipSupplementedV1.__name__, 3)]


async def order_in_topic(stream: Stream, station: str) -> dict[UUID, list[tuple[str, int]]]:
    """Of each accepted tip, the events' types and versions as an inbox lets them through."""
    kinds = {kind.__name__: kind for kind in (TipSubmittedV1, TipSupplementedV1)}
    events = defaultdict(list)
    for record in first_copies(await stream.world.published(f"tips.{station}")):
        event = kinds[type_of(record)].model_validate_json(record.value or b"")
        events[event.tip_id].append((type_of(record), event.sealed.version))
    return {tip: of_tip for tip, of_tip in events.items() if tip in stream.accepted(station)}


async def order_in_database(stream: Stream, station: str) -> dict[UUID, list[tuple[str, int]]]:
    """Of each accepted tip, the same in the order in which the station has applied them."""
    versions = {
        (row["tip_id"], row["received_at"]): row["version"]
        for row in await stream.world.rows(f"triage-{station}", "SELECT tip_id, version, received_at FROM supplements")
    }
    applied = await stream.world.rows(
        f"triage-{station}", "SELECT tip_id, action, happened_at FROM timeline ORDER BY entry_id"
    )
    events = defaultdict(list)
    for tip, action, at in applied:
        opened = action == "opened"
        events[tip].append(EVENTS_OF_A_TIP[0] if opened else (TipSupplementedV1.__name__, versions[tip, at]))
    return {tip: of_tip for tip, of_tip in events.items() if tip in stream.accepted(station)}


async def repetitions(world: World) -> int:
    topics = [await world.published(f"tips.{station}") for station in (HERE, THERE)]
    return sum(len(records) - len(first_copies(records)) for records in topics)


def leads(world: World, worker: str) -> bool:
    """Whether the process of this name that started last has become the leader."""
    return "relay leads" in world.log(worker)


def is_frozen(pid: int | None) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


def first_copies(records: Iterable[KafkaRecord]) -> list[KafkaRecord]:
    """As an inbox lets them through: what comes again under the same event id is left out."""
    copies: dict[bytes | None, KafkaRecord] = {}
    for record in records:
        copies.setdefault(dict(record.headers)["ce_id"], record)
    return list(copies.values())


def tip_of(record: KafkaRecord) -> UUID:
    return UUID((record.key or b"").decode())


def type_of(record: KafkaRecord) -> str:
    return (dict(record.headers)["ce_type"] or b"").decode()
