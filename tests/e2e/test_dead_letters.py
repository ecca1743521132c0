"""An operator finds what died, and settles it."""

from confluent_kafka import Producer
from tinbao_local.kafka import ADMIN

from tests.support.eventually import eventually
from tests.support.product import Product

TOPIC, READERS = "cases.08944", ("intake", "triage-25", "audit")


async def test_a_dead_letter_is_listed_without_its_content_and_can_be_discarded(product: Product) -> None:
    producer = Producer(product.at.kafka.client_config(ADMIN, product.at.kafka.password))
    producer.produce(TOPIC, b"CANARY")
    assert producer.flush(10) == 0

    dead = await eventually(lambda: listed(product), 30)
    assert dead
    assert "CANARY" not in product.command("letters", "list").stdout
    for name in READERS:
        assert product.command("letters", "replay", name, dead).returncode == 1
        assert product.command("letters", "discard", name, dead).stdout == f"{dead} is gone.\n"

    assert product.command("letters", "list").stdout == ""


def listed(product: Product) -> str | None:
    """The place of the one record that died for all who read it."""
    lines = [line.split() for line in product.command("letters", "list").stdout.splitlines()]
    places = {place for _, place, *_ in lines if place.startswith(f"{TOPIC}/")}
    return places.pop() if sorted(name for name, *_ in lines) == sorted(READERS) else None
