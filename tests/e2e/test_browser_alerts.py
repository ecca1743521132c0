"""An alert in a real browser: proposed, written, approved by a second person, read, updated, cancelled, left alone.

As in test_browser.py, a visit also fails for what nobody sees at once: a barrier, a script's mistake, another host.
"""

import re
from email.message import EmailMessage
from typing import Any

import capvalidator
import feedparser
import httpx
import pytest
from lxml import etree
from playwright.async_api import Page, expect

from tests.support.browser import Visitor
from tests.support.eventually import eventually
from tests.support.product import Product
from tests.support.reporter import Reporter
from tests.support.visits import THROUGH_KAFKA_SECONDS, Visits, button, log_in, open_case

ADVICE = (
    "Có người tự xưng là công an xã, yêu cầu cài ứng dụng VNeID giả và đọc mã OTP.\n"
    "Không làm theo, không chuyển tiền. Gọi trực ban Công an xã để hỏi lại."
)
ADVICE_IN_ENGLISH = (
    "Callers claim to be commune police and ask people to install a false VNeID app and to read out an OTP.\n"
    "Do not do it and do not transfer money. Call the duty officer of the commune police to check."
)
MORE_ADVICE = "Có thêm số điện thoại bắt đầu bằng 0210. " + ADVICE
AREA = "xa binh tuyen"
"""Accents and capitals do not count."""


class Letters:
    """What the mail catcher took for one address."""

    def __init__(self, product: Product, address: str) -> None:
        self._catcher = product.at.mail
        self._address = address

    async def titled(self, start: str) -> EmailMessage:
        async def come() -> EmailMessage | None:
            letters = (each for each in self._catcher.letters() if each["To"] == self._address)
            return next((each for each in letters if str(each["Subject"]).startswith(start)), None)

        letter: EmailMessage | None = await eventually(come, THROUGH_KAFKA_SECONDS)
        assert letter
        return letter


def link_in(letter: EmailMessage, kind: str) -> str:
    (link,) = re.findall(rf"http://\S+/{kind}/\S+", letter.get_content())
    return str(link)


async def subscribe(subscriber: Visitor, notify: str, address: str, letters: Letters, subject: str) -> None:
    page = subscriber.page
    await page.goto(notify)
    await page.locator('a[href^="/subscribe"]').first.click()
    await subscriber.look("subscribe")
    await page.locator("#email").fill("an@")
    await page.locator('form[action$="/subscribe"]').evaluate("form => form.noValidate = true")
    await button(page, "/subscribe").click()
    await expect(page.locator("#email")).to_have_attribute("aria-invalid", "true")
    await subscriber.look("subscribe-mistakes")
    await page.locator("#email").fill(address)
    await page.locator('label.tick:has(input[value="08944"])').click()
    await page.locator('label.tick:has(input[value="online_fraud"])').click()
    await page.locator('label.tick:has(input[name="consent"])').click()
    await button(page, "/subscribe").click()
    await subscriber.look("subscribe-asked")

    await page.goto(link_in(await letters.titled(subject), "confirm"))
    await subscriber.look("subscribe-confirm")
    await button(page, "/confirm").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await subscriber.look("subscribe-confirmed")


async def propose(officer: Visitor, neighbourhood: str, headline: str) -> None:
    page = officer.page
    await open_case(page, neighbourhood)
    await button(page, "/claim").click()
    await page.locator("details.panel:has(form[action$='/propose-alert']) > summary").click()
    await officer.look("case-proposing", is_seen=True)
    await page.locator("#headline").fill(headline)
    await page.locator("#description").fill(ADVICE)
    await button(page, "/propose-alert").click()
    await expect(page.locator("details.panel[open]")).to_have_count(0)


