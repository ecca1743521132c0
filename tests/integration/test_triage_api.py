"""The API as a client app sees it: tokens, the life of a case, and what is said where something cannot be."""

import os
from collections.abc import AsyncIterator
from typing import Any
from unicodedata import normalize

import httpx
import pytest
from tinbao_contracts.places import PROVINCE
from tinbao_runtime.clock import now
from tinbao_triage.main import create_api
from tinbao_triage.officer import Officer
from uuid_utils.compat import uuid7

from tests.support.eventually import eventually
from tests.support.servers import PostgresServer
from tests.support.triage import (
    AUDITOR,
    HA,
    HUNG,
    NOBODYS_ISSUER,
    OF_PROVINCE,
    VINH,
    Deployment,
    a_content,
    a_deployment,
    a_proposal,
    a_supplement,
    an_officer,
    an_opening,
)
from tests.support.triage_http import KeyProvider, a_key_provider, an_app_client

PROBLEMS = "https://tinbao.org/problems/"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[KeyProvider]:
    async with a_key_provider() as running:
        yield running


@pytest.fixture(scope="module")
async def station(
    postgres: PostgresServer, provider: KeyProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    """Shared by the tests of this file: each has its own tips."""
    async with a_deployment(postgres, tmp_path_factory.mktemp("keys"), oidc_issuer=provider.issuer) as deployment:
        yield deployment


@pytest.fixture(scope="module")
async def province(
    postgres: PostgresServer, provider: KeyProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    folder = tmp_path_factory.mktemp("keys")
    async with a_deployment(postgres, folder, station=PROVINCE, oidc_issuer=provider.issuer) as deployment:
        yield deployment


class App:
    """A client app that acts for officers."""

    def __init__(self, deployment: Deployment, provider: KeyProvider) -> None:
        self._http = an_app_client(create_api(deployment.settings, deployment.pool))
        self._provider = provider

    async def get(self, path: str, officer: Officer = HA, **query: Any) -> httpx.Response:
        return await self._http.get(path, params=query, headers=self._as(officer))

    async def post(self, path: str, body: Any = None, officer: Officer = HA, key: str | None = None) -> httpx.Response:
        headers = {**self._as(officer), "Idempotency-Key": key or os.urandom(18).hex()}
        return await self._http.post(path, json=body, headers=headers)

    async def with_header(self, authorization: str | None) -> httpx.Response:
        return await self._http.get("/v1/cases", headers={"Authorization": authorization} if authorization else {})

    def _as(self, officer: Officer) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._provider.token_of(officer)}"}


@pytest.fixture(scope="module")
def app(station: Deployment, provider: KeyProvider) -> App:
    return App(station, provider)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["type"].removeprefix(PROBLEMS)


def wrong_fields(answer: httpx.Response) -> list[str]:
    assert problem(answer) in {(422, "invalid-request"), (422, "unknown-category"), (422, "unknown-officer")}
    return [error["field"] for error in answer.json()["errors"]]


async def test_without_a_token_nobody_is_signed_in(app: App) -> None:
    answer = await app.with_header(None)

    assert problem(answer) == (401, "not-signed-in")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer ", "Basic aGE6aGE=", "Bearer"])
async def test_a_header_without_a_token_is_no_token(app: App, header: str) -> None:
    assert problem(await app.with_header(header)) == (401, "not-signed-in")


async def test_a_token_in_order_opens_the_api(app: App, provider: KeyProvider) -> None:
    answer = await app.with_header(f"bearer {provider.token_of(HA)}")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"exp": 1}, {"aud": "triage-08944"}, {"iss": "http://127.0.0.1:9"}],
    ids=["expired", "an ID token", "of another issuer"],
)
async def test_a_token_that_is_not_in_order_does_not_count(
    app: App, provider: KeyProvider, wrong: dict[str, Any]
) -> None:
    answer = await app.with_header(f"Bearer {provider.token_of(HA, **wrong)}")

    assert problem(answer) == (401, "bad-token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_token_of_a_new_key_counts_once_the_keys_are_fetched_again(app: App, provider: KeyProvider) -> None:
    assert (await app.get("/v1/cases")).status_code == 200
    provider.rotate()

    async def counts() -> bool:
        return (await app.get("/v1/cases")).status_code == 200

    assert await eventually(counts)


async def test_while_the_provider_is_away_nobody_can_be_told_apart(station: Deployment, provider: KeyProvider) -> None:
    settings = station.settings.model_copy(update={"oidc_issuer": NOBODYS_ISSUER})
    client = an_app_client(create_api(settings, station.pool), provider.token_of(HA))

    answer = await client.get("/v1/cases")

    assert problem(answer) == (503, "provider-away")
    assert answer.headers["retry-after"] == "10"


async def test_a_case_goes_from_the_list_to_its_closing(app: App, station: Deployment) -> None:
    tip = await station.open_tip(content=a_content("Có người phá khóa."), received_at=now(), category="drugs")
    case = f"/v1/cases/{tip.tip_id}"

    (listed,) = (await app.get("/v1/cases", category="drugs")).json()["cases"]
    claimed = (await app.post(f"{case}/claim")).json()
    sealed = (await app.get(case)).json()
    opened = (await app.post(f"{case}/content", {"reason": "verification", "note": "theo đơn"})).json()
    classified = (await app.post(f"{case}/classify", {"category": "noise", "urgency": "administrative"})).json()
    answered = await app.post(f"{case}/answers", {"text": "  Đã tiếp nhận.\n"})
    noted = await app.post(f"{case}/notes", {"text": "Đã gọi."})
    closed = (await app.post(f"{case}/close", {"outcome": "administrative", "text": "Đã xử lý."})).json()
    after = (await app.get(case)).json()

    assert (listed["tip_id"], listed["status"], listed["place"]) == (str(tip.tip_id), "open", "Dãy trọ")
    assert (claimed["status"], claimed["assignee"], claimed["assignee_name"]) == ("assigned", "ha", HA.name)
    assert (sealed["text"], opened["text"]["text"]) == (None, "Có người phá khóa.")
    assert (classified["category"], classified["urgency"]) == ("noise", "administrative")
    assert (answered.status_code, noted.status_code) == (201, 201)
    assert (closed["status"], closed["outcome"]) == ("closed", "administrative")
    assert [answer["text"] for answer in after["text"]["answers"]] == ["Đã tiếp nhận.", "Đã xử lý."]
    assert [step["action"] for step in after["timeline"]] == [
        *("opened", "claim", "open", "classify", "answer", "note", "answer", "close")
    ]


async def test_what_an_officer_writes_on_any_keyboard_is_kept_in_one_form(app: App, station: Deployment) -> None:
    tip = await station.classified_tip()
    await app.post(f"/v1/cases/{tip.tip_id}/notes", {"text": normalize("NFD", "Đã gọi tổ trưởng.")})

    file = (await app.post(f"/v1/cases/{tip.tip_id}/content", {"reason": "verification"})).json()

    assert [note["text"] for note in file["text"]["notes"]] == ["Đã gọi tổ trưởng."]


async def test_the_next_tip_is_taken_until_there_is_none(app: App, station: Deployment) -> None:
    await station.pool.execute("UPDATE cases SET status = 'closed'")
    tip = await station.open_tip()

    taken, nothing = [await app.post("/v1/cases/claim-next", officer=HUNG) for _ in range(2)]

    assert taken.json()["tip_id"] == str(tip.tip_id)
    assert (nothing.status_code, nothing.json()) == (200, None)


async def test_a_list_is_paged_by_its_cursor(app: App, station: Deployment) -> None:
    tips = {str((await station.open_tip(category="racing")).tip_id) for _ in range(3)}

    first = (await app.get("/v1/cases", category="racing", limit=2)).json()
    second = (await app.get("/v1/cases", category="racing", limit=2, cursor=first["next_cursor"])).json()

    assert (len(first["cases"]), len(second["cases"]), second["next_cursor"]) == (2, 1, None)
    assert {case["tip_id"] for page in (first, second) for case in page["cases"]} == tips


async def test_no_right_is_forbidden(app: App, station: Deployment) -> None:
    tip = await station.classified_tip(officer=HUNG)

    closing = await app.post(f"/v1/cases/{tip.tip_id}/close", {"outcome": "no_sign"}, HUNG)
    listing = await app.get("/v1/cases", AUDITOR)

    assert problem(closing) == problem(listing) == (403, "not-allowed")


async def test_a_case_that_somebody_was_faster_with_is_a_conflict(app: App, station: Deployment) -> None:
    tip = await station.open_tip()
    await app.post(f"/v1/cases/{tip.tip_id}/claim", officer=HUNG)

    assert problem(await app.post(f"/v1/cases/{tip.tip_id}/claim")) == (409, "not-now")


async def test_a_foreign_tip_and_an_absent_one_answer_the_same(province: Deployment, provider: KeyProvider) -> None:
    tip = await province.open_tip(station="08869")
    app, chief = App(province, provider), an_officer("chief", stations=("08950",))

    for act, body in (
        ("content", {"reason": "verification"}),
        ("claim", None),
        ("assign", {"officer": "ha", "officer_name": "Hà"}),
        ("classify", {"category": "other", "urgency": "normal"}),
        ("answers", {"text": "x"}),
        ("notes", {"text": "x"}),
        ("propose-alert", a_proposal().model_dump(mode="json")),
        ("close", {"outcome": "no_sign"}),
    ):
        foreign, absent = [await app.post(f"/v1/cases/{tip_id}/{act}", body, chief) for tip_id in (tip.tip_id, uuid7())]
        assert (foreign.status_code, foreign.content) == (absent.status_code, absent.content) == (404, foreign.content)
        assert foreign.headers == absent.headers

    foreign, absent = [await app.get(f"/v1/cases/{tip_id}", chief) for tip_id in (tip.tip_id, uuid7())]
    assert (foreign.status_code, foreign.content) == (absent.status_code, absent.content)
    assert problem(foreign) == (404, "case-not-found")


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("content", {}, "reason"),
        ("content", {"reason": "curiosity"}, "reason"),
        ("content", {"reason": "verification", "note": "x" * 1_001}, "note"),
        ("classify", {"category": "noise"}, "urgency"),
        ("classify", {"category": "noise", "urgency": "at once"}, "urgency"),
        ("classify", {"category": "of_tomorrow", "urgency": "normal"}, "category"),
        ("assign", {"officer": ""}, "officer"),
        ("assign", {"officer": "new", "officer_name": "\x00"}, "officer_name"),
        ("assign", {"officer": "who-was-never-here"}, "officer"),
        ("answers", {}, "text"),
        ("answers", {"text": " \n "}, "text"),
        ("answers", {"text": "x" * 10_001}, "text"),
        ("notes", {"text": 7}, "text"),
        ("close", {"outcome": "prosecute"}, "outcome"),
        ("close", {"outcome": "no_sign", "text": ""}, "text"),
    ],
)
async def test_a_body_that_is_not_in_order_is_refused_by_the_name_of_its_field(
    app: App, station: Deployment, act: str, body: dict[str, Any], field: str
) -> None:
    tip = await station.classified_tip()

    assert wrong_fields(await app.post(f"/v1/cases/{tip.tip_id}/{act}", body, VINH)) == [field]


