"""One product for the tests that kill, freeze and cut off its parts: they leave it whole behind."""

from collections.abc import AsyncIterator

import pytest

from tests.support.reporter import Reporter, a_reporter
from tests.support.world import HERE, INTAKE, THERE, World, a_world


@pytest.fixture(scope="package")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Intake and two stations at work."""
    async with a_world(tmp_path_factory.mktemp("world")) as world:
        await world.start("intake-api", "intake-worker", f"triage-{HERE}-worker", f"triage-{THERE}-worker")
        yield world


@pytest.fixture
async def reporter(world: World) -> AsyncIterator[Reporter]:
    async with a_reporter(INTAKE.url(world.at)) as reporter:
        yield reporter
