"""An operator finds what died and settles it, and publishes again what a broker may have lost."""

import re

import httpx
from confluent_kafka import Producer
from tinbao_local.kafka import ADMIN

from tests.support.eventually import eventually
from tests.support.product import Product, arrived
from tests.support.reporter import Reporter

TOPIC, READERS = "cases.08944", ("intake", "triage-25", "audit")


async def test_a_dead_letter_is_listed_without_its_content_and_can_be_discarded(product: Product) -> None:
    producer = Producer(product.at.kafka.client_config(ADMIN, product.at.kafka.password))
    producer.produce(TOPIC, b"CANARY")
    assert producer.flush(10) == 0

    dead = await eventually(lambda: listed(product), 90)
    assert dead
    assert product.command("letters", "replay", READERS[0], dead).returncode == 1
    for name in READERS:
        assert product.command("letters", "discard", name, dead).stdout == f"{dead} is gone.\n"

    assert product.command("letters", "list").stdout == ""


async def test_what_was_published_is_published_again_and_changes_nothing(
    product: Product, reporter: Reporter, duty_officer: httpx.AsyncClient
) -> None:
    receipt = await reporter.send_tip("08944")
    case = await arrived(duty_officer, receipt)

    said = product.command("outbox", "replay", "intake", "--since", "2026-01-01T00:00:00").stdout

    assert re.fullmatch(r"[1-9]\d* events will be published again.\n", said)
    await eventually(lambda: all_published(product), 30)
    assert (await arrived(duty_officer, receipt))["number"] == case["number"]
    assert product.command("letters", "list").stdout == ""


def all_published(product: Product) -> bool:
    """By what intake's worker tells an operator."""
    port = product.services["intake"].worker_port(product.at)
    return "tinbao_outbox_rows 0.0" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text


def listed(product: Product) -> str | None:
    """The place of the one record that died for all who read it."""
    said = product.command("letters", "list").stdout
    assert "CANARY" not in said
    lines = [line.split() for line in said.splitlines()]
    places = {place for _, place, *_ in lines if place.startswith(f"{TOPIC}/")}
    return places.pop() if sorted(name for name, *_ in lines) == sorted(READERS) else None