async def test_what_was_sent_is_not_repeated_in_a_refusal(app: App, station: Deployment) -> None:
    tip = await station.classified_tip()

    answer = await app.post(f"/v1/cases/{tip.tip_id}/answers", {"text": "tin-mật" * 2_000, "số-điện-thoại": "0912"})

    assert answer.status_code == 422
    for word in ("tin-m", "0912", "điện", "\\u1ead"):
        assert word not in answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"overdue": "maybe"}, "overdue"),
        ({"category": "\x00"}, "category"),
        ({"assignee": "hung"}, "assignee"),
        ({"limit": 201}, "limit"),
        ({"limit": 0}, "limit"),
        ({"q": "Nguyễn"}, "query"),
        ({"cursor": "x" * 201}, "cursor"),
    ],
)
async def test_a_filter_that_does_not_exist_is_refused(app: App, query: dict[str, Any], field: str) -> None:
    assert wrong_fields(await app.get("/v1/cases", **query)) == [field]


@pytest.mark.parametrize("cursor", ["x", "MjAyNi0xMS0zMCBub3QtYW4taWQ="])
async def test_a_cursor_that_is_not_ours_is_refused(app: App, cursor: str) -> None:
    assert problem(await app.get("/v1/cases", cursor=cursor)) == (422, "bad-cursor")


