"""The servers of one machine are real and closed: passwords everywhere, data that survives a restart."""

import os
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError
from tinbao_local.postgres import ROOT_HOME, Postgres

from tests.support.servers import KafkaServer, PostgresServer, running_kafka, running_postgres


async def publish(kafka: KafkaServer, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **kafka.aiokafka_config()) as producer:
        await producer.send_and_wait(topic, value)


async def first_value(kafka: KafkaServer, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **kafka.aiokafka_config())
    async with consumer:
        value: bytes | None = (await consumer.getone()).value
        return value


async def test_a_record_published_with_a_password_can_be_read(kafka: KafkaServer) -> None:
    topic = kafka.new_topic()

    await publish(kafka, topic, b"xin ch\xc3\xa0o")

    assert await first_value(kafka, topic) == "xin chào".encode()


@pytest.mark.parametrize(
    "config",
    [
        {"security_protocol": "PLAINTEXT"},
        {"sasl_plain_password": "wrong"},
        {"sasl_plain_username": "nobody-we-know"},
        {"sasl_mechanism": "PLAIN"},
    ],
)
async def test_kafka_refuses_who_has_no_credential(kafka: KafkaServer, config: dict[str, str]) -> None:
    producer = AIOKafkaProducer(**{**kafka.aiokafka_config(), **config})

    with pytest.raises(KafkaError):
        await producer.start()

    await producer.stop()


async def test_kafka_refuses_an_anonymous_client_at_the_controller(kafka: KafkaServer) -> None:
    address = f"127.0.0.1:{kafka.server.controller_port}"
    producer = AIOKafkaProducer(bootstrap_servers=address)

    with pytest.raises(KafkaConnectionError):
        await producer.start()

    await producer.stop()


async def test_kafka_keeps_its_records_over_a_restart(tmp_path: Path) -> None:
    async with running_kafka(tmp_path) as kafka:
        topic = kafka.new_topic()
        await publish(kafka, topic, b"kept")

        await kafka.child.stop()
        kafka.server.prepare()
        await kafka.child.start()
        await kafka.child.wait_ready()

        assert await first_value(kafka, topic) == b"kept"


async def test_a_service_reaches_its_own_database_only(postgres: PostgresServer) -> None:
    for name in ("alpha", "beta"):
        await postgres.server.ensure_database(name, role=name, password=f"{name}-password")

    own = await asyncpg.connect(postgres.server.url("alpha", "alpha", "alpha-password"))
    await own.execute("CREATE TABLE mine (id int)")
    await own.close()

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(postgres.server.url("beta", "alpha", "alpha-password"))


async def test_postgres_refuses_a_wrong_password(postgres: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.server.url(password="wrong"))


async def test_a_role_gets_its_new_password_when_its_database_is_ensured_again(postgres: PostgresServer) -> None:
    await postgres.server.ensure_database("gamma", role="gamma", password="it's old")
    await postgres.server.ensure_database("gamma", role="gamma", password="it's new")

    conn = await asyncpg.connect(
        host="127.0.0.1", port=postgres.port, user="gamma", password="it's new", database="gamma"
    )

    assert await conn.fetchval("SELECT current_user::text") == "gamma"
    await conn.close()


async def test_postgres_keeps_its_rows_over_a_restart(tmp_path: Path) -> None:
    async with running_postgres(tmp_path) as postgres:
        await postgres.execute("CREATE TABLE kept AS SELECT 'ĐƯỜNG' AS word")

        await postgres.child.stop()
        postgres.server.prepare()
        await postgres.child.start()
        await postgres.child.wait_ready()

        conn = await asyncpg.connect(postgres.url())
        assert await conn.fetchval("SELECT lower(word) FROM kept") == "đường"
        await conn.close()


async def test_a_cloned_database_has_the_templates_rows_and_is_gone_after_the_test(postgres: PostgresServer) -> None:
    await postgres.execute("CREATE DATABASE pattern_of_this_test")
    await postgres.execute("CREATE TABLE seen AS SELECT 1 AS id", database="pattern_of_this_test")

    async with postgres.cloned_database("pattern_of_this_test") as name:
        conn = await asyncpg.connect(postgres.url(name))
        assert await conn.fetchval("SELECT id FROM seen") == 1
        await conn.close()

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(postgres.url(name))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data are outside the state folder")
def test_removing_deletes_also_the_data_whose_password_was_lost(tmp_path: Path) -> None:
    for password in ("lost", "new"):
        Postgres(tmp_path, port=1, password=password).prepare()
    homes = {note.parent for note in ROOT_HOME.glob("*/state-folder") if note.read_text() == str(tmp_path)}

    Postgres(tmp_path, port=1, password="new").remove()

    assert len(homes) == 2
    assert not [home for home in homes if home.exists()]
