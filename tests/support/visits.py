"""Visits to the running product, and the steps that they share."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect
from tinbao_local.demo import DEMO_PASSWORD
from tinbao_local.processes import SERVICES

from tests.support.browser import Visitor, a_visitor
from tests.support.product import Product

THROUGH_KAFKA_SECONDS = 30
"""A list asks for what is new every 20 s."""


class Visits:
    """Opens a browser of somebody's own."""

    def __init__(self, product: Product, browser: Browser, pictures: Path) -> None:
        self._product = product
        self._browser = browser
        self._pictures = pictures

    def by_somebody(self, language: str = "vi", **options: Any) -> AbstractAsyncContextManager[Visitor]:
        ours = {service.name: self.url(service.name) for service in SERVICES}
        return a_visitor(self._browser, ours, self._pictures, language, **options)

    def url(self, service: str) -> str:
        return self._product.url(service)


def button(page: Page, action: str) -> Locator:
    """The one of the form with this action, in whatever language."""
    return page.locator(f'form[action$="{action}"] button')


async def log_in(page: Page, console: str, login: str) -> None:
    """Through the page of the OpenID provider."""
    await page.goto(console)
    await page.locator('a[href^="/login"]').click()
    await page.locator("#username").fill(login)
    await page.locator("#password").fill(DEMO_PASSWORD)
    await page.locator("button[type=submit]").first.click()
    await page.wait_for_url(lambda url: url.startswith(console))


async def open_case(page: Page, neighbourhood: str) -> None:
    row = page.locator("a.case-row", has_text=neighbourhood)
    await expect(row).to_be_visible(timeout=THROUGH_KAFKA_SECONDS * 1000)
    await row.click()
    await expect(page.locator("#case-title")).to_be_focused()
