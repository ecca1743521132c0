"""Real servers for the tests: one PostgreSQL and one Kafka a session, on free ports, started as `tinbao up` does."""

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tinbao_local.children import Child
from tinbao_local.kafka import ADMIN, ClientConfig, Kafka
from tinbao_local.postgres import Postgres


@dataclass(frozen=True)
class PostgresServer:
    """`child` can be stopped and started again by a test that needs the database to be away."""

    server: Postgres
    child: Child

    @property
    def port(self) -> int:
        return self.server.port

    def url(self, database: str = "postgres") -> str:
        """As the superuser, who may create databases and roles."""
        return self.server.url(database)

    @asynccontextmanager
    async def cloned_database(self, template: str) -> AsyncIterator[str]:
        """A database of one test's own, as `template` is now; its name. Nobody may be connected to the template."""
        name = f"test_{secrets.token_hex(8)}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def execute(self, statement: str, database: str = "postgres") -> None:
        conn = await asyncpg.connect(self.url(database))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


@dataclass(frozen=True)
class KafkaServer:
    """`child` can be stopped and started again by a test that needs the broker to be away."""

    server: Kafka
    child: Child

    @property
    def servers(self) -> str:
        return self.server.servers

    @property
    def password(self) -> str:
        """Of the user `admin`, whom no ACL binds."""
        return self.server.password

    def confluent_config(self, username: str = ADMIN, password: str | None = None) -> ClientConfig:
        return self.server.client_config(username, password)

    def aiokafka_config(self, username: str = ADMIN, password: str | None = None) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.servers,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": username,
            "sasl_plain_password": password or self.password,
        }

    def new_topic(self, name: str | None = None, partitions: int = 1) -> str:
        """A topic of one test's own; its name. The broker makes no topic by itself."""
        topic = name or f"test-{secrets.token_hex(8)}"
        admin = AdminClient(self.confluent_config())
        admin.create_topics([NewTopic(topic, partitions)])[topic].result(timeout=10)
        return topic


@asynccontextmanager
async def running_postgres(state: Path) -> AsyncIterator[PostgresServer]:
    server = Postgres(state, port=free_port(), password=secrets.token_urlsafe())
    server.prepare()
    try:
        async with _running(Child(server.program())) as child:
            yield PostgresServer(server, child)
    finally:
        server.remove()


@asynccontextmanager
async def running_kafka(state: Path) -> AsyncIterator[KafkaServer]:
    server = Kafka(state, port=free_port(), controller_port=free_port(), password=secrets.token_urlsafe())
    server.prepare()
    async with _running(Child(server.program())) as child:
        yield KafkaServer(server, child)


@asynccontextmanager
async def _running(child: Child) -> AsyncIterator[Child]:
    await child.start()
    try:
        await child.wait_ready()
        yield child
    finally:
        await child.stop()


def free_port() -> int:
    """A TCP port of the loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
