"""`tinbao topics apply`: the station table becomes topics, users and rights, and the rights are the boundary."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from confluent_kafka.admin import AdminClient
from tinbao_contracts.places import PROVINCE
from tinbao_local.rights import rights_of, triage_user
from tinbao_local.secret_file import SecretFile
from tinbao_local.topics import Changes, TopicSettings, apply_topics, password_name

from tests.support.servers import KafkaServer


@dataclass(frozen=True)
class Row:
    code: str
    served_by: str


@dataclass
class Table:
    """A station table of one test's own, applied to the broker that all tests share."""

    kafka: KafkaServer
    admin: AdminClient
    passwords: SecretFile
    rows: list[Row]

    def add(self, served_by: str | None = None) -> str:
        code = secrets.token_hex(4)
        self.rows.append(Row(code, served_by or code))
        return code

    def apply(self, settings: TopicSettings | None = None) -> Changes:
        return apply_topics(self.admin, self.rows, self.passwords, settings)

    def config(self, user: str) -> dict[str, object]:
        return self.kafka.aiokafka_config(user, self.passwords[password_name(user)])

    def producer(self, user: str) -> AIOKafkaProducer:
        return AIOKafkaProducer(acks="all", enable_idempotence=True, **self.config(user))

    def consumer(self, user: str, *topics: str, group: str | None = None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(*topics, group_id=group, auto_offset_reset="earliest", **self.config(user))


@pytest.fixture
def table(kafka: KafkaServer, tmp_path: Path) -> Iterator[Table]:
    admin = AdminClient(kafka.confluent_config())
    table = Table(kafka, admin, SecretFile(tmp_path / "secrets.json"), [Row(PROVINCE, PROVINCE)])
    yield table
    table.rows.clear()
    table.apply()  # leaves no right behind that another test would see


async def publish(table: Table, user: str, topic: str, value: bytes = b"x") -> None:
    async with table.producer(user) as producer:
        await producer.send_and_wait(topic, value)


async def read_one(table: Table, user: str, topic: str, group: str | None = None) -> bytes | None:
    consumer = table.consumer(user, topic, group=group)
    try:
        async with asyncio.timeout(20):
            await consumer.start()
            value: bytes | None = (await consumer.getone()).value
            return value
    finally:
        await consumer.stop()


async def test_a_station_reads_the_tips_that_intake_wrote_and_answers_with_cases(table: Table) -> None:
    here = table.add()
    table.apply()

    await publish(table, "intake", f"tips.{here}", b"tip")
    assert await read_one(table, triage_user(here), f"tips.{here}", group=triage_user(here)) == b"tip"

    await publish(table, triage_user(here), f"cases.{here}", b"case")
    assert await read_one(table, "intake", f"cases.{here}", group="intake") == b"case"


async def test_a_station_cannot_read_another_stations_tips(table: Table) -> None:
    here, there = table.add(), table.add()
    table.apply()

    with pytest.raises(TopicAuthorizationFailedError):
        await read_one(table, triage_user(here), f"tips.{there}")


@pytest.mark.parametrize("topic", ["tips.{here}", "tips.{there}", "cases.{there}", "proposals.{there}", "stations"])
async def test_a_station_writes_nothing_but_its_own_cases_and_proposals(table: Table, topic: str) -> None:
    here, there = table.add(), table.add()
    table.apply()

    with pytest.raises(TopicAuthorizationFailedError):
        await publish(table, triage_user(here), topic.format(here=here, there=there))


async def test_a_station_cannot_join_another_stations_group(table: Table) -> None:
    here, there = table.add(), table.add()
    table.apply()

    with pytest.raises(GroupAuthorizationFailedError):
        await read_one(table, triage_user(here), f"tips.{here}", group=triage_user(there))


def test_the_provinces_group_is_no_prefix_of_another_stations_group() -> None:
    rights = rights_of([Row("25", "25"), Row("25001", "25001")])

    prefixes = {right.name for right in rights if right.principal == "User:triage-25" and right.name.endswith("-")}

    assert prefixes == {"triage-25-"}


async def test_intake_cannot_read_tips_or_write_cases(table: Table) -> None:
    here = table.add()
    table.apply()

    with pytest.raises(TopicAuthorizationFailedError):
        await read_one(table, "intake", f"tips.{here}")
    with pytest.raises(TopicAuthorizationFailedError):
        await publish(table, "intake", f"cases.{here}")


async def test_the_province_reads_every_stations_cases_but_only_the_tips_it_serves(table: Table) -> None:
    alone, served = table.add(), table.add(served_by=PROVINCE)
    table.apply()
    await publish(table, "intake", f"tips.{served}", b"tip")
    await publish(table, triage_user(alone), f"cases.{alone}", b"case")

    assert await read_one(table, triage_user(PROVINCE), f"cases.{alone}") == b"case"
    assert await read_one(table, triage_user(PROVINCE), f"tips.{served}") == b"tip"
    with pytest.raises(TopicAuthorizationFailedError):
        await read_one(table, triage_user(PROVINCE), f"tips.{alone}")


async def test_a_pattern_subscription_sees_only_the_topics_it_may_read(table: Table) -> None:
    here, there = table.add(), table.add()
    table.apply()
    await publish(table, "intake", f"tips.{there}", b"not for us")
    await publish(table, "intake", f"tips.{here}", b"for us")

    async with table.consumer(triage_user(here), group=triage_user(here)) as consumer:
        consumer.subscribe(pattern=r"^tips\..*")
        record = await consumer.getone()

        assert record.value == b"for us"
        assert {partition.topic for partition in consumer.assignment()} == {f"tips.{here}"}


async def test_applying_twice_changes_nothing(table: Table) -> None:
    table.add()
    assert table.apply()

    again = table.apply()

    assert not again
    assert list(again.lines()) == ["Nothing to change: topics, users and rights are as the station table says."]


async def test_a_new_row_adds_only_what_is_new(table: Table) -> None:
    table.add()
    table.apply()

    new = table.add()
    changes = table.apply()

    assert set(changes.topics) == {f"tips.{new}", f"cases.{new}", f"proposals.{new}"}
    assert changes.users == [triage_user(new)]
    assert {right.principal for right in changes.granted} == {f"User:{triage_user(new)}"}
    assert not changes.revoked
    assert f"+ topic tips.{new}" in changes.lines()


async def test_a_deployment_loses_its_rights_to_a_station_that_it_no_longer_serves(table: Table) -> None:
    moved = table.add(served_by=PROVINCE)
    table.apply()
    await publish(table, "intake", f"tips.{moved}", b"tip")

    table.rows[-1] = Row(moved, served_by=moved)
    table.apply()

    assert await read_one(table, triage_user(moved), f"tips.{moved}") == b"tip"
    with pytest.raises(TopicAuthorizationFailedError):
        await read_one(table, triage_user(PROVINCE), f"tips.{moved}")


async def test_a_longer_retention_reaches_topics_that_exist(table: Table) -> None:
    here = table.add()
    table.apply()

    changes = table.apply(TopicSettings(retention=timedelta(days=60)))

    assert f"tips.{here}" in changes.settings
    assert not table.apply(TopicSettings(retention=timedelta(days=60)))


async def test_a_whole_province_is_ready_in_seconds(table: Table) -> None:
    for _ in range(148):
        table.add(served_by=PROVINCE)
    started = time.monotonic()

    changes = table.apply()

    assert len(changes.topics) >= 3 * 148
    assert time.monotonic() - started < 20


async def test_passwords_are_kept_in_a_file_that_only_its_owner_may_read(table: Table, tmp_path: Path) -> None:
    table.apply()

    file = tmp_path / "secrets.json"

    assert file.stat().st_mode & 0o777 == 0o600
    assert SecretFile(file)[password_name("intake")] == table.passwords[password_name("intake")]
