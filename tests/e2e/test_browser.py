"""The pages in a real browser: what residents and officers do, on a phone and at a desk, in both languages.

Every visit also fails for what nobody sees at once: a script's mistake, refused content, a request to another host, a
barrier for people who cannot see well or use no mouse. Pictures go to TINBAO_SCREENSHOTS, or into pytest's folder.
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tinbao_intake.receipt import ReceiptCode

from tests.support.eventually import eventually
from tests.support.visits import THROUGH_KAFKA_SECONDS, Visits, button, log_in, open_case

TEXT = (
    "Nhóm khoảng 6 người đánh bạc ăn tiền ở dãy trọ sau khu công nghiệp, thường từ 22 giờ. "
    "Có một xe máy dựng ngoài cổng, biển số không nhìn rõ. Tôi cho thuê trọ ở gần, mong được giữ kín."
)
ANSWER = (
    "Công an xã Bình Tuyền đã tiếp nhận tin của ông/bà và đang kiểm tra, xác minh. "
    "Nếu thấy họ đến, đề nghị ông/bà gọi trực ban. Trân trọng cảm ơn ông/bà."
)
ADDED = "Tối qua họ lại đến, khoảng 22 giờ, thêm hai xe máy."


async def fill_form(page: Page, neighbourhood: str) -> None:
    await page.locator("label.tile", has=page.locator("input[value=gambling]")).click()
    await page.locator("#text").fill(TEXT)
    await page.locator("#commune").fill("Xã Bình Tuyền")
    await page.locator("#place").fill("Dãy trọ sau khu công nghiệp")
    await page.locator("#neighbourhood").fill(neighbourhood)
    await page.locator("#happened_at").fill("từ 22 giờ hằng ngày")
    await page.locator("#reporter_role").select_option("landlord")


async def receipt_code(page: Page) -> str:
    await expect(page.locator("#receipt-code")).to_be_visible()
    return "".join((await page.locator("#receipt-code").inner_text()).split())


async def open_mailbox(page: Page, url: str, code: str) -> None:
    await page.goto(f"{url}/mailbox")
    await page.locator("#receipt_code").fill(code)
    await button(page, "/mailbox").click()


async def open_content(page: Page) -> None:
    await page.locator("label.pick").first.click()
    await button(page, "/open").click()
    await expect(page.locator(".words").first).to_be_visible()


async def classify(page: Page) -> None:
    await page.locator("details.panel:has(form[action$='/classify']) > summary").click()
    await page.locator("#urgency").select_option("urgent")
    await button(page, "/classify").click()


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_resident_reads_what_an_officer_answered(visits: Visits, neighbourhood: str, language: str) -> None:
    intake, console = visits.url("intake"), visits.url("triage-08944")
    async with visits.by_somebody(language) as resident, visits.by_somebody(language) as officer:
        # given a tip that a resident sent by the form
        await resident.page.goto(intake)
        await resident.look("resident-form")
        await fill_form(resident.page, neighbourhood)
        await resident.look("resident-form-filled")
        await button(resident.page, "/").click()
        code = await receipt_code(resident.page)
        await resident.look("receipt")

        # when an officer takes it, opens it for a reason, classifies and answers it
        await officer.page.goto(console)
        await officer.look("console-sign-in")
        await log_in(officer.page, console, "binhtuyen.truc")
        await officer.look("queue")
        await open_case(officer.page, neighbourhood)
        await officer.look("case-sealed")
        await button(officer.page, "/claim").click()
        await open_content(officer.page)
        await expect(officer.page.locator(".words").first).to_have_text(TEXT)
        await classify(officer.page)
        await officer.look("officer-case")
        await officer.page.locator("#answer-text").fill(ANSWER)
        await button(officer.page, "/answers").click()
        await expect(officer.page.locator(".messages")).to_contain_text(ANSWER)
        await officer.look("case-answered")

        # then the mailbox shows the answer, and the officer what the resident adds
        async def is_answered() -> bool:
            await open_mailbox(resident.page, intake, code)
            return await resident.page.locator(".messages li.station").count() == 1

        await eventually(is_answered, THROUGH_KAFKA_SECONDS)
        await expect(resident.page.locator(".messages")).to_contain_text(ANSWER)
        await resident.page.locator("#text").fill(ADDED)
        await button(resident.page, "/mailbox/messages").click()
        await expect(resident.page.locator(".messages")).to_contain_text(ADDED)
        await resident.look("mailbox")

        async def is_told() -> bool:
            await officer.page.reload()
            return await officer.page.get_by_text(ADDED).count() == 1

        await eventually(is_told, THROUGH_KAFKA_SECONDS)
        await officer.look("case-added-to")
        assert await resident.cookies(intake) == []


async def test_a_page_that_asks_again_says_what_is_wrong(visits: Visits) -> None:
    async with visits.by_somebody() as resident:
        page = resident.page
        await page.goto(visits.url("intake"))
        await fill_form(page, "Thôn Mới")
        await page.locator("#commune").fill("Bình Xuyên cũ")
        await button(page, "/").click()

        await expect(page.locator("#commune")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_role("alert").first).to_be_focused()
        await expect(page.locator("#text")).to_have_value(TEXT)
        await resident.look("resident-form-mistakes")

        await open_mailbox(page, visits.url("intake"), str(ReceiptCode.generate()))
        await expect(page.locator("#receipt_code")).to_have_attribute("aria-invalid", "true")
        await resident.look("mailbox-unknown-code")

        await page.goto(f"{visits.url('intake')}/nowhere")
        await resident.look("not-found")


async def test_the_form_and_the_mailbox_work_without_javascript(visits: Visits, neighbourhood: str) -> None:
    intake = visits.url("intake")
    async with visits.by_somebody(java_script_enabled=False) as resident:
        await resident.page.goto(intake)
        await fill_form(resident.page, neighbourhood)
        await button(resident.page, "/").click()
        code = await receipt_code(resident.page)

        await open_mailbox(resident.page, intake, code)
        await resident.page.locator("#text").fill(ADDED)
        await button(resident.page, "/mailbox/messages").click()

        await expect(resident.page.locator(".messages")).to_contain_text(ADDED)


async def test_an_officer_works_without_javascript(visits: Visits, neighbourhood: str) -> None:
    async with visits.by_somebody(java_script_enabled=False) as somebody:
        page = somebody.page
        await page.goto(visits.url("intake"))
        await fill_form(page, neighbourhood)
        await button(page, "/").click()
        await receipt_code(page)
        await log_in(page, visits.url("triage-08944"), "binhtuyen.truc")
        row = page.locator("a.case-row", has_text=neighbourhood)

        async def arrived() -> bool:
            await page.reload()
            return await row.count() == 1

        await eventually(arrived, THROUGH_KAFKA_SECONDS)
        await row.click()
        await button(page, "/claim").click()
        await open_content(page)
        await page.locator("#answer-text").fill(ANSWER)
        await button(page, "/answers").click()

        await expect(page.locator(".messages")).to_contain_text(ANSWER)


async def test_the_keyboard_is_enough(visits: Visits) -> None:
    intake = visits.url("intake")
    async with visits.by_somebody() as resident:
        page = resident.page
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.goto(intake)

        await page.keyboard.press("Tab")
        await expect(page.locator("a.skip")).to_be_focused()
        await page.keyboard.press("Enter")
        await tab_to(page, "input[name=category]")
        await page.keyboard.press("Space")
        for field, words in {"#text": TEXT, "#commune": "Xã Bình Tuyền", "#place": "Dãy trọ"}.items():
            await tab_to(page, field)
            await page.keyboard.type(words)
        await tab_to(page, "input[name=happening_now]")
        await page.keyboard.press("Space")
        await tab_to(page, ".tip-form button")
        await page.keyboard.press("Enter")
        code = await receipt_code(page)

        await page.goto(f"{intake}/mailbox")
        await tab_to(page, "#receipt_code")
        await page.keyboard.type(code)
        await page.keyboard.press("Enter")
        await expect(page.locator("#text")).to_be_visible()
        await tab_to(page, "#text")
        await page.keyboard.type(ADDED)
        await tab_to(page, "button")
        await page.keyboard.press("Enter")

        await expect(page.locator(".messages")).to_contain_text(ADDED)


async def tab_to(page: Page, selector: str) -> None:
    """Tab on until this has the focus, which must be seen where it is."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            break
    await expect(page.locator(f"{selector}:focus")).to_have_count(1)
    assert await page.evaluate(SHOWS_FOCUS), f"nothing shows that {selector} has the focus"