async def write_from_proposal(author: Visitor, headline: str) -> None:
    page = author.page

    async def arrived() -> bool:
        await page.reload()
        return await page.locator("li.notice", has_text=headline).count() == 1

    await eventually(arrived, THROUGH_KAFKA_SECONDS)
    await author.look("newsroom")
    await page.locator("li.notice", has_text=headline).locator("form[action*='/take'] button").click()
    await expect(page.locator("#headline_vi")).to_have_value(headline)
    await page.locator("#headline_en").fill(f"Callers pose as police ({headline[-4:-1]})")
    await page.locator("form.card button").last.click()
    await expect(page.locator("#description_en")).to_have_attribute("aria-invalid", "true")
    await author.look("alert-form")
    await page.locator("#description_en").fill(ADVICE_IN_ENGLISH)
    await page.locator("form.card button").last.click()
    await expect(button(page, "/submit")).to_be_visible()
    await author.look("alert-draft")


async def submit(author: Visitor) -> str:
    """Its address. The author is shown no way to approve."""
    await button(author.page, "/submit").click()
    await expect(button(author.page, "/submit")).to_have_count(0)
    await expect(button(author.page, "/approve")).to_have_count(0)
    return author.page.url


async def approve(approver: Visitor) -> None:
    page = approver.page
    await page.locator("#area").fill(AREA)
    await button(page, "/approve").click()
    await expect(button(page, "/cancel")).to_be_visible()


async def cap_message(address: str) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as http:
        document = (await http.get(address)).raise_for_status().content
    checked = capvalidator.check_schema(document)
    assert checked.passed, checked.message
    return {etree.QName(each).localname: each.text for each in etree.fromstring(document)}


