"""A part of the product that is killed comes back by itself, and the product works again."""

import httpx
import pytest
from tinbao_local.demo import BINH_TUYEN

from tests.support.eventually import eventually
from tests.support.product import Product, arrived
from tests.support.reporter import Reporter

RECOVERS_WITHIN_SECONDS = 120
"""Kafka reads 450 logs again after a kill."""


@pytest.mark.parametrize(
    ("name", "command_part", "environment"),
    [
        ("intake-api", "tinbao_intake api", {}),
        ("triage-08944-worker", "tinbao_triage worker", {"TINBAO_STATION": BINH_TUYEN}),
        ("kafka", "kafka.Kafka", {}),
        ("postgres", "bin/postgres -D", {}),
    ],
)
async def test_a_part_that_is_killed_is_started_again_and_tips_arrive_as_before(
    product: Product,
    reporter: Reporter,
    duty_officer: httpx.AsyncClient,
    name: str,
    command_part: str,
    environment: dict[str, str],
) -> None:
    killed = product.process_of(command_part, **environment)

    killed.kill()

    await eventually(lambda: f"{name} ended (status -9); starting it again" in product.said())
    receipt = await reporter.send_tip(BINH_TUYEN)
    await arrived(duty_officer, receipt, RECOVERS_WITHIN_SECONDS)
    assert product.process_of(command_part, **environment) != killed