SHOWS_FOCUS = """() => {
  const focused = document.activeElement;
  const shown = [focused, focused.nextElementSibling, focused.parentElement].filter(Boolean);
  return shown.some((element) => getComputedStyle(element).outlineStyle !== "none");
}"""


async def test_nothing_of_a_residents_visit_stays_in_the_browser(visits: Visits, neighbourhood: str) -> None:
    intake = visits.url("intake")
    async with visits.by_somebody() as resident:
        answers: list[Any] = []
        resident.page.on("response", lambda response: answers.append(response.headers))
        await resident.page.goto(intake)
        await fill_form(resident.page, neighbourhood)
        await button(resident.page, "/").click()
        code = await receipt_code(resident.page)
        await open_mailbox(resident.page, intake, code)

        assert await resident.page.context.cookies() == []
        assert await resident.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        assert code not in resident.page.url
        assert answers
        assert not [headers for headers in answers if "set-cookie" in headers]
        pages = [headers for headers in answers if headers.get("content-type", "").startswith("text/html")]
        assert {headers["cache-control"] for headers in pages} == {"no-store"}


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_province_looks_over_all_stations(visits: Visits, language: str) -> None:
    async with visits.by_somebody(language) as officer:
        await log_in(officer.page, visits.url("triage-25"), "phutho.truc")
        await officer.look("province-queue")

        await officer.page.locator('a[href^="/overview"]').click()

        await expect(officer.page.locator("table")).to_contain_text("Công an xã Hội Thịnh")
        await officer.look("province-overview")


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_chief_ends_a_case_and_its_reporter_reads_how(
    visits: Visits, neighbourhood: str, language: str
) -> None:
    intake = visits.url("intake")
    async with visits.by_somebody(language) as resident, visits.by_somebody(language) as chief:
        await resident.page.goto(intake)
        await fill_form(resident.page, neighbourhood)
        await button(resident.page, "/").click()
        code = await receipt_code(resident.page)
        await log_in(chief.page, visits.url("triage-08944"), "binhtuyen.truong")
        await open_case(chief.page, neighbourhood)
        await button(chief.page, "/claim").click()
        await classify(chief.page)

        await chief.page.locator("details.panel:has(form[action$='/close']) > summary").click()
        await chief.look("case-closing")
        await chief.page.locator("#outcome").select_option("administrative")
        await button(chief.page, "/close").click()
        await expect(chief.page.locator(".case-head + .notice")).to_be_visible()
        await chief.look("case-closed")

        async def is_told() -> bool:
            await open_mailbox(resident.page, intake, code)
            return await resident.page.locator("#outcome-title").count() == 1

        await eventually(is_told, THROUGH_KAFKA_SECONDS)
        await resident.look("mailbox-closed")