@pytest.mark.parametrize("key", ["too-short", "x" * 256])
async def test_a_key_without_enough_chance_in_it_is_refused(app: App, station: Deployment, key: str) -> None:
    tip = await station.classified_tip()

    assert wrong_fields(await app.post(f"/v1/cases/{tip.tip_id}/answers", {"text": "x"}, key=key)) == [
        "Idempotency-Key"
    ]


async def test_a_repeated_request_has_the_same_answer_and_another_body_is_a_conflict(
    app: App, station: Deployment
) -> None:
    tip, key = await station.classified_tip(), os.urandom(18).hex()
    answers = f"/v1/cases/{tip.tip_id}/answers"

    first, second = [await app.post(answers, {"text": "Đã tiếp nhận."}, key=key) for _ in range(2)]
    other = await app.post(answers, {"text": "Chưa tiếp nhận."}, key=key)

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert problem(other) == (409, "idempotency-key-reused")


async def test_an_id_that_is_none_is_refused_and_an_unknown_route_is_absent(app: App) -> None:
    assert wrong_fields(await app.get("/v1/cases/413")) == ["tip_id"]
    assert problem(await app.get("/v1/case")) == (404, "not-found")


async def test_a_text_whose_key_is_lost_is_gone(app: App, station: Deployment) -> None:
    tip = await station.classified_tip()
    await station.pool.execute("UPDATE cases SET content_key = '' WHERE tip_id = $1", tip.tip_id)

    answer = await app.post(f"/v1/cases/{tip.tip_id}/content", {"reason": "verification"})

    assert problem(answer) == (410, "content-erased")


