"""Servers that all tests of a process share. Isolation is by database, topic and group: each test makes its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.servers import KafkaServer, PostgresServer, running_kafka, running_postgres


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    async with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaServer]:
    async with running_kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


HERE = Path(__file__).parent
TOGETHER = ("e2e", "faults")
"""One product stands for all tests of such a folder."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a fixture stay in one process, however many there are."""
    for item in items:
        place = item.path.relative_to(HERE)
        group = place.parts[0] if place.parts[0] in TOGETHER else str(place)
        item.add_marker(pytest.mark.xdist_group(group))
