"""A tip is accepted whole or not at all, once however often it is sent, and refused in words a program can use."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.events import TipEscalatedV1, TipSubmittedV1
from tinbao_intake.receipt import ReceiptCode
from tinbao_runtime import outbox
from tinbao_runtime.body_limit import MAX_BODY_BYTES

from tests.support.intake import (
    BINH_TUYEN,
    PROVINCE,
    Intake,
    a_tip,
    an_intake,
    keyed,
    keys,
    new_key,
    open_content,
    open_slip,
)
from tests.support.servers import PostgresServer

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
async def running(postgres: PostgresServer) -> AsyncIterator[Intake]:
    async with an_intake(postgres) as intake:
        yield intake


@pytest.fixture
async def intake(running: Intake) -> Intake:
    await running.empty()
    return running


@pytest.fixture
async def refusing(intake: Intake) -> AsyncIterator[Intake]:
    """For a test in which nothing may be stored."""
    yield intake
    assert await intake.tips() == []
    assert await intake.events() == []


def problem(response: Any) -> tuple[str, list[str]]:
    """The last part of its type, and the fields it names."""
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    return document["type"].rpartition("/")[2], [error["field"] for error in document.get("errors", ())]


async def test_an_accepted_tip_is_answered_with_its_receipt(intake: Intake) -> None:
    response = await intake.send(text="Mất một xe máy.")

    receipt = response.json()
    assert response.status_code == 201
    assert receipt["station"] == BINH_TUYEN
    assert receipt["station_name"] == "Công an xã Bình Tuyền"
    assert receipt["urgency"] == "normal"
    assert ReceiptCode.parse(receipt["receipt_code"])
    assert UUID(receipt["tip_id"]).version == 7


async def test_a_tip_and_its_event_are_stored_together_and_sealed(intake: Intake) -> None:
    receipt = await intake.accepted(text="Mất một xe máy.", place="Quán nước", reporter_role="shop")

    (row,) = await intake.tips()
    (event,) = await intake.events()
    assert isinstance(event, TipSubmittedV1)
    assert str(row["tip_id"]) == str(event.tip_id) == receipt["tip_id"]
    assert (row["station"], row["holders"], row["version"]) == (BINH_TUYEN, [BINH_TUYEN], 1)
    assert row["lookup"] == ReceiptCode.parse(receipt["receipt_code"]).lookup
    assert open_content(event, keys()[BINH_TUYEN]).text == "Mất một xe máy."
    assert open_slip(event, keys()[BINH_TUYEN]).place == "Quán nước"


async def test_where_a_life_is_in_danger_station_and_province_get_an_event_each(intake: Intake) -> None:
    receipt = await intake.accepted(category="violence")

    submitted, escalated = await intake.events()
    assert isinstance(submitted, TipSubmittedV1)
    assert isinstance(escalated, TipEscalatedV1)
    assert (submitted.station, escalated.station, escalated.holder) == (BINH_TUYEN, PROVINCE, BINH_TUYEN)
    assert receipt["urgency"] == "immediate"


async def test_a_tip_about_officers_reaches_the_province_alone(intake: Intake) -> None:
    receipt = await intake.accepted(category="officer_misconduct")

    (event,) = await intake.events()
    assert event.topic() == "tips.25"
    assert receipt["station"] == PROVINCE
    assert BINH_TUYEN not in str([dict(row) for row in await intake.tips()])


async def test_a_tip_that_kafka_would_refuse_is_not_stored_either(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_key()
    with monkeypatch.context() as smaller:
        smaller.setattr(outbox, "MAX_RECORD_BYTES", 1_000)
        response = await intake.send(key)

    assert response.status_code == 413
    assert problem(response) == ("tip-too-large", ["text"])
    assert await intake.tips() == []
    assert await intake.events() == []
    assert (await intake.send(key)).status_code == 201  # the key was not used up


async def test_the_same_request_again_gets_the_same_receipt(intake: Intake) -> None:
    key = new_key()

    first, second = await intake.send(key), await intake.send(key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(await intake.tips()) == len(await intake.events()) == 1


async def test_the_same_tip_written_otherwise_is_the_same_request(intake: Intake) -> None:
    key, tip = new_key(), a_tip(text="Trộm xe")
    first = await intake.http.post("/v1/tips", json=tip, headers=keyed(key))

    pretty = json.dumps({**dict(reversed(tip.items())), "text": " Trộm xe\r\n"}, indent=4)
    second = await intake.http.post("/v1/tips", content=pretty, headers=keyed(key) | JSON)

    assert second.json() == first.json()


async def test_ten_equal_requests_at_once_are_one_tip(intake: Intake) -> None:
    key = new_key()

    responses = await asyncio.gather(*(intake.send(key) for _ in range(10)))

    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["receipt_code"] for response in responses}) == 1
    assert len(await intake.tips()) == len(await intake.events()) == 1


async def test_the_same_key_with_another_tip_is_refused(intake: Intake) -> None:
    key = new_key()
    await intake.send(key)

    response = await intake.send(key, text="Một tin khác.")

    assert response.status_code == 409
    assert problem(response) == ("idempotency-key-reused", [])
    assert len(await intake.tips()) == 1


async def test_tips_that_are_sent_at_once_each_get_their_own_code(intake: Intake) -> None:
    responses = await asyncio.gather(*(intake.send() for _ in range(30)))

    assert len({response.json()["receipt_code"] for response in responses}) == 30
    assert len(await intake.tips()) == len(await intake.events()) == 30


async def test_a_receipt_code_is_stored_nowhere(intake: Intake) -> None:
    receipt = await intake.accepted()

    code = receipt["receipt_code"]
    tables = ("tips", "outbox_events", "outbox", "idempotency_keys", "mailbox_messages")
    stored = [str(await intake.pool.fetch(f"SELECT t::text FROM {table} t")) for table in tables]  # noqa: S608 - ours
    for word in (code, code.replace("-", ""), code.encode().hex(), str(ReceiptCode.parse(code).number)):
        assert word not in "".join(stored)


@pytest.mark.parametrize(
    ("fields", "kind", "named"),
    [
        ({"commune": "Bình Xuyên"}, "unknown-commune", ["commune"]),
        ({"commune": "Sao Hỏa"}, "unknown-commune", ["commune"]),
        ({"commune": "04792"}, "no-station", ["commune"]),
        ({"category": "gossip"}, "unknown-category", ["category"]),
        ({"text": ""}, "invalid-request", ["text"]),
        ({"text": "a\x00b"}, "invalid-request", ["text"]),
        ({"text": "x" * 10_001}, "invalid-request", ["text"]),
        ({"text": None}, "invalid-request", ["text"]),
        ({"text": 5, "place": []}, "invalid-request", ["text", "place"]),
        ({"contact": {"phone": "113"}}, "invalid-request", ["contact.phone"]),
        ({"contact": "0912345678"}, "invalid-request", ["contact"]),
        ({"happening_now": "perhaps"}, "invalid-request", ["happening_now"]),
        ({"reporter_role": "king"}, "invalid-request", ["reporter_role"]),
        ({"tex": "x"}, "invalid-request", ["body"]),
    ],
)
async def test_a_refused_tip_names_the_field(
    refusing: Intake, fields: dict[str, Any], kind: str, named: list[str]
) -> None:
    response = await refusing.send(**fields)

    assert response.status_code == 422
    assert problem(response) == (kind, named)


async def test_a_commune_with_two_meanings_is_answered_with_both(refusing: Intake) -> None:
    response = await refusing.send(commune="Bình Xuyên")

    (error,) = response.json()["errors"]
    assert "Xã Bình Xuyên" in error["detail"]
    assert "Xã Bình Tuyền" in error["detail"]


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "short"}, keyed("x" * 256)])
async def test_a_request_without_a_long_random_key_is_refused(refusing: Intake, headers: dict[str, str]) -> None:
    response = await refusing.http.post("/v1/tips", json=a_tip(), headers=headers)

    assert response.status_code == 422
    assert problem(response) == ("invalid-request", ["Idempotency-Key"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"5", 422),
        (b'{"text": "\xff"}', 400),
        (b'{"text": "\\ud800", "commune": "08944", "category": "noise"}', 422),
        (b'{"\\ud800": 1}', 422),
        (b"[" * 100_000, 400),
        (b'{"contact":' * 20_000, 400),
        (b"1" * 5_000, 400),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_what_is_no_tip_is_refused_and_never_a_failure_of_ours(
    refusing: Intake, body: bytes, status: int
) -> None:
    response = await refusing.http.post("/v1/tips", content=body, headers=keyed() | JSON)

    assert response.status_code == status
    problem(response)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
async def test_a_tip_that_is_not_said_to_be_json_is_refused(refusing: Intake, kind: str) -> None:
    response = await refusing.http.post("/v1/tips", content=b'{"a": 1}', headers=keyed() | {"content-type": kind})

    assert response.status_code == 422
    problem(response)


@pytest.mark.parametrize("path", ["/v1/tips", "/v1/mailbox/open", "/v1/mailbox/messages", "/v1/mailbox/withdraw"])
async def test_a_request_that_is_too_large_is_refused_before_it_is_read(refusing: Intake, path: str) -> None:
    response = await refusing.http.post(path, content=b" " * (MAX_BODY_BYTES + 1), headers=keyed() | JSON)

    assert response.status_code == 413
    assert problem(response) == ("request-too-large", [])


async def test_a_request_that_does_not_say_its_length_is_counted(refusing: Intake) -> None:
    async def endless() -> AsyncIterator[bytes]:
        sent = 0
        while True:
            yield b" " * 65_536
            sent += 65_536
            assert sent < 2 * MAX_BODY_BYTES

    response = await refusing.http.post("/v1/tips", content=endless(), headers=keyed() | JSON)

    assert response.status_code == 413
    assert problem(response) == ("request-too-large", [])


async def test_the_longest_tip_in_the_longest_writing_is_taken(intake: Intake) -> None:
    longest = "\N{AUTOMOBILE}" * 10_000
    body = json.dumps(a_tip(text=longest, place=longest[:500], happened_at=longest[:500]))

    response = await intake.http.post("/v1/tips", content=body.encode(), headers=keyed() | JSON)

    assert len(body) > 120_000
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/tips", 405, "method-not-allowed"),
        ("DELETE", "/v1/tips", 405, "method-not-allowed"),
        ("GET", "/v1/nowhere", 404, "not-found"),
        ("GET", "/v1/stations", 422, "invalid-request"),
    ],
)
async def test_any_other_error_is_a_problem_document_too(
    refusing: Intake, method: str, path: str, status: int, kind: str
) -> None:
    response = await refusing.http.request(method, path)

    assert response.status_code == status
    assert problem(response)[0] == kind


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://other.test"}]
)
async def test_a_tip_that_another_site_makes_a_browser_send_is_refused(
    refusing: Intake, headers: dict[str, str]
) -> None:
    response = await refusing.http.post("/v1/tips", json=a_tip(), headers=keyed() | headers)

    assert response.status_code == 403
    assert problem(response) == ("cross-origin", [])


async def test_an_answer_with_a_receipt_code_is_kept_nowhere(intake: Intake) -> None:
    sent = await intake.send()
    opened = await intake.http.post("/v1/mailbox/open", json={"receipt_code": sent.json()["receipt_code"]})

    assert sent.headers["cache-control"] == opened.headers["cache-control"] == "no-store"


async def test_a_failure_of_ours_is_a_problem_with_headers_and_stores_nothing(
    refusing: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("Mất một xe máy")

    monkeypatch.setattr(outbox, "enqueue", fail)
    response = await refusing.send()

    assert response.status_code == 500
    assert problem(response) == ("internal-error", [])
    assert "xe máy" not in response.text
    assert "content-security-policy" in response.headers


async def test_the_categories_are_those_of_the_catalogue(refusing: Intake) -> None:
    categories = (await refusing.http.get("/v1/categories")).json()

    assert [category["code"] for category in categories] == list(load_catalogue())
    assert categories[0]["basis"] == ["BLHS Điều 123", "BLHS Điều 133", "BLHS Điều 134"]


@pytest.mark.parametrize("asked", ["Bình Tuyền", "binh tuyen", "ca xã bình tuyền"])
async def test_a_station_is_found_by_the_name_of_its_commune(refusing: Intake, asked: str) -> None:
    response = await refusing.http.get("/v1/stations", params={"q": asked})

    assert response.json() == [
        {
            "commune": BINH_TUYEN,
            "commune_name": "Xã Bình Tuyền",
            "station": BINH_TUYEN,
            "station_name": "Công an xã Bình Tuyền",
        }
    ]


async def test_a_commune_without_a_station_is_not_offered(refusing: Intake) -> None:
    assert (await refusing.http.get("/v1/stations", params={"q": "Tân Hòa"})).json() == []
