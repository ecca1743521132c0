"""A station's topic is lost with all that was in it, and still no tip is."""

from collections.abc import Sequence
from dataclasses import replace

from confluent_kafka.admin import AdminClient

from tests.support.eventually import eventually
from tests.support.reporter import Receipt, Reporter
from tests.support.servers import KafkaServer
from tests.support.world import COMMUNE_OF, HERE, World

TOPIC, TRIAGE = f"tips.{HERE}", f"triage-{HERE}"


async def test_tips_of_a_lost_topic_are_published_again_and_opened_once(world: World, reporter: Reporter) -> None:
    await world.stop(f"{TRIAGE}-worker")
    receipts = [await reporter.send_tip(COMMUNE_OF[HERE]) for _ in range(3)]
    await eventually(lambda: all_published(world), 20)

    await lose_topic(world)
    impatient = replace(world, variables={**world.variables, "TINBAO_FIRST_REMINDER": "PT2S"})
    try:
        await impatient.restart("intake-worker")
        await world.start(f"{TRIAGE}-worker")
        await eventually(lambda: opened(world, receipts), 60)
        # Until it has heard of them it goes on publishing them.
        await eventually(lambda: heard_of(world, receipts), 30)
    finally:
        await world.restart("intake-worker")

    assert sorted(await openings(world, receipts)) == sorted(str(receipt.tip_id) for receipt in receipts)


async def all_published(world: World) -> bool:
    return bool(await world.value("intake", "SELECT NOT EXISTS (SELECT FROM outbox)"))


async def lose_topic(world: World) -> None:
    admin = AdminClient(KafkaServer(world.at.kafka, world.kafka).confluent_config())
    admin.delete_topics([TOPIC])[TOPIC].result(timeout=20)
    await eventually(lambda: TOPIC not in admin.list_topics(timeout=10).topics, 20)
    await world.apply()
    assert await world.published(TOPIC) == []


async def opened(world: World, receipts: Sequence[Receipt]) -> bool:
    return set(await openings(world, receipts)) == {str(receipt.tip_id) for receipt in receipts}


async def heard_of(world: World, receipts: Sequence[Receipt]) -> bool:
    query = "SELECT count(*) FROM tips WHERE opened_at IS NOT NULL AND tip_id = ANY ($1::uuid[])"
    return bool(await world.value("intake", query, [receipt.tip_id for receipt in receipts]) == len(receipts))


async def openings(world: World, receipts: Sequence[Receipt]) -> list[str]:
    """The tip of each CaseOpenedV1 about them that the station announced."""
    ids = {str(receipt.tip_id) for receipt in receipts}
    announced = await world.published(f"cases.{HERE}")
    keys = [(record.key or b"").decode() for record in announced if ("ce_type", b"CaseOpenedV1") in record.headers]
    return [key for key in keys if key in ids]
