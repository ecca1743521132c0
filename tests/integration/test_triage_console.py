"""The console as a browser sees it, with a real login at a real OpenID provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import CaseAnsweredV1
from tinbao_contracts.places import PROVINCE
from tinbao_contracts.sealed import Contact
from tinbao_local.children import Child
from tinbao_local.demo import OFFICERS
from tinbao_local.oidc import Client, OpenIdProvider
from tinbao_local.secret_file import SecretFile
from tinbao_runtime.clock import now
from tinbao_runtime.mailbox_encryption import decrypt_message
from tinbao_triage.main import create_api
from tinbao_triage.officer import Officer
from uuid_utils.compat import uuid7

from tests.support.eventually import eventually
from tests.support.servers import PostgresServer, free_port
from tests.support.triage import (
    HA,
    NOBODYS_ISSUER,
    STATION,
    Deployment,
    a_content,
    a_deployment,
    a_slip,
    a_supplement,
    a_withdrawal_of,
    an_escalated_tip,
    an_officer,
    an_opening,
)
from tests.support.triage_http import Browser

PORTS = {STATION: free_port(), PROVINCE: free_port()}


@pytest.fixture(scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenIdProvider]:
    state = tmp_path_factory.mktemp("oidc")
    provider = OpenIdProvider(state, free_port(), SecretFile(state / "secrets.json"))
    provider.prepare([Client(f"triage-{code}", code, port) for code, port in PORTS.items()], OFFICERS)
    child = Child(provider.program())
    await child.start()
    try:
        await child.wait_ready()
        yield provider
    finally:
        await child.stop()


@asynccontextmanager
async def a_console(
    postgres: PostgresServer, provider: OpenIdProvider, folder: Path, code: str
) -> AsyncIterator[Deployment]:
    async with a_deployment(
        postgres,
        folder,
        station=code,
        public_url=f"http://127.0.0.1:{PORTS[code]}",
        oidc_issuer=provider.issuer,
        oidc_client_id=f"triage-{code}",
        oidc_client_secret=provider.client_secret(f"triage-{code}"),
    ) as deployment:
        yield deployment


@pytest.fixture(scope="module")
async def station(
    postgres: PostgresServer, provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    """Shared by the tests of this file: each has its own tips."""
    async with a_console(postgres, provider, tmp_path_factory.mktemp("keys"), STATION) as deployment:
        yield deployment


@pytest.fixture(scope="module")
async def province(
    postgres: PostgresServer, provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    async with a_console(postgres, provider, tmp_path_factory.mktemp("keys"), PROVINCE) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def app(station: Deployment) -> FastAPI:
    return create_api(station.settings, station.pool)


@pytest.fixture
def browser(station: Deployment, app: FastAPI) -> Browser:
    """Of somebody who is not logged in."""
    return Browser(station, app)


async def logged_in(station: Deployment, app: FastAPI, login: str, language: str = "vi") -> Browser:
    browser = Browser(station, app, language)
    page = await browser.log_in(login)
    assert page.status_code == 200
    return browser


@pytest.fixture(scope="module")
async def investigator(station: Deployment, app: FastAPI) -> Browser:
    return await logged_in(station, app, "binhtuyen.dieutra")


@pytest.fixture(scope="module")
async def duty(station: Deployment, app: FastAPI) -> Browser:
    return await logged_in(station, app, "binhtuyen.truc")


@pytest.fixture(scope="module")
async def chief(station: Deployment, app: FastAPI) -> Browser:
    return await logged_in(station, app, "binhtuyen.truong")


def title(page: httpx.Response) -> str:
    return page.text.partition("<title>")[2].partition(" · ")[0]


def cookie(answer: httpx.Response) -> list[str]:
    """The parts of the session cookie that this answer sets."""
    (header,) = answer.headers.get_list("set-cookie")
    return [part.strip().lower() for part in header.split(";")]


async def test_who_is_not_logged_in_gets_a_page_that_says_so(browser: Browser) -> None:
    for path in ("/", "/overview", f"/cases/{uuid7()}"):
        page = await browser.get(path)

        assert (page.status_code, title(page)) == (401, "Đăng nhập")
        assert 'href="/login"' in page.text


async def test_a_client_app_that_is_not_signed_in_gets_no_page(browser: Browser) -> None:
    answer = await browser.http.get("/", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


async def test_an_officer_logs_in_and_sees_the_list(browser: Browser) -> None:
    page = await browser.log_in("binhtuyen.dieutra")

    assert (page.status_code, title(page)) == (200, "Hàng đợi tin báo")
    assert str(page.url) == f"{browser.home}/"
    assert "Trần Thị Thu Hà" in page.text
    assert [answer.status_code for answer in page.history] == [302, 303]


async def test_the_login_is_bound_to_this_browser_and_asks_for_the_password(
    browser: Browser, provider: OpenIdProvider
) -> None:
    asked = await browser.http.get("/login", follow_redirects=False)

    address = urlsplit(asked.headers["location"])
    query = {name: value for name, (value,) in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}" == provider.issuer
    assert (query["response_type"], query["code_challenge_method"], query["prompt"]) == ("code", "S256", "login")
    assert query["redirect_uri"] == f"{browser.home}/callback"
    assert min(len(query[name]) for name in ("state", "nonce", "code_challenge")) >= 20


async def test_the_session_is_for_the_server_alone_and_named_by_the_deployment(browser: Browser) -> None:
    page = await browser.log_in("binhtuyen.dieutra")

    name, *attributes = cookie(page.history[1])
    assert name.startswith(f"tinbao_triage_{STATION}=")
    assert set(attributes) == {"path=/", "max-age=28800", "httponly", "samesite=lax"}


async def test_behind_https_the_session_goes_through_https_alone(station: Deployment) -> None:
    settings = station.settings.model_copy(update={"public_url": "https://tinbao.example.org"})
    app = create_api(settings, station.pool)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://tinbao.example.org")

    assert "secure" in cookie(await client.get("/login"))


async def test_a_wrong_password_begins_no_session(browser: Browser) -> None:
    await browser.log_in("binhtuyen.dieutra", "wrong")

    assert (await browser.get("/")).status_code == 401


@pytest.mark.parametrize(
    "query", [{"code": "made-up", "state": "made-up"}, {"error": "access_denied"}, {"code": "made-up"}, {}]
)
async def test_a_callback_that_nobody_asked_for_begins_no_session(browser: Browser, query: dict[str, str]) -> None:
    page = await browser.get("/callback", **query)

    assert (page.status_code, title(page)) == (401, "Đăng nhập")


async def test_another_browsers_callback_begins_no_session(browser: Browser, station: Deployment, app: FastAPI) -> None:
    other = Browser(station, app)
    page = await other.log_in("binhtuyen.truong")
    used = page.history[0].headers["location"]

    stolen = await browser.http.get(used)

    assert (stolen.status_code, title(stolen)) == (401, "Đăng nhập")


async def test_logging_out_ends_the_session(browser: Browser) -> None:
    page = await browser.log_in("binhtuyen.dieutra")

    out = await browser.send(page, "/logout")

    assert (out.status_code, title(out)) == (401, "Đăng nhập")
    assert "expires=thu, 01 jan 1970 00:00:00 gmt" in cookie(out.history[0])
    assert (await browser.get("/")).status_code == 401


async def test_a_session_of_another_deployment_does_not_count(station: Deployment, app: FastAPI) -> None:
    browser = await logged_in(station, app, "binhtuyen.dieutra")
    settings = station.settings.model_copy(update={"station": "08905"})

    elsewhere = Browser(station, create_api(settings, station.pool))
    elsewhere.http.cookies = browser.http.cookies

    assert (await elsewhere.get("/")).status_code == 401


async def test_a_session_ends_when_its_time_is_over_however_often_it_is_used(station: Deployment) -> None:
    settings = station.settings.model_copy(update={"session_length": timedelta(seconds=3)})
    browser = await logged_in(station, create_api(settings, station.pool), "binhtuyen.dieutra")

    async def is_over() -> bool:
        return (await browser.get("/")).status_code == 401

    await eventually(is_over, seconds=20)


async def test_while_the_provider_is_away_a_page_says_to_come_back(station: Deployment) -> None:
    settings = station.settings.model_copy(update={"oidc_issuer": NOBODYS_ISSUER})

    page = await Browser(station, create_api(settings, station.pool)).get("/login")

    assert (page.status_code, page.headers["retry-after"]) == (503, "10")
    assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_an_officer_of_another_station_sees_an_empty_list(browser: Browser, station: Deployment) -> None:
    await station.open_tip()

    page = await browser.log_in("hoithinh.truc")

    assert 'class="case-row"' not in page.text


async def test_the_next_tip_opens_on_its_page(duty: Browser, station: Deployment) -> None:
    await station.pool.execute("UPDATE cases SET status = 'closed'")
    tip = await station.open_tip()

    page = await duty.send(await duty.get("/"), "/claim-next")
    again = await duty.send(page, "/claim-next")

    assert str(page.url) == f"{duty.home}/cases/{tip.tip_id}"
    assert "Nguyễn Văn Hùng" in page.text
    assert str(again.url) == f"{duty.home}/", "nothing is left to take"


async def test_a_case_goes_through_all_its_forms(investigator: Browser, station: Deployment) -> None:
    contact = Contact(name="Nguyễn Thị Bình", phone="+84912345678")
    content = a_content("Có người phá <khóa>.", contact=contact, protection_requested=True)
    tip = await station.open_tip(content=content, slip=a_slip(place="Chợ Bá Hiến"))

    page = await investigator.get(f"/cases/{tip.tip_id}")
    assert "Chợ Bá Hiến" in page.text
    assert "Có người phá" not in page.text
    page = await investigator.send(page, "/claim")
    page = await investigator.send(page, "/open", reason="verification", note="theo đơn số 12")
    assert "Có người phá &lt;khóa&gt;." in page.text
    assert "Nguyễn Thị Bình" in page.text
    assert "Đề nghị áp dụng biện pháp bảo vệ" in page.text
    page = await investigator.send(page, "/classify", category="noise", urgency="administrative")
    assert title(page).startswith("Tin số")
    page = await investigator.send(page, "/answers", text="Đã tiếp nhận.\r\nXin cảm ơn.")
    page = await investigator.send(page, "/notes", text="Đã gọi cho tổ trưởng.")
    page = await investigator.send(page, "/close", outcome="no_sign", text="Đã kiểm tra.")

    for shown in ("Không có dấu hiệu tội phạm", "Đã tiếp nhận.", "Đã gọi cho tổ trưởng.", "Đã kiểm tra."):
        assert shown in page.text
    assert "/close" not in page.text
    answers = [e for e in await station.announced(CaseAnsweredV1) if e.tip_id == tip.tip_id]
    assert [decrypt_message(content.mailbox_key, e.tip_id, e.message_id, e.answer) for e in answers] == [
        "Đã tiếp nhận.\r\nXin cảm ơn.",
        "Đã kiểm tra.",
    ]


async def test_a_form_that_is_sent_twice_acts_once(investigator: Browser, station: Deployment) -> None:
    tip = await station.classified_tip(officer=officer_of_login("binhtuyen.dieutra"))
    page = await investigator.get(f"/cases/{tip.tip_id}")

    for _ in range(2):
        await investigator.send(page, "/answers", text="Đã tiếp nhận.")

    assert await station.value("SELECT count(*) FROM writings WHERE tip_id = $1", tip.tip_id) == 1


async def test_closing_as_outside_the_scope_shows_the_case_without_its_text(
    investigator: Browser, station: Deployment
) -> None:
    tip = await station.classified_tip(officer=officer_of_login("binhtuyen.dieutra"))
    page = await investigator.get(f"/cases/{tip.tip_id}")
    page = await investigator.send(page, "/open", reason="verification", note="")

    page = await investigator.send(page, "/close", outcome="outside_scope", text="")

    assert page.status_code == 200
    assert "Ngoài phạm vi tiếp nhận" in page.text
    assert "Khóa cửa bị phá" not in page.text


async def test_the_chief_chooses_an_officer_who_has_worked_here(
    chief: Browser, duty: Browser, station: Deployment
) -> None:
    first = await station.open_tip()
    await duty.send(await duty.get(f"/cases/{first.tip_id}"), "/claim")
    tip = await station.open_tip()

    page = await chief.get(f"/cases/{tip.tip_id}")
    assert '<option value="binhtuyen.truc">Nguyễn Văn Hùng</option>' in page.text
    page = await chief.send(page, "/assign", officer="binhtuyen.truc")

    assert (await station.duties.read(HA, tip.tip_id)).case.assignee == "binhtuyen.truc"
    assert "Phân công" in page.text


async def test_who_may_not_assign_is_not_offered_it(duty: Browser, station: Deployment) -> None:
    tip = await station.open_tip()

    page = await duty.get(f"/cases/{tip.tip_id}")

    assert "/assign" not in page.text


async def test_news_and_withdrawal_are_on_the_page(investigator: Browser, station: Deployment) -> None:
    tip = await station.open_tip(category="environment")
    await station.take(a_supplement(tip, station.key, "Xe màu trắng."), a_withdrawal_of(tip))

    page = await investigator.get(f"/cases/{tip.tip_id}")

    assert "Người báo tin đã rút tin" in page.text
    assert "Có bổ sung" in (await investigator.get("/", category="environment")).text
    page = await investigator.send(page, "/open", reason="verification", note="")
    assert "Xe màu trắng." in page.text
    assert "Có bổ sung" not in (await investigator.get("/", category="environment")).text


async def test_a_stations_case_says_by_when_to_pass_it_on(investigator: Browser, station: Deployment) -> None:
    tip = await station.open_tip()

    assert "Hạn chuyển Cơ quan điều tra" in (await investigator.get(f"/cases/{tip.tip_id}")).text


@pytest.mark.parametrize(
    "query",
    [
        {"status": "", "category": "", "assignee": "", "overdue": ""},
        {"status": "", "category": "drugs", "assignee": "", "overdue": "", "lang": "vi"},
        {"lang": "en"},
        {"overdue": "soon", "lang": "en"},
        {"cursor": "MjAyNi0xMS0zMFQxNzowMDowMCswMDowMCAwMTkzYTFiMi0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDA="},
    ],
)
async def test_the_list_takes_its_filters_as_a_form_sends_them(investigator: Browser, query: dict[str, str]) -> None:
    page = await investigator.get("/", **query)

    assert page.status_code == 200
    assert title(page) == ("Tip queue" if query.get("lang") == "en" else "Hàng đợi tin báo")


async def test_the_list_has_pages(investigator: Browser, station: Deployment) -> None:
    for _ in range(51):
        await station.open_tip(category="gambling")

    first = await investigator.get("/", category="gambling")
    following = next(part.split('"')[0] for part in first.text.split('href="') if "cursor=" in part.split('"')[0])
    second = await investigator.get(following.replace("&amp;", "&"))

    assert [page.text.count('class="case-row"') for page in (first, second)] == [50, 1]


async def test_an_officer_reads_the_console_in_english(station: Deployment, app: FastAPI) -> None:
    tip = await station.open_tip()
    browser = await logged_in(station, app, "binhtuyen.dieutra", "en")

    page = await browser.get(f"/cases/{tip.tip_id}")

    assert title(page).startswith("Tip ")
    assert "State the reason for viewing" in page.text
    assert "Received and registered" in page.text


async def test_the_chosen_language_stays_over_an_act(investigator: Browser, station: Deployment) -> None:
    tip = await station.open_tip()

    page = await investigator.send(await investigator.get(f"/cases/{tip.tip_id}", lang="en"), "/claim")

    assert str(page.url).endswith("?lang=en")
    assert title(page).startswith("Tip ")


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("open", {"reason": "curiosity"}),
        ("open", {}),
        ("classify", {"category": "of_tomorrow", "urgency": "normal"}),
        ("answers", {"text": "", "idempotency_key": "x" * 32}),
        ("answers", {"text": "Đã tiếp nhận."}),
        ("assign", {"officer": "who-was-never-here"}),
        ("close", {"outcome": "prosecute", "idempotency_key": "x" * 32}),
    ],
)
async def test_a_form_that_is_not_in_order_is_answered_with_a_page(
    chief: Browser, station: Deployment, act: str, form: dict[str, str]
) -> None:
    tip = await station.classified_tip()

    page = await chief.http.post(f"/cases/{tip.tip_id}/{act}", data=form)

    assert (page.status_code, title(page)) == (422, "Nội dung gửi chưa đúng")


async def test_who_was_slower_is_told_that_the_case_has_changed(
    duty: Browser, investigator: Browser, station: Deployment
) -> None:
    tip = await station.open_tip()
    page = await duty.get(f"/cases/{tip.tip_id}")
    await investigator.send(await investigator.get(f"/cases/{tip.tip_id}"), "/claim")

    page = await duty.send(page, "/claim")

    assert (page.status_code, title(page)) == (409, "Thông tin đã thay đổi")


async def test_what_a_role_does_not_allow_is_answered_with_a_page(duty: Browser, station: Deployment) -> None:
    tip = await station.classified_tip(officer=officer_of_login("binhtuyen.truc"))

    page = await duty.http.post(f"/cases/{tip.tip_id}/close", data={"outcome": "no_sign", "idempotency_key": "x" * 32})

    assert (page.status_code, title(page)) == (403, "Không có quyền truy cập")


async def test_a_foreign_tip_and_an_absent_one_have_the_same_page(browser: Browser, station: Deployment) -> None:
    tip = await station.open_tip()
    await browser.log_in("hoithinh.truong")

    foreign, absent = [await browser.get(f"/cases/{tip_id}") for tip_id in (tip.tip_id, uuid7())]

    assert foreign.status_code == absent.status_code == 404
    assert foreign.text.replace(str(tip.tip_id), "") == absent.text.replace(str(absent.url.path)[7:], "")


async def test_a_page_of_another_site_cannot_act_for_an_officer(investigator: Browser, station: Deployment) -> None:
    tip = await station.open_tip()

    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://127.0.0.1:9"}):
        answer = await investigator.http.post(f"/cases/{tip.tip_id}/claim", headers=foreign)
        assert answer.status_code == 403

    assert (await station.duties.read(HA, tip.tip_id)).case.status == "open"


async def test_no_page_is_kept_by_the_browser(investigator: Browser, station: Deployment) -> None:
    tip = await station.open_tip()

    for path in ("/", f"/cases/{tip.tip_id}"):
        assert (await investigator.get(path)).headers["cache-control"] == "no-store"


async def test_the_auditor_of_the_province_sees_the_overview_and_no_case(province: Deployment) -> None:
    tip = await province.open_tip(category="drugs")
    await province.take(an_opening(now() - timedelta(hours=20), Urgency.URGENT, "08905"))
    browser = Browser(province)

    page = await browser.log_in("phutho.kiemtoan")

    assert (page.status_code, title(page)) == (200, "Toàn tỉnh")
    assert str(page.url) == f"{browser.home}/overview"
    assert "còn 3 giờ" in page.text
    assert (await browser.get("/", assignee="me")).url.path == "/overview"
    assert (await browser.get(f"/cases/{tip.tip_id}")).status_code == 403
    assert (await browser.http.post("/cases/claim-next")).status_code == 403


async def test_the_provinces_own_case_has_a_clock_of_its_own_and_a_watched_one_its_stations(
    province: Deployment,
) -> None:
    own, watched = await province.open_tip(), an_escalated_tip(province.key)
    await province.take(watched)
    browser = Browser(province)
    await browser.log_in("phutho.truc")

    owns, watches = [(await browser.get(f"/cases/{tip.tip_id}")).text for tip in (own, watched)]

    assert "Hạn xử lý" in owns
    assert "Hạn chuyển Cơ quan điều tra" not in owns
    assert "Hạn chuyển Cơ quan điều tra" in watches
    assert "đơn vị mình chỉ theo dõi" in watches


def officer_of_login(login: str) -> Officer:
    (demo,) = [officer for officer in OFFICERS if officer.login == login]
    return an_officer(demo.role, demo.login, demo.name, (demo.station,))
