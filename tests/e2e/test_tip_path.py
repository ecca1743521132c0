"""A tip's path through the started product, over HTTP: from a resident to an officer and back."""

import secrets
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tinbao_contracts.places import PROVINCE
from tinbao_local.demo import BINH_TUYEN, HOI_THINH

from tests.support.eventually import eventually
from tests.support.product import ARRIVES_WITHIN_SECONDS, Case, Product, an_officer, arrived
from tests.support.reporter import Receipt, Reporter

TEXT = "Nhóm khoảng 6 người đánh bạc ăn tiền ở dãy trọ sau khu công nghiệp."
ANSWER = "Công an xã đã tiếp nhận và đang kiểm tra. Trân trọng cảm ơn ông/bà."
ADDED = "Tối qua họ lại đến, khoảng 22 giờ."
WHILE_ON_DUTY = {"reason": "duty_assignment"}


@pytest.fixture
async def chief(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    async with an_officer(product, "binhtuyen.truong") as officer:
        yield officer


@pytest.fixture
async def other_station(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    async with an_officer(product, "hoithinh.truc") as officer:
        yield officer


@pytest.fixture
async def province(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    async with an_officer(product, "phutho.truc") as officer:
        yield officer


async def seen(officer: httpx.AsyncClient, path: str) -> Any:
    return (await officer.get(path)).raise_for_status().json()


async def act(officer: httpx.AsyncClient, receipt: Receipt, what: str, **body: Any) -> Any:
    """One act on the case of this tip."""
    key = {"Idempotency-Key": secrets.token_urlsafe(24)}
    answer = await officer.post(f"/v1/cases/{receipt.tip_id}/{what}", json=body, headers=key)
    return answer.raise_for_status().json()


async def mailbox(reporter: Reporter, receipt: Receipt) -> dict[str, Any]:
    answer = await reporter.http.post("/v1/mailbox/open", json={"receipt_code": receipt.code})
    opened: dict[str, Any] = answer.raise_for_status().json()
    return opened


async def is_answered(reporter: Reporter, receipt: Receipt) -> bool:
    return any(message["author"] == "station" for message in (await mailbox(reporter, receipt))["messages"])


async def test_an_officer_answers_a_tip_and_its_reporter_adds_to_it(
    reporter: Reporter, duty_officer: httpx.AsyncClient, chief: httpx.AsyncClient
) -> None:
    # given a tip that an officer of its station has taken, read for a reason and classified
    receipt = await reporter.send_tip("Xã Bình Tuyền", category="gambling", text=TEXT, place="Dãy trọ")
    assert receipt.station == BINH_TUYEN
    assert (await arrived(duty_officer, receipt))["place"] == "Dãy trọ"
    await act(duty_officer, receipt, "claim")
    assert (await act(duty_officer, receipt, "content", **WHILE_ON_DUTY))["text"]["text"] == TEXT
    await act(duty_officer, receipt, "classify", category="gambling", urgency="urgent")

    # when the officer answers, and the reporter adds something
    await act(duty_officer, receipt, "answers", text=ANSWER)
    await eventually(lambda: is_answered(reporter, receipt), ARRIVES_WITHIN_SECONDS)
    await reporter.add(receipt, ADDED)

    # then each reads what the other wrote, and a chief's closing reaches the mailbox
    assert [message["text"] for message in (await mailbox(reporter, receipt))["messages"]] == [ANSWER, ADDED]

    async def is_told() -> bool:
        return bool((await arrived(duty_officer, receipt))["has_news"])

    await eventually(is_told, ARRIVES_WITHIN_SECONDS)
    file = await seen(duty_officer, f"/v1/cases/{receipt.tip_id}")
    assert [added["text"] for added in file["text"]["supplements"]] == [ADDED]
    await act(chief, receipt, "close", outcome="transferred")

    async def is_closed() -> bool:
        return bool((await mailbox(reporter, receipt))["outcome"] == "transferred")

    await eventually(is_closed, ARRIVES_WITHIN_SECONDS)


async def test_no_text_is_shown_before_a_reason_is_given(reporter: Reporter, duty_officer: httpx.AsyncClient) -> None:
    receipt = await reporter.send_tip(BINH_TUYEN, text=TEXT)
    await arrived(duty_officer, receipt)

    file = await duty_officer.get(f"/v1/cases/{receipt.tip_id}")

    assert file.json()["text"] is None
    assert TEXT not in file.text
    assert (await duty_officer.post(f"/v1/cases/{receipt.tip_id}/content", json={})).status_code == 422


async def test_another_station_sees_nothing_of_a_tip(
    product: Product, reporter: Reporter, duty_officer: httpx.AsyncClient, other_station: httpx.AsyncClient
) -> None:
    # given tips at two stations, both arrived
    here, there = await reporter.send_tip(BINH_TUYEN), await reporter.send_tip(HOI_THINH)
    await arrived(duty_officer, here)
    await arrived(other_station, there)

    # then the other station has no such case, and says of it what it says of one that never was
    listed = [case["tip_id"] for case in (await seen(other_station, "/v1/cases?limit=200"))["cases"]]
    assert str(here.tip_id) not in listed
    foreign = await other_station.get(f"/v1/cases/{here.tip_id}")
    absent = await other_station.get(f"/v1/cases/{uuid4()}")
    assert (foreign.status_code, foreign.json()) == (404, absent.json())

    # and its officer sees nothing at the station that has it
    async with an_officer(product, "hoithinh.truc", at_station=BINH_TUYEN) as visitor:
        assert (await seen(visitor, "/v1/cases"))["cases"] == []
        assert (await visitor.post(f"/v1/cases/{here.tip_id}/content", json=WHILE_ON_DUTY)).status_code == 404


async def test_the_province_sees_that_a_case_exists_and_not_what_it_says(
    reporter: Reporter, duty_officer: httpx.AsyncClient, province: httpx.AsyncClient
) -> None:
    place = f"Ngõ {secrets.token_hex(4)}"
    receipt = await reporter.send_tip(BINH_TUYEN, text=TEXT, place=place)
    number = (await arrived(duty_officer, receipt))["number"]

    async def known() -> Case | None:
        cases = await seen(province, "/v1/overview")
        return next((case for case in cases if (case["station"], case["number"]) == (BINH_TUYEN, number)), None)

    case = await eventually(known, ARRIVES_WITHIN_SECONDS)

    assert case
    assert (case["category"], case["status"]) == ("theft_damage", "open")
    assert place not in (await province.get("/v1/overview")).text
    assert (await province.get(f"/v1/cases/{receipt.tip_id}")).status_code == 404


async def test_a_tip_about_an_officer_arrives_at_the_province_alone(
    reporter: Reporter, duty_officer: httpx.AsyncClient, province: httpx.AsyncClient
) -> None:
    # given one about an officer, and one after it that is not
    about_an_officer = await reporter.send_tip(BINH_TUYEN, category="officer_misconduct")
    afterwards = await reporter.send_tip(BINH_TUYEN)

    assert about_an_officer.station == PROVINCE
    assert (await arrived(province, about_an_officer))["standing"] == "owning"
    await arrived(duty_officer, afterwards)
    assert (await duty_officer.get(f"/v1/cases/{about_an_officer.tip_id}")).status_code == 404


async def test_a_tip_of_immediate_danger_arrives_at_the_station_and_at_the_province(
    reporter: Reporter, duty_officer: httpx.AsyncClient, province: httpx.AsyncClient
) -> None:
    receipt = await reporter.send_tip(BINH_TUYEN, category="violence", text=TEXT)

    at_the_station, at_the_province = await arrived(duty_officer, receipt), await arrived(province, receipt)

    assert (at_the_station["standing"], at_the_province["standing"]) == ("owning", "watching")
    assert (await act(province, receipt, "content", **WHILE_ON_DUTY))["text"]["text"] == TEXT
    key = {"Idempotency-Key": secrets.token_urlsafe(24)}
    answer = await province.post(f"/v1/cases/{receipt.tip_id}/answers", json={"text": ANSWER}, headers=key)
    assert answer.status_code == 403
