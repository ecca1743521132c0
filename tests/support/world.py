"""The product in small, for tests that kill, freeze and cut off its parts.

Its own Kafka and Postgres, a station table of two made-up stations and the province, and the real services as
processes, with the environment that `tinbao up` gives them. Nobody restarts what ends: a service that dies by itself
fails the test that needs it.
"""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from tinbao_contracts.places import PROVINCE
from tinbao_intake.__main__ import MIGRATIONS as INTAKE_MIGRATIONS
from tinbao_local.children import Child
from tinbao_local.demo import DemoOfficer, Deployment
from tinbao_local.installation import Installation
from tinbao_local.keys import register_stations_and_keys
from tinbao_local.oidc import Client
from tinbao_local.processes import SERVICES, Service, _triage, database_password, processes
from tinbao_local.secret_file import SecretFile
from tinbao_local.up import apply_station_table
from tinbao_runtime.migrations import migrate
from tinbao_triage.__main__ import MIGRATIONS as TRIAGE_MIGRATIONS

from tests.support.runtime import Outgoing
from tests.support.servers import KafkaServer

HERE, THERE, NEW = "90001", "90002", "90003"
"""Stations that nobody has: no commune's code begins with 9."""

COMMUNE_OF = {HERE: "08944", THERE: "08905", NEW: "04792"}
"""Real ones, since a tip must name a commune of today."""

DEPLOYMENTS = (Deployment(HERE, "Here", 8102), Deployment(THERE, "There", 8106), Deployment(PROVINCE, "Province", 8103))
INTAKE = SERVICES[0]
SECOND_INTAKE = replace(INTAKE, name="intake-2", port=8111)
"""On the same database: of two relays only one leads."""

KafkaRecord: TypeAlias = "ConsumerRecord[bytes, bytes]"

PORTS = (5433, 8101, 8102, 8103, 8106, 8111, 8180, 8201, 8202, 8203, 8206, 8211, 9092, 9093)


