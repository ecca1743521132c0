"""Broadcasters over HTTP: apps with tokens, and browsers that fill in the console's forms."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.mail import a_mail_server
from tests.support.notify import LONG, MAI, OF_HOI_THINH, Notify, a_draft, a_notify
from tests.support.runtime import running
from tests.support.servers import PostgresServer
from tests.support.triage_http import a_key_provider

KEY = "kJr3Yp0tQm6W1c9Vb2Nn8A"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture
async def notify(postgres: PostgresServer) -> AsyncIterator[Notify]:
    async with a_mail_server() as mail, a_key_provider() as provider, a_notify(postgres, mail, provider=provider) as it:
        yield it


def typed(**differences: object) -> dict[str, object]:
    fields = {
        "category": "online_fraud",
        "headline_vi": "Giả danh công an",
        "description_vi": "Không chuyển tiền.",
        "headline_en": "Callers pose as police",
        "description_en": "Do not transfer money.",
        "urgency": "Expected",
        "severity": "Moderate",
        "certainty": "Observed",
        "area": ["08944"],
        "expires_at": "2099-11-24T08:15",
    }
    return {**fields, "idempotency_key": KEY, **differences}


async def drafted(notify: Notify, **differences: object) -> str:
    """The address of a new draft's page."""
    response = await notify.http.post("/console/new", data=typed(**differences), headers=notify.token(MAI))
    assert response.status_code == 303, response.text
    return response.headers["location"]


