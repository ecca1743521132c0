"""An operator replaces a station's key while all runs."""

import json
import secrets
from pathlib import Path

import httpx
from confluent_kafka import Consumer, TopicPartition
from tinbao_contracts.topics import StationTopic
from tinbao_local.demo import BINH_TUYEN

from tests.support.eventually import eventually
from tests.support.product import Product, arrived
from tests.support.reporter import Receipt, Reporter

TAKEN_UP_WITHIN_SECONDS = 20


async def test_a_tip_sealed_to_a_key_that_was_just_registered_is_opened(
    product: Product, reporter: Reporter, duty_officer: httpx.AsyncClient
) -> None:
    # given a new key, registered twice
    file = product.command("keys", "new", BINH_TUYEN).stdout.strip()
    key_id = key_id_in(file)
    assert product.command("keys", "register", file).stdout == f"+ key {key_id} of {BINH_TUYEN}\n"
    assert product.command("keys", "register", file).stdout.startswith("Nothing to change")

    # when a tip is sealed to it
    async def sealed_to_it() -> Receipt | None:
        receipt = await reporter.send_tip(BINH_TUYEN)
        return receipt if key_id in key_ids_of(product, receipt) else None

    receipt = await eventually(sealed_to_it, TAKEN_UP_WITHIN_SECONDS)

    # then its station, which was never restarted, opens it
    assert receipt
    await arrived(duty_officer, receipt)


def test_a_command_that_cannot_be_followed_is_answered_by_one_sentence(product: Product) -> None:
    private = next((product.at.state / "keys" / BINH_TUYEN).glob("*.key.json"))

    unknown_station = product.command("keys", "new", "99999")
    private_half = product.command("keys", "register", str(private))

    assert (unknown_station.returncode, private_half.returncode) == (1, 1)
    assert unknown_station.stderr == "There is no station 99999 in the station table.\n"
    assert private_half.stderr.startswith(f"{private} is not a public key")
    assert json.loads(private.read_text())["private_raw"] not in private_half.stderr


def key_id_in(file: str) -> str:
    return str(json.loads(Path(file).read_text())["key_id"])


def key_ids_of(product: Product, receipt: Receipt) -> set[str]:
    """To which keys a tip was sealed, from its event."""
    topic = TopicPartition(StationTopic.TIPS.of(receipt.station), 0, 0)
    consumer = Consumer({**product.at.kafka.client_config(), "group.id": f"test-{secrets.token_hex(4)}"})
    try:
        consumer.assign([topic])
        while (record := consumer.poll(10)) is not None:
            if record.key() == str(receipt.tip_id).encode():
                return {grant["key_id"] for grant in json.loads(record.value() or b"")["sealed"]["grants"]}
    finally:
        consumer.close()
    raise AssertionError(f"no event of {receipt.tip_id}")