async def feed_entry(notify: str, alert: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as http:
        feed = feedparser.parse((await http.get(f"{notify}/feeds/alerts.atom")).content)
    return next(entry for entry in feed.entries if entry.id == f"urn:uuid:{alert}")


def row(page: Page, title: str) -> Any:
    return page.locator("li.card", has_text=title)


SUBJECTS = {
    "vi": ("Xác nhận đăng ký", "Cảnh báo: ", "Cập nhật cảnh báo: "),
    "en": ("Confirm", "Alert: ", "Alert update: "),
}


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_pages_that_have_nothing_or_say_no_are_pages_too(visits: Visits, language: str) -> None:
    """Before the tests below: a product in which nobody was warned yet."""
    notify = visits.url("notify")
    async with visits.by_somebody(language) as somebody, visits.by_somebody(language) as broadcaster:
        page = somebody.page
        await page.goto(notify)
        await expect(page.locator(".empty")).to_be_visible()
        await somebody.look("alerts-none")
        await page.goto(f"{notify}/confirm/not-ours")
        await button(page, "/confirm").click()
        await expect(page.locator('a.button[href^="/subscribe"]')).to_be_visible()
        await somebody.look("link-over")
        await page.goto(f"{notify}/console")
        await somebody.look("newsroom-sign-in")
        await log_in(page, f"{notify}/console", "binhtuyen.truc")
        await somebody.look("newsroom-no-right")
        await log_in(broadcaster.page, f"{notify}/console", "phutho.truyenthong")
        await expect(broadcaster.page.locator("main section")).to_have_count(5)
        await broadcaster.look("newsroom-empty")
        await broadcaster.page.locator('a[href^="/console/new"]').click()
        await broadcaster.look("alert-new")


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_an_alert_from_an_officers_proposal_to_the_one_who_has_read_enough(
    visits: Visits, product: Product, reporter: Reporter, neighbourhood: str, language: str
) -> None:
    notify, triage = visits.url("notify"), visits.url("triage-08944")
    address, number = f"an-{neighbourhood[-3:]}-{language}@example.org", neighbourhood[-3:]
    headline = f"Giả danh công an gọi điện ({number})"
    title = headline if language == "vi" else f"Callers pose as police ({number})"
    letters, (asked, told, told_again) = Letters(product, address), SUBJECTS[language]
    await reporter.send_tip("Xã Bình Tuyền", category="online_fraud", neighbourhood=neighbourhood)
    async with (
        visits.by_somebody(language) as subscriber,
        visits.by_somebody(language) as officer,
        visits.by_somebody(language) as author,
        visits.by_somebody(language) as approver,
    ):
        # given somebody who subscribed, and a proposal that an officer made from a case
        await subscribe(subscriber, notify, address, letters, asked)
        await log_in(officer.page, triage, "binhtuyen.truc")
        await propose(officer, neighbourhood, headline)

        # when a broadcaster writes it and another person approves it
        await log_in(author.page, f"{notify}/console", "binhtuyen.loa")
        await write_from_proposal(author, headline)
        console = await submit(author)
        await author.look("alert-own", is_seen=True)
        alert = console.rpartition("/")[2].partition("?")[0]
        await log_in(approver.page, f"{notify}/console", "phutho.truyenthong")
        await approver.page.goto(console)
        await approver.page.locator("#area").fill("Xã Hội Thịnh")
        await button(approver.page, "/approve").click()
        await expect(approver.page.locator("#error")).to_be_visible()
        await approver.look("alert-approving")
        await approve(approver)
        await approver.look("alert-issued")

        # then it is on the public page, in a letter, in the feed and in CAP
        await subscriber.page.goto(notify)
        await expect(row(subscriber.page, title)).to_be_visible()
        await subscriber.look("alerts")
        await row(subscriber.page, title).locator("a").click()
        await expect(subscriber.page.locator("h1")).to_have_text(title)
        await subscriber.look("alert", is_seen=True)
        letter = await letters.titled(told + title)
        assert f"{notify}/alerts/{alert}" in letter.get_content()
        assert (await feed_entry(notify, alert)).title == headline
        issued = await cap_message(f"{notify}/cap/{alert}.xml")
        assert issued["msgType"] == "Alert"

        # when it is updated by two persons, then all of them say so
        await author.page.goto(console)
        await button(author.page, "/update").click()
        await author.page.locator("#description_vi").fill(MORE_ADVICE)
        await author.page.locator("form.card button").last.click()
        await expect(button(author.page, "/submit")).to_be_visible()
        await author.look("alert-update-draft", is_seen=True)
        await approver.page.goto(await submit(author))
        await approve(approver)
        await subscriber.page.reload()
        await expect(subscriber.page.locator("dl.facts time")).to_have_count(3)
        await subscriber.look("alert-updated", is_seen=True)
        await letters.titled(told_again + title)
        updated = await cap_message(f"{notify}/cap/{alert}.xml")
        assert (updated["msgType"], updated["references"].split(",")[1]) == ("Update", issued["identifier"])
        await author.page.goto(console)
        await author.look("alert-superseded", is_seen=True)

        # when it is cancelled, then that is shown
        await button(approver.page, "/cancel").click()
        await expect(button(approver.page, "/cancel")).to_have_count(0)
        await approver.look("alert-cancelled", is_seen=True)
        await approver.page.goto(f"{notify}/console")
        await approver.look("newsroom-later")
        await subscriber.page.reload()
        await subscriber.look("alert-cancelled-public")
        await subscriber.page.goto(notify)
        await subscriber.look("alerts-cancelled", is_seen=True)
        cancelled = await cap_message(f"{notify}/cap/{alert}.xml")
        assert (cancelled["msgType"], len(cancelled["references"].split())) == ("Cancel", 2)
        assert (await feed_entry(notify, alert)).title == f"Đã hủy: {headline}"

        # and one click is enough to leave
        await subscriber.page.goto(link_in(letter, "unsubscribe"))
        await subscriber.look("unsubscribe")
        await button(subscriber.page, "/unsubscribe").click()
        await expect(subscriber.page.get_by_role("status")).to_be_visible()
        await subscriber.look("unsubscribed")
        assert await subscriber.cookies(notify) == []


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_everybody_reads_the_open_log(visits: Visits, language: str) -> None:
    async with visits.by_somebody(language) as somebody:
        await somebody.page.goto(visits.url("audit"))
        await expect(somebody.page.locator("table")).to_be_visible()
        await somebody.look("audit-log")
