"""What is away delays its own part only: each service starts, stops and works while others do not."""

import asyncio
import time
from uuid import UUID

import httpx
from tinbao_contracts.places import PROVINCE

from tests.support.eventually import eventually
from tests.support.reporter import Reporter, a_tip
from tests.support.world import COMMUNE_OF, HERE, NEW, THERE, World

TRIAGE_HERE, TRIAGE_THERE, TRIAGE_PROVINCE = f"triage-{HERE}", f"triage-{THERE}", f"triage-{PROVINCE}"
TO_BOTH = [COMMUNE_OF[station] for _ in range(25) for station in (HERE, THERE)]


async def opened(world: World, triage: str) -> set[UUID]:
    return {row["tip_id"] for row in await world.rows(triage, "SELECT tip_id FROM cases")}


async def all_opened(world: World, reporter: Reporter, *stations: str, seconds: float = 30) -> None:
    async def nothing_is_missing() -> bool:
        missing = {receipt.tip_id for receipt in reporter.receipts if receipt.station in stations}
        for station in stations:
            missing -= await opened(world, f"triage-{station}")
        return not missing

    assert reporter.receipts
    await eventually(nothing_is_missing, seconds)


async def test_a_station_that_is_away_gets_its_tips_later_and_the_other_notices_nothing(
    world: World, reporter: Reporter
) -> None:
    await world.stop(f"{TRIAGE_HERE}-worker")
    said = world.log(f"{TRIAGE_THERE}-worker")

    await reporter.send_tips(*TO_BOTH)

    await all_opened(world, reporter, THERE, seconds=5)
    assert not await opened(world, TRIAGE_HERE) & {receipt.tip_id for receipt in reporter.receipts}
    assert world.log(f"{TRIAGE_THERE}-worker") == said
    assert not reporter.refusals
    await world.start(f"{TRIAGE_HERE}-worker")
    await all_opened(world, reporter, HERE)


async def test_without_kafka_tips_are_accepted_and_delivered_when_it_is_back(world: World, reporter: Reporter) -> None:
    await world.kafka.stop()

    await reporter.send_tips(*TO_BOTH)

    assert not reporter.refusals
    assert (await reporter.http.get("/readyz")).status_code == httpx.codes.OK
    assert len(world.log("intake-worker").splitlines()) < 100, "an outage does not fill the disk"
    await world.kafka.start()
    await world.kafka.wait_ready()
    await all_opened(world, reporter, HERE, THERE)


async def test_without_postgres_nothing_is_accepted_and_nothing_accepted_is_lost(
    world: World, reporter: Reporter
) -> None:
    async with asyncio.TaskGroup() as sending:
        sending.create_task(reporter.send_tips(*TO_BOTH * 6))
        await eventually(lambda: len(reporter.receipts) >= 50)
        await world.postgres.stop()
        await eventually(lambda: reporter.refusals)
        await assert_refused(reporter)
        await world.postgres.start()

    await all_opened(world, reporter, HERE, THERE)


async def assert_refused(reporter: Reporter) -> None:
    key = {"Idempotency-Key": "0" * 22}
    answer = await reporter.http.post("/v1/tips", json=a_tip(commune=COMMUNE_OF[HERE]), headers=key)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "https://tinbao.org/problems/unavailable"


async def test_a_new_station_is_served_within_ten_seconds(world: World, reporter: Reporter) -> None:
    await world.start(f"{TRIAGE_PROVINCE}-worker")
    world.add_station(NEW, served_by=PROVINCE)

    await world.apply()

    deadline = time.monotonic() + 10
    await eventually(lambda: is_known(reporter, COMMUNE_OF[NEW]), deadline - time.monotonic())
    await reporter.send_tip(COMMUNE_OF[NEW])
    await eventually(lambda: opened(world, TRIAGE_PROVINCE), deadline - time.monotonic())


async def is_known(reporter: Reporter, commune: str) -> bool:
    """Whether a resident who looks for the commune's station finds one."""
    answer = await reporter.http.get("/v1/stations", params={"q": "Tân Hòa"})
    return any(found["commune"] == commune for found in answer.json())
