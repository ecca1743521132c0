"""One product for the tests that kill, freeze and cut off its parts."""

from collections.abc import AsyncIterator

import pytest

from tests.support.reporter import Reporter, a_reporter
from tests.support.world import HERE, INTAKE, THERE, World, a_world

AT_WORK = ("intake-api", "intake-worker", f"triage-{HERE}-worker", f"triage-{THERE}-worker")


@pytest.fixture(scope="package")
async def shared_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with a_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
async def world(shared_world: World) -> World:
    """Intake and two stations at work, whatever the test before has done to them."""
    await shared_world.mend(*AT_WORK)
    return shared_world


@pytest.fixture
async def reporter(world: World) -> AsyncIterator[Reporter]:
    async with a_reporter(INTAKE.url(world.at)) as reporter:
        yield reporter
