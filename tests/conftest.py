"""Servers that all tests share. Isolation is by database, topic and group: each test makes its own."""

from collections.abc import AsyncIterator

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