@dataclass
class World:
    """Processes are called as in the product: `intake-api`, `triage-CODE-worker`."""

    at: Installation
    kafka: Child
    postgres: Child
    variables: Mapping[str, str]
    children: dict[str, Child] = field(default_factory=dict)
    _table: list[str] = field(default_factory=list)

    @property
    def services(self) -> dict[str, Service]:
        return {each.name: each for each in (INTAKE, SECOND_INTAKE, *(_triage(each) for each in DEPLOYMENTS))}

    async def start(self, *names: str, fault: str = "") -> None:
        """All at once, ready when this returns. `fault` is a TINBAO_FAULT for each of them."""
        programs = {p.name: p for service in self.services.values() for p in processes(self.at, service)}
        for name in names:
            program = programs[name]
            environment = {**program.environment, **self.variables, "TINBAO_FAULT": fault}
            log = program.log.with_stem(f"{name}-{secrets.token_hex(2)}")
            self.children[name] = Child(replace(program, environment=environment, log=log))
        async with asyncio.TaskGroup() as starting:
            for name in names:
                starting.create_task(_start(self.children[name]))

    async def start_provider(self, *officers: DemoOfficer) -> None:
        """The OpenID provider, which knows these officers and no others."""
        clients = [Client(each.client_id, each.name, self.at.port(each.port)) for each in DEPLOYMENTS]
        self.at.oidc.prepare(clients, officers)
        self.children["oidc"] = Child(self.at.oidc.program())
        await _start(self.children["oidc"])

    async def stop(self, *names: str) -> None:
        await asyncio.gather(*(self.children[name].stop() for name in names))

    async def restart(self, name: str, fault: str = "") -> Child:
        await self.stop(name)
        await self.start(name, fault=fault)
        return self.children[name]

    async def mend(self, *names: str) -> None:
        """Just these run afterwards, none of them with a fault; and both servers. What is well is left alone."""
        for server in (self.kafka, self.postgres):
            if not server.is_running:
                await _start(server)
        for name, child in self.children.items():
            if child.program.environment.get("TINBAO_FAULT"):
                await child.kill()  # it may be frozen
            elif name not in names:
                await child.stop()
        await self.start(*(name for name in names if name not in self.children or not self.children[name].is_running))

    def log(self, name: str) -> str:
        """What the process of this name that was started last has said."""
        return self.children[name].program.log.read_text()

    def add_station(self, code: str, served_by: str) -> None:
        """A row of the table; `apply` makes it true."""
        self._table.append(f"{code},Công an thử nghiệm {code},{COMMUNE_OF.get(code, '')},{served_by},0")

    async def apply(self) -> None:
        """What `tinbao topics apply` does."""
        _table_of(self.at).write_text("\n".join(["code,name,communes,served_by,remote", *self._table, ""]))
        await asyncio.to_thread(apply_station_table, self.at)
        await register_stations_and_keys(self.at)

    async def rows(self, service: str, query: str, *args: Any) -> list[asyncpg.Record]:
        """From a service's database, as the superuser."""
        async with self.connected(service) as conn:
            return await conn.fetch(query, *args)

    @asynccontextmanager
    async def connected(self, service: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        """To a service's database, as the superuser."""
        conn = await asyncpg.connect(self.at.postgres.url(self.services[service].database))
        try:
            yield conn
        finally:
            await conn.close()

    async def value(self, service: str, query: str, *args: Any) -> Any:
        """The first value of the first row."""
        return (await self.rows(service, query, *args))[0][0]

    async def published(self, topic: str) -> list[KafkaRecord]:
        """All records of a topic until now."""
        async with AIOKafkaConsumer(topic, auto_offset_reset="earliest", **self._as_admin()) as client:
            (partition,) = client.assignment()
            end = (await client.end_offsets([partition]))[partition]
            records: list[KafkaRecord] = []
            while await client.position(partition) < end:
                records += (await client.getmany(partition, timeout_ms=500)).get(partition, [])
            return records

    async def committed(self, group: str, topic: str) -> int:
        """The offset up to which a group says that it has read a topic."""
        async with AIOKafkaConsumer(group_id=group, **self._as_admin()) as client:
            return await client.committed(TopicPartition(topic, 0)) or 0

    async def publish(self, *records: Outgoing) -> None:
        """As the broker's administrator, past all that a relay would check. Keeps the order."""
        async with AIOKafkaProducer(acks="all", **self._as_admin()) as producer:
            for r in records:
                await producer.send_and_wait(r.topic, r.value, r.key, headers=list(r.headers))

    def _as_admin(self) -> dict[str, Any]:
        return KafkaServer(self.at.kafka, self.kafka).aiokafka_config()


@asynccontextmanager
async def a_world(folder: Path, **variables: str) -> AsyncIterator[World]:
    """Servers, databases, topics, rights and keys; no service runs yet. `variables` go to all services."""
    state = folder / "state"
    at = Installation(state, free_offset(), folder / "stations.csv", SecretFile(state / "secrets.json"))
    try:
        await asyncio.gather(asyncio.to_thread(at.kafka.prepare), asyncio.to_thread(at.postgres.prepare))
        world = World(
            at, Child(at.kafka.program()), Child(at.postgres.program()), {"OTEL_TRACES_EXPORTER": "none", **variables}
        )
        try:
            await _start_servers(world)
            yield world
        finally:
            await world.stop(*world.children)
            await asyncio.gather(world.kafka.stop(), world.postgres.stop())
    finally:
        at.postgres.remove()


async def _start_servers(world: World) -> None:
    async with asyncio.TaskGroup() as starting:
        starting.create_task(_start(world.kafka))
        starting.create_task(_start(world.postgres))
    for service in {each.database: each for each in world.services.values()}.values():
        await _migrate(world.at, service)
    for deployment in DEPLOYMENTS:
        world.add_station(deployment.station, served_by=deployment.station)
    await world.apply()


async def _migrate(at: Installation, service: Service) -> None:
    password = database_password(at, service)
    await at.postgres.ensure_database(service.database, service.database, password)
    url = at.postgres.url(service.database, role=service.database, password=password)
    await asyncio.to_thread(migrate, url, TRIAGE_MIGRATIONS if service.deployment else INTAKE_MIGRATIONS)


async def _start(child: Child) -> None:
    await child.start()
    await child.wait_ready()


def _table_of(at: Installation) -> Path:
    if at.stations_file is None:
        raise ValueError("a world has a station table of its own")
    return at.stations_file


def free_offset() -> int:
    """Added to the product's ports it gives ports that are free, and below those of outgoing connections."""
    while True:
        offset = 4_000 + secrets.randbelow(16_000)
        if all(_is_free(port + offset) for port in PORTS):
            return offset


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
