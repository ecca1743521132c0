"""One started product for all tests of this package: each sends tips of its own and looks at nothing else."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.product import Product, an_officer, running_product
from tests.support.reporter import Reporter, a_reporter


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
