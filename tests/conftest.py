"""Servers that all tests of a process share. Isolation is by database, topic and group: each test makes its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.servers import KafkaServer, PostgresServer, running_kafka, running_postgres


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresServer]:
    async with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaServer]:
    async with running_kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


TOGETHER = ("tests/e2e/", "tests/faults/")
"""One product stands for all tests of such a folder."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Tests that share servers stay in one process: those of a file, and all of some folders."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Sharing(config, log)
