"""The holder of a receipt code reads how it goes on, adds and withdraws; stations speak of their own tips only."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tinbao_contracts.events import (
    CaseAnsweredV1,
    CaseClassifiedV1,
    CaseClosedV1,
    CaseOpenedV1,
    Outcome,
    TipSubmittedV1,
    TipSupplementedV1,
    TipWithdrawnV1,
)
from tinbao_intake.consumers import HANDLERS
from tinbao_intake.count_unopened import count_unopened
from tinbao_intake.receipt import ReceiptCode
from tinbao_runtime import metrics
from tinbao_runtime.batch import Rejected
from tinbao_runtime.clock import now
from tinbao_runtime.envelope import Received
from tinbao_runtime.mailbox_encryption import encrypt_message
from tinbao_runtime.postgres import transaction
from uuid_utils.compat import uuid7

from tests.support.intake import (
    BINH_TUYEN,
    HOI_THINH,
    PROVINCE,
    Intake,
    about,
    an_intake,
    keyed,
    keys,
    new_key,
    open_content,
    open_supplement,
)
from tests.support.servers import PostgresServer

UNKNOWN = str(ReceiptCode(0))


@pytest.fixture(scope="module")
async def running(postgres: PostgresServer) -> AsyncIterator[Intake]:
    async with an_intake(postgres) as intake:
        yield intake


@pytest.fixture
async def intake(running: Intake) -> Intake:
    await running.empty()
    return running


async def hear(intake: Intake, *events: Received[Any]) -> None:
    for event in events:
        await intake.hear(HANDLERS[type(event.event)], event)


def opened(receipt: dict[str, Any], station: str = BINH_TUYEN, *, is_watching: bool = False) -> Received[CaseOpenedV1]:
    return about(
        CaseOpenedV1,
        UUID(receipt["tip_id"]),
        station,
        number=1,
        category="theft_damage",
        urgency="normal",
        received_at=now(),
        is_watching=is_watching,
    )


def classified(receipt: dict[str, Any], station: str = BINH_TUYEN) -> Received[CaseClassifiedV1]:
    fields = {"category": "fraud", "urgency": "urgent", "officer": "7f3a"}
    return about(CaseClassifiedV1, UUID(receipt["tip_id"]), station, **fields)


def answered(receipt: dict[str, Any], text: str, station: str = BINH_TUYEN) -> Received[CaseAnsweredV1]:
    """As the station encrypts it, with the mailbox key that came inside the tip."""
    tip_id, message_id = UUID(receipt["tip_id"]), uuid7()
    mailbox_key = ReceiptCode.parse(receipt["receipt_code"]).mailbox_key
    answer = encrypt_message(mailbox_key, tip_id, message_id, text)
    return about(CaseAnsweredV1, tip_id, station, message_id=message_id, answer=answer, officer="7f3a")


def closed(
    receipt: dict[str, Any], outcome: Outcome = Outcome.ADMINISTRATIVE, station: str = BINH_TUYEN
) -> Received[CaseClosedV1]:
    return about(CaseClosedV1, UUID(receipt["tip_id"]), station, outcome=outcome, officer="7f3a")


async def test_a_new_mailbox_says_that_the_tip_is_received(intake: Intake) -> None:
    receipt = await intake.accepted()

    mailbox = await intake.open_mailbox(receipt["receipt_code"])

    assert mailbox == {
        "tip_id": receipt["tip_id"],
        "station": BINH_TUYEN,
        "status": "received",
        "urgency": "normal",
        "received_at": receipt["received_at"],
        "is_withdrawn": False,
        "outcome": None,
        "messages": [],
    }


async def test_a_code_opens_its_mailbox_however_it_is_typed(intake: Intake) -> None:
    code = (await intake.accepted())["receipt_code"]

    assert await intake.open_mailbox(f" {code.lower().replace('-', ' ')} ") == await intake.open_mailbox(code)


async def test_a_code_opens_no_other_mailbox(intake: Intake) -> None:
    first, second = await intake.accepted(), await intake.accepted()

    assert (await intake.open_mailbox(first["receipt_code"]))["tip_id"] == first["tip_id"]
    assert (await intake.open_mailbox(second["receipt_code"]))["tip_id"] == second["tip_id"]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (UNKNOWN, 404, "tip-not-found"),
        (UNKNOWN[:-1] + "1", 422, "not-a-receipt-code"),
        ("", 422, "not-a-receipt-code"),
        ("0" * 65, 422, "invalid-request"),
        (None, 422, "invalid-request"),
        ("\N{SNOWMAN}", 422, "not-a-receipt-code"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/mailbox/open", "/v1/mailbox/messages", "/v1/mailbox/withdraw"])
async def test_a_code_that_opens_nothing_is_a_problem_that_does_not_repeat_it(
    intake: Intake, path: str, code: str | None, status: int, kind: str
) -> None:
    more = {"text": "x"} if path.endswith("messages") else {}
    response = await intake.http.post(path, json={"receipt_code": code} | more, headers=keyed())

    assert response.status_code == status
    assert response.json()["type"].endswith(f"/{kind}")
    assert not code or code not in response.text


async def test_what_is_added_is_in_the_mailbox_and_sealed_to_the_station(intake: Intake) -> None:
    receipt = await intake.accepted()

    response = await intake.add(receipt["receipt_code"], "Hôm nay có thêm một ô tô.")

    mailbox = await intake.open_mailbox(receipt["receipt_code"])
    _, event = await intake.events()
    assert response.status_code == 201
    assert isinstance(event, TipSupplementedV1)
    assert (event.topic(), event.key()) == (f"tips.{BINH_TUYEN}", receipt["tip_id"])
    assert open_supplement(event, keys()[BINH_TUYEN]).text == "Hôm nay có thêm một ô tô."
    assert [grant.recipient for grant in event.sealed.grants] == [BINH_TUYEN, "recovery"]
    (message,) = mailbox["messages"]
    assert (message["author"], message["text"]) == ("reporter", "Hôm nay có thêm một ô tô.")
    assert message["message_id"] == response.json()["message_id"] == str(event.message_id)


async def test_each_addition_has_the_next_version_and_follows_the_tip(intake: Intake) -> None:
    receipt = await intake.accepted()
    code = receipt["receipt_code"]

    await asyncio.gather(*(intake.add(code, f"Bổ sung {n}") for n in range(8)))

    events = await intake.events()
    assert isinstance(events[0], TipSubmittedV1)
    supplements = [event for event in events if isinstance(event, TipSupplementedV1)]
    assert [event.sealed.version for event in supplements] == list(range(2, 10))
    assert (await intake.tips())[0]["version"] == 9
    assert len((await intake.open_mailbox(code))["messages"]) == 8


async def test_the_same_addition_again_is_added_once(intake: Intake) -> None:
    code, key = (await intake.accepted())["receipt_code"], new_key()

    responses = await asyncio.gather(*(intake.add(code, "Một lần", key) for _ in range(5)))

    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["message_id"] for response in responses}) == 1
    assert len((await intake.open_mailbox(code))["messages"]) == 1
    assert len(await intake.events()) == 2


async def test_the_same_key_with_other_words_or_for_another_tip_is_refused(intake: Intake) -> None:
    first, second = (await intake.accepted())["receipt_code"], (await intake.accepted())["receipt_code"]
    key = new_key()
    await intake.add(first, "Một", key)

    responses = [await intake.add(first, "Hai", key), await intake.add(second, "Một", key)]

    assert [response.status_code for response in responses] == [409, 409]


async def test_a_tip_and_an_addition_may_use_one_key(intake: Intake) -> None:
    key = new_key()
    receipt = (await intake.send(key)).json()

    assert (await intake.add(receipt["receipt_code"], "Thêm", key)).status_code == 201


async def test_an_addition_for_an_unknown_code_leaves_its_key_free(intake: Intake) -> None:
    key = new_key()
    await intake.add(UNKNOWN, "Thêm", key)

    assert await intake.pool.fetchval("SELECT count(*) FROM idempotency_keys") == 0


@pytest.mark.parametrize("text", ["", " ", "x" * 10_001, "a\x00"])
async def test_an_addition_that_is_no_text_is_refused(intake: Intake, text: str) -> None:
    response = await intake.add((await intake.accepted())["receipt_code"], text)

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["text"]


async def test_a_withdrawal_is_told_once_to_all_holders(intake: Intake) -> None:
    code = (await intake.accepted(category="violence"))["receipt_code"]

    first, *again = await asyncio.gather(
        *(intake.http.post("/v1/mailbox/withdraw", json={"receipt_code": code}) for _ in range(4))
    )

    withdrawn = [event for event in await intake.events() if isinstance(event, TipWithdrawnV1)]
    assert {response.status_code for response in (first, *again)} == {204}
    assert sorted(event.station for event in withdrawn) == [BINH_TUYEN, PROVINCE]
    assert (await intake.open_mailbox(code))["is_withdrawn"]


async def test_a_withdrawn_tip_goes_on(intake: Intake) -> None:
    receipt = await intake.accepted()
    await intake.http.post("/v1/mailbox/withdraw", json={"receipt_code": receipt["receipt_code"]})

    await hear(intake, opened(receipt), answered(receipt, "Vẫn đang xử lý."))
    await intake.add(receipt["receipt_code"], "Cảm ơn.")

    mailbox = await intake.open_mailbox(receipt["receipt_code"])
    assert (mailbox["status"], mailbox["is_withdrawn"]) == ("answered", True)
    assert [message["text"] for message in mailbox["messages"]] == ["Vẫn đang xử lý.", "Cảm ơn."]


async def test_the_mailbox_follows_what_the_station_announces(intake: Intake) -> None:
    receipt = await intake.accepted()
    states = []

    for event in (opened(receipt), classified(receipt), answered(receipt, "Đã rõ."), closed(receipt)):
        await hear(intake, event)
        states.append((await intake.open_mailbox(receipt["receipt_code"]))["status"])

    assert states == ["opened", "classified", "answered", "closed"]
    assert (await intake.open_mailbox(receipt["receipt_code"]))["outcome"] == "administrative"


async def test_an_answer_is_read_by_who_holds_the_code_and_arrives_once(intake: Intake) -> None:
    receipt = await intake.accepted()
    answer = answered(receipt, "Công an xã đã tiếp nhận.")

    await hear(intake, answer, answer)

    (message,) = (await intake.open_mailbox(receipt["receipt_code"]))["messages"]
    assert (message["author"], message["text"]) == ("station", "Công an xã đã tiếp nhận.")
    (body,) = await intake.pool.fetch("SELECT body FROM mailbox_messages")
    assert "Công an".encode() not in body["body"]


async def test_the_station_has_the_key_that_the_mailbox_is_read_with(intake: Intake) -> None:
    receipt = await intake.accepted()
    (event,) = await intake.events()
    assert isinstance(event, TipSubmittedV1)

    mailbox_key = open_content(event, keys()[BINH_TUYEN]).mailbox_key

    assert mailbox_key == ReceiptCode.parse(receipt["receipt_code"]).mailbox_key


async def test_an_answer_that_cannot_be_read_hides_no_other(intake: Intake) -> None:
    receipt = await intake.accepted()
    broken = about(CaseAnsweredV1, UUID(receipt["tip_id"]), message_id=uuid7(), answer=os.urandom(300), officer="7f3a")

    await hear(intake, broken, answered(receipt, "Đọc được."))

    messages = (await intake.open_mailbox(receipt["receipt_code"]))["messages"]
    assert [message["text"] for message in messages] == ["Đọc được."]


async def test_the_conversation_is_in_its_order(intake: Intake) -> None:
    receipt = await intake.accepted()
    await intake.add(receipt["receipt_code"], "một")
    await hear(intake, answered(receipt, "hai"))
    await intake.add(receipt["receipt_code"], "ba")

    messages = (await intake.open_mailbox(receipt["receipt_code"]))["messages"]

    assert [message["text"] for message in messages] == ["một", "hai", "ba"]


async def test_events_out_of_order_do_not_take_a_tip_back(intake: Intake) -> None:
    receipt = await intake.accepted()

    await hear(intake, closed(receipt), answered(receipt, "Kết quả."), classified(receipt), opened(receipt))

    assert (await intake.open_mailbox(receipt["receipt_code"]))["status"] == "closed"


async def test_a_repeated_announcement_keeps_the_first_time(intake: Intake) -> None:
    receipt = await intake.accepted()
    await hear(intake, opened(receipt), classified(receipt), answered(receipt, "Một."))
    (before,) = await intake.tips()

    await hear(intake, opened(receipt), classified(receipt), answered(receipt, "Hai."))

    assert await intake.tips() == [before]


@pytest.mark.parametrize("make", [opened, classified, closed])
async def test_a_station_that_does_not_hold_the_tip_is_rejected(intake: Intake, make: Any) -> None:
    receipt = await intake.accepted()

    with pytest.raises(Rejected):
        await hear(intake, make(receipt, station=HOI_THINH))

    assert (await intake.open_mailbox(receipt["receipt_code"]))["status"] == "received"


async def test_a_stranger_cannot_answer(intake: Intake) -> None:
    receipt = await intake.accepted()

    with pytest.raises(Rejected):
        await hear(intake, answered(receipt, "Hãy gọi số này", station=PROVINCE))

    assert (await intake.open_mailbox(receipt["receipt_code"]))["messages"] == []


async def test_an_announcement_about_an_unknown_tip_is_rejected(intake: Intake) -> None:
    with pytest.raises(Rejected):
        await hear(intake, closed({"tip_id": str(uuid7())}))


async def test_the_station_complained_of_holds_nothing(intake: Intake) -> None:
    receipt = await intake.accepted(category="officer_misconduct")

    with pytest.raises(Rejected):
        await hear(intake, opened(receipt, station=BINH_TUYEN))
    await hear(intake, opened(receipt, station=PROVINCE))


async def test_a_case_that_the_province_only_looks_at_leaves_the_tip_unopened(intake: Intake) -> None:
    receipt = await intake.accepted(category="violence")

    await hear(intake, opened(receipt, PROVINCE, is_watching=True))
    assert (await intake.open_mailbox(receipt["receipt_code"]))["status"] == "received"
    await hear(intake, opened(receipt))

    assert (await intake.open_mailbox(receipt["receipt_code"]))["status"] == "opened"


def unopened(urgency: str) -> tuple[float | None, float | None]:
    """How many, and for how many seconds the oldest has waited, as an operator sees it."""
    count = metrics.REGISTRY.get_sample_value("tinbao_unopened_tips", {"urgency": urgency})
    return count, metrics.REGISTRY.get_sample_value("tinbao_unopened_oldest_seconds", {"urgency": urgency})


async def test_an_operator_sees_how_many_tips_nobody_has_opened_and_how_long_the_oldest_waits(intake: Intake) -> None:
    # given a tip that its station has opened, and three that it has not
    await hear(intake, opened(await intake.accepted()))
    await intake.accepted()
    await intake.accepted()
    danger = await intake.accepted(category="violence")
    at = datetime.fromisoformat(danger["received_at"]) + timedelta(minutes=5)

    async with transaction(intake.pool) as conn:
        await count_unopened(conn, at)

    count, age = unopened("normal")
    assert count == 2
    assert age is not None
    assert age >= 300
    assert unopened("immediate") == (1, 300)
    assert unopened("administrative") == (0, 0)

    # when the last one of a kind is opened
    await hear(intake, opened(danger))
    async with transaction(intake.pool) as conn:
        await count_unopened(conn, at)

    assert unopened("immediate") == (0, 0)