async def test_the_list_never_shows_the_text_and_the_case_only_once_it_is_opened(app: App, station: Deployment) -> None:
    tip = await station.open_tip(content=a_content("chu-cua-nguoi-bao"), category="weapons")
    await station.take(a_supplement(tip, station.key, "chu-bo-sung"))
    await app.post(f"/v1/cases/{tip.tip_id}/content", {"reason": "supervision"}, VINH)

    shown = [
        (await app.get("/v1/cases", VINH, category="weapons")).text,
        (await app.get(f"/v1/cases/{tip.tip_id}", HA)).text,
        (await app.get("/v1/overview", OF_PROVINCE)).text,
    ]

    assert not any(word in text for text in shown for word in ("chu-cua-nguoi-bao", "chu-bo-sung"))
    assert "chu-bo-sung" in (await app.get(f"/v1/cases/{tip.tip_id}", VINH)).text


async def test_the_chief_gives_a_case_to_an_officer_of_the_list(app: App, station: Deployment) -> None:
    await station.classified_tip(officer=HUNG)
    tip = await station.open_tip()

    officers = (await app.get("/v1/officers", VINH)).json()
    assigned = (await app.post(f"/v1/cases/{tip.tip_id}/assign", {"officer": "hung"}, VINH)).json()

    assert {"officer": "hung", "officer_name": HUNG.name} in officers
    assert (assigned["assignee"], assigned["assignee_name"]) == ("hung", HUNG.name)
    assert problem(await app.get("/v1/officers", HUNG)) == (403, "not-allowed")


async def test_the_auditor_of_the_province_sees_the_overview_and_nothing_else(
    province: Deployment, provider: KeyProvider
) -> None:
    app, tip = App(province, provider), await province.open_tip()
    await province.take(an_opening(now(), tip.urgency))

    (seen,) = (await app.get("/v1/overview", AUDITOR)).json()

    assert (seen["station"], seen["status"]) == ("08944", "open")
    assert seen["deadline_at"] > seen["received_at"]
    for path in ("/v1/cases", f"/v1/cases/{tip.tip_id}", "/v1/officers"):
        assert problem(await app.get(path, AUDITOR)) == (403, "not-allowed")
    assert problem(await app.post("/v1/cases/claim-next", officer=AUDITOR)) == (403, "not-allowed")


async def test_every_answer_has_the_headers_that_allow_nothing_foreign(app: App) -> None:
    answer = await app.get("/v1/cases")

    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