def form(page: httpx.Response, action: str) -> dict[str, str]:
    """The hidden fields of the form whose address ends with `action`."""
    forms = re.findall(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    ((_, inside),) = [each for each in forms if each[0].endswith(action)]
    return dict(HIDDEN.findall(inside))


async def test_an_alert_goes_through_the_console_from_draft_to_cancellation(notify: Notify) -> None:
    await notify.subscribe("an@example.org")
    address = await drafted(notify)
    await notify.http.post(f"{address}/submit", headers=notify.token(MAI))

    page = await notify.http.get(address, headers=notify.token(LONG))
    assert "Sắp gửi tới 1 người tại Xã Bình Tuyền." in page.text
    approval = {**form(page, "/approve"), "area": "xa binh tuyen"}
    issued = await notify.http.post(f"{address}/approve", data=approval, headers=notify.token(LONG))
    assert issued.status_code == 303
    async with running(notify.sending()):
        await eventually(lambda: sent(notify))
    page = await notify.http.get(f"{address}?lang=en", headers=notify.token(MAI))
    assert re.search(r"<dt>Sent</dt><dd>1</dd>", page.text)

    await notify.http.post(f"{address}/cancel", headers=notify.token(MAI))

    assert "Đã hủy" in (await notify.http.get("/")).text


async def sent(notify: Notify) -> bool:
    return await notify.letters("sent") == 1


async def test_the_author_is_shown_no_approval_and_cannot_post_one(notify: Notify) -> None:
    address = await drafted(notify)
    await notify.http.post(f"{address}/submit", headers=notify.token(MAI))

    page = await notify.http.get(address, headers=notify.token(MAI))

    assert "/approve" not in page.text
    digest = await notify.digest(UUID(address.rpartition("/")[2]))
    posted = {"digest": digest.hex(), "area": "Xã Bình Tuyền"}
    refused = await notify.http.post(f"{address}/approve", data=posted, headers=notify.token(MAI))
    assert refused.status_code == 409
    assert "Người soạn hoặc trình không được tự phê duyệt" in refused.text


@pytest.mark.parametrize("area", ["", "Xã Hội Thịnh", "Bình Tuyền"])
async def test_without_the_areas_name_nothing_is_issued(notify: Notify, area: str) -> None:
    address = await drafted(notify)
    await notify.http.post(f"{address}/submit", headers=notify.token(MAI))
    page = await notify.http.get(address, headers=notify.token(LONG))

    data = {**form(page, "/approve"), "area": area}
    refused = await notify.http.post(f"{address}/approve", data=data, headers=notify.token(LONG))

    assert refused.status_code == 409
    assert await notify.rows("SELECT FROM alerts WHERE status = 'issued'") == []


async def test_a_page_that_is_out_of_date_approves_nothing(notify: Notify) -> None:
    address = await drafted(notify)
    await notify.http.post(f"{address}/submit", headers=notify.token(MAI))
    page = await notify.http.get(address, headers=notify.token(LONG))
    await notify.http.post(f"{address}/edit", data=typed(headline_vi="Khác"), headers=notify.token(MAI))
    await notify.http.post(f"{address}/submit", headers=notify.token(MAI))

    data = {**form(page, "/approve"), "area": "Xã Bình Tuyền"}
    refused = await notify.http.post(f"{address}/approve", data=data, headers=notify.token(LONG))

    assert (refused.status_code, "Khác" in refused.text) == (409, True)
    assert await notify.rows("SELECT FROM alerts WHERE status = 'issued'") == []


@pytest.mark.parametrize(
    ("mistake", "field"),
    [
        ({"headline_vi": " "}, "headline_vi"),
        ({"description_en": ""}, "description_en"),
        ({"area": []}, "area"),
        ({"area": ["08905"]}, "area"),
        ({"category": "officer_misconduct"}, "category"),
        ({"expires_at": "soon"}, "expires_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_mistake_shows_the_form_again_with_what_was_typed(
    notify: Notify, mistake: dict[str, object], field: str
) -> None:
    response = await notify.http.post("/console/new", data=typed(**mistake), headers=notify.token(MAI))

    assert response.status_code == 422
    assert f'href="#{field}"' in response.text
    assert "Không chuyển tiền." in response.text
    assert await notify.rows("SELECT FROM alerts") == []


async def test_the_console_asks_strangers_to_sign_in(notify: Notify) -> None:
    page = await notify.http.get("/console", headers={"Accept": "text/html"})

    assert (page.status_code, "/login" in page.text) == (401, True)
    assert (await notify.http.get("/console")).json()["type"].endswith("/not-signed-in")


async def test_an_app_takes_an_alert_from_draft_to_cancellation(notify: Notify) -> None:
    body = {"station": "08944", "draft": a_draft().model_dump(mode="json")}
    drafted = await notify.http.post("/v1/alerts", json=body, headers={**notify.token(MAI), "Idempotency-Key": KEY})
    assert drafted.status_code == 201, drafted.text
    alert = f"/v1/alerts/{drafted.json()['alert_id']}"
    changed = await notify.http.patch(alert, json={"severity": "Severe"}, headers=notify.token(MAI))
    assert changed.json()["draft"]["severity"] == "Severe"
    submitted = await notify.http.post(f"{alert}/submit", headers=notify.token(MAI))
    digest = {"digest": submitted.json()["digest"]}

    own = await notify.http.post(f"{alert}/approve", json=digest, headers=notify.token(MAI))
    assert (own.status_code, own.json()["type"].rpartition("/")[2]) == (403, "own-alert")
    other = await notify.http.post(f"{alert}/approve", json={"digest": "00" * 32}, headers=notify.token(LONG))
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (409, "alert-changed")
    issued = await notify.http.post(f"{alert}/approve", json=digest, headers=notify.token(LONG))
    assert (issued.status_code, issued.json()["status"]) == (200, "issued")
    foreign = await notify.http.post(f"{alert}/cancel", headers=notify.token(OF_HOI_THINH))
    assert foreign.status_code == 404
    cancelled = await notify.http.post(f"{alert}/cancel", headers=notify.token(LONG))
    assert cancelled.json()["status"] == "cancelled"


async def test_an_app_subscribes_somebody_who_agreed(notify: Notify) -> None:
    body = {"email": "an@example.org", "communes": ["08944"], "consent": True}
    headers = {"Idempotency-Key": KEY}

    assert (await notify.http.post("/v1/subscriptions", json=body, headers=headers)).status_code == 202
    assert (await notify.http.post("/v1/subscriptions", json=body, headers=headers)).status_code == 202
    refused = await notify.http.post("/v1/subscriptions", json={**body, "consent": False}, headers=headers)

    assert refused.status_code == 422
    assert len(await notify.rows("SELECT FROM subscriptions")) == 1
    assert (await notify.http.get("/v1/consent")).json()["version"] == "2026-11-24"


async def test_an_address_is_in_no_error_and_no_log(notify: Notify, caplog: pytest.LogCaptureFixture) -> None:
    body = {"email": "an@@example.org", "communes": ["08944"], "consent": True}

    refused = await notify.http.post("/v1/subscriptions", json=body, headers={"Idempotency-Key": KEY})

    assert refused.status_code == 422
    assert "example.org" not in refused.text + caplog.text