async def test_who_has_no_right_here_is_told_so(visits: Visits) -> None:
    async with visits.by_somebody() as visitor:
        await log_in(visitor.page, visits.url("triage-08944"), "phutho.kiemtoan")
        await expect(visitor.page.locator("h1")).to_have_text("Không có quyền truy cập")
        await visitor.look("no-right")


async def test_the_api_pages_need_no_other_host(visits: Visits) -> None:
    for service in ("intake", "triage-08944"):
        async with visits.by_somebody() as developer:
            await developer.page.goto(f"{visits.url(service)}/docs")
            await expect(developer.page.locator(".opblock").first).to_be_visible()


async def test_the_watch_notices_what_a_page_must_not_do(visits: Visits, tmp_path: Path) -> None:
    """Else all the others could not fail."""
    async with visits.by_somebody() as visitor:
        visitor.pictures = tmp_path
        await visitor.page.goto(visits.url("intake"))
        await visitor.page.evaluate(MISDEEDS)
        await visitor.look("misdeeds")
        found = "\n".join(visitor.faults)
        visitor.faults.clear()

    expected = "Content Security Policy", "request to another host", "uncaught", "image-alt", "wider than the screen"
    assert [word for word in expected if word not in found] == []


MISDEEDS = """() => {
  const script = document.createElement("script");
  script.textContent = "document.title = 'inline'";
  document.body.append(script);
  document.body.append(Object.assign(document.createElement("img"), {src: "/static/mark.svg", width: 3000}));
  document.body.append(Object.assign(document.createElement("iframe"), {src: "about:blank"}));
  window.open("https://example.org/");
  setTimeout(() => { throw new Error("a script's mistake") });
}"""
