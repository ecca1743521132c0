"""One started product for all tests of this package: each sends tips of its own and looks at nothing else."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser

from tests.support.browser import running_browser
from tests.support.product import Product, an_officer, running_product
from tests.support.reporter import Reporter, a_reporter
from tests.support.visits import Visits


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.fixture
async def reporter(product: Product) -> AsyncIterator[Reporter]:
    async with a_reporter(product.url("intake")) as reporter:
        yield reporter


@pytest.fixture
async def duty_officer(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    async with an_officer(product, "binhtuyen.truc") as officer:
        yield officer


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chosen = os.environ.get("TINBAO_SCREENSHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visits(product: Product, browser: Browser, pictures: Path) -> Visits:
    return Visits(product, browser, pictures)


@pytest.fixture
def neighbourhood() -> str:
    """By which an officer recognises this test's tip in the list."""
    return f"Tổ dân phố {secrets.randbelow(900) + 100}"
