"""A real browser that notes what a page does besides what it shows: mistakes, refused content, other hosts, cookies."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it has no annotations
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    Route,
    async_playwright,
)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {390: 844, 1280: 800}
"""A phone and a desk: width to height in CSS pixels."""

PATIENCE_MS = 15_000
WCAG = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],  # what passes is not worked out in full
}
LOCALES = {"vi": "vi-VN", "en": "en-US"}


def chromium() -> str:
    """Its path: CHROMIUM, or Debian's, which root may install. Skips the test where there is none."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in ("update -qq", "install -qq -y chromium"):
            subprocess.run(["apt-get", *command.split()], check=True, stdout=subprocess.DEVNULL, timeout=240)
        path = shutil.which("chromium")
    return path or pytest.skip("there is no chromium here, and only root can install Debian's: set CHROMIUM to one")


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visitor:
    """Somebody at a browser of their own. `ours` are the addresses whose pages must be without fault."""

    page: Page
    ours: frozenset[str]
    pictures: Path
    language: str
    faults: list[str] = field(default_factory=list)

    async def look(self, name: str, *, is_seen: bool = False) -> None:
        """Keep a picture of the page on a phone and on a desk; on both it must fit and be accessible.

        The words of a translation raise no barrier that its page has not, so axe looks at the Vietnamese one. It takes
        its time: a page that `is_seen` shows another state of one that axe has looked at.
        """
        await self.page.wait_for_load_state()
        for width, height in WIDTHS.items():
            await self.page.set_viewport_size({"width": width, "height": height})
            await self.page.evaluate("document.fonts.ready.then(() => null)")
            await self.page.screenshot(
                path=self.pictures / f"{name}-{width}-{self.language}.png", full_page=True, animations="disabled"
            )
            found = await self._too_wide() + (await self.barriers() if self.language == "vi" and not is_seen else [])
            self.faults += [f"{name} at {width}: {fault}" for fault in found]

    async def cookies(self, url: str) -> list[Any]:
        return list(await self.page.context.cookies(url))

    def assert_no_fault(self) -> None:
        assert not self.faults, "\n".join(self.faults)

    async def barriers(self) -> list[str]:
        """What axe finds against WCAG 2.2, level AA."""
        results = await Axe().run(self.page, options=WCAG)
        return [
            f"{violation['id']} ({violation['help']}): {', '.join(str(node['target']) for node in violation['nodes'])}"
            for violation in results.response["violations"]
        ]

    async def _too_wide(self) -> list[str]:
        wide = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return [f"the page is {wide} px wider than the screen"] if wide > 0 else []

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        context.on("response", self._on_response)

    async def guard(self, route: Route) -> None:
        """Nothing leaves the machine; that one of our pages tried is a fault."""
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            await route.continue_()
            return
        if self._is_ours(self.page.url):
            self.faults.append(f"a request to another host: {route.request.url}")
        await route.abort()

    def _on_console(self, message: ConsoleMessage) -> None:
        """Refused content is among the errors: the browser reports a broken Content-Security-Policy there."""
        place = message.location["url"] or (message.page.url if message.page else "")
        is_answer = message.text.startswith("Failed to load resource: the server responded")
        if message.type in ("error", "warning") and self._is_ours(place) and not is_answer:
            self.faults.append(f"{message.type} at {place}: {message.text}")

    def _on_response(self, response: Response) -> None:
        """A page may be one that says no; a part of a page may not be missing."""
        if self._is_ours(response.url) and response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"{response.status} for {response.url}")

    def _is_ours(self, url: str) -> bool:
        return _origin(url) in self.ours


@asynccontextmanager
async def a_visitor(
    browser: Browser, ours: Mapping[str, str], pictures: Path, language: str = "vi", **options: Any
) -> AsyncIterator[Visitor]:
    """`ours` are names and addresses of our services. Whatever was noted is a failure when the visit ends."""
    context = await browser.new_context(locale=LOCALES[language], timezone_id="Asia/Ho_Chi_Minh", **options)
    context.set_default_timeout(PATIENCE_MS)
    visitor = Visitor(await context.new_page(), frozenset(map(_origin, ours.values())), pictures, language)
    visitor.watch(context)
    await context.route("**/*", visitor.guard)
    try:
        yield visitor
        visitor.assert_no_fault()
    finally:
        await context.unroute_all(behavior="ignoreErrors")
        await context.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
