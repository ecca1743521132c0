"""A station's topic is lost with all that was in it, and still no tip is."""

from dataclasses import replace

from confluent_kafka.admin import AdminClient

from tests.support.eventually import eventually
from tests.support.reporter import Reporter
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
        await eventually(lambda: cases(world, *(receipt.tip_id for receipt in receipts)), 60)
    finally:
        await world.restart("intake-worker")


async def all_published(world: World) -> bool:
    return bool(await world.value("intake", "SELECT NOT EXISTS (SELECT FROM outbox)"))


async def lose_topic(world: World) -> None:
    admin = AdminClient(KafkaServer(world.at.kafka, world.kafka).confluent_config())
    admin.delete_topics([TOPIC])[TOPIC].result(timeout=20)
    await eventually(lambda: TOPIC not in admin.list_topics(timeout=10).topics, 20)
    await world.apply()
    assert await world.published(TOPIC) == []


async def cases(world: World, *tip_ids: object) -> bool:
    """One for each; the tip's id is the case's, so there cannot be two."""
    opened = await world.value(TRIAGE, "SELECT count(*) FROM cases WHERE tip_id = ANY ($1::uuid[])", tip_ids)
    return bool(opened == len(tip_ids))
