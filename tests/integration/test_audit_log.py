"""Every event becomes a leaf once, leaves get their places without a gap, and two histories are never signed."""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from tinbao_audit.resume_log import RefusesToSign
from tinbao_audit.verify_log import Claim, verify_log
from tinbao_contracts.events import EVENTS, TipErasedV1, TipEvent
from tinbao_runtime import metrics

from tests.support.audit import AuditWorld, an_audit_world, event_id_of, one_of_each
from tests.support.eventually import eventually
from tests.support.runtime import Outgoing, a_record, a_withdrawal, running
from tests.support.servers import PostgresServer

STATION = "08944"


@pytest.fixture
async def world(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[AuditWorld]:
    async with an_audit_world(postgres, tmp_path) as world:
        yield world


def events(count: int) -> list[Outgoing]:
    return [a_record(a_withdrawal(STATION)) for _ in range(count)]


async def refusal(world: AuditWorld, folder: Path | None = None) -> str:
    with pytest.raises(RefusesToSign) as refused:
        await world.sequencer(folder).run()
    return str(refused.value)


async def test_every_class_of_event_becomes_a_leaf(world: AuditWorld) -> None:
    await world.take(*(a_record(event) for event in one_of_each(STATION)))

    entries = await world.grow()

    assert Counter(json.loads(entry)["type"] for entry in entries) == Counter(kind.__name__ for kind in EVENTS)


async def test_an_operator_sees_how_long_the_log_is_and_when_it_was_signed(world: AuditWorld) -> None:
    began = time.time()
    await world.take(*events(5))

    def shown(name: str) -> float | None:
        return metrics.REGISTRY.get_sample_value(name, {"log": world.key.name})

    async with running(world.sequencer().run()):
        await eventually(lambda: shown("tinbao_log_entries") == 5, 20)

    signed_at = shown("tinbao_log_signed_at_seconds")
    assert signed_at is not None
    assert began <= signed_at <= time.time()


async def test_leaves_stand_in_the_order_in_which_their_events_came(world: AuditWorld) -> None:
    records = [a_record(event) for event in one_of_each(STATION)]
    await world.take(*records)

    entries = await world.grow()

    assert [json.loads(entry)["type"] for entry in entries] == [kind.__name__ for kind in EVENTS]


async def test_the_holder_of_a_salt_finds_all_events_of_a_tip_and_its_record_bytes(world: AuditWorld) -> None:
    salt = os.urandom(16)
    of_tip = [event for event in one_of_each(STATION, log_salt=salt) if isinstance(event, TipEvent)]
    records = [a_record(event) for event in of_tip]
    await world.take(*events(3), *records)
    await world.grow()

    report = verify_log(world.folder, world.key, [a_claim(record, salt) for record in records])

    assert report.faults == []
    assert sorted(report.found.values()) == list(range(3, 3 + len(records)))


async def test_an_event_of_no_tip_is_found_under_the_salt_that_everybody_knows(world: AuditWorld) -> None:
    record = next(a_record(event) for event in one_of_each(STATION) if not isinstance(event, TipEvent))
    await world.take(record)
    await world.grow()

    report = verify_log(world.folder, world.key, [a_claim(record, world.key.name.encode())])

    assert report.is_whole


async def test_a_redelivered_event_is_one_leaf(world: AuditWorld) -> None:
    record = a_record(a_withdrawal(STATION))

    await world.take(record, record)
    await world.take(record)

    assert len(await world.grow()) == 1


async def test_an_event_that_comes_again_after_the_inbox_forgot_it_is_the_same_leaf(world: AuditWorld) -> None:
    record = a_record(a_withdrawal(STATION))
    await world.take(record)
    await world.pool.execute("DELETE FROM inbox")

    await world.take(record)

    assert len(await world.grow()) == 1


async def test_an_event_of_a_later_release_waits_for_the_upgrade(world: AuditWorld) -> None:
    await world.take(a_record(a_withdrawal(STATION)).with_header("ce_type", b"TipForwardedV7"))

    assert await world.grow() == []
    assert [row["event_type"] for row in await world.rows("SELECT event_type FROM parked")] == ["TipForwardedV7"]


async def test_no_table_but_the_openings_leads_from_a_leaf_to_a_tip(world: AuditWorld) -> None:
    tip = a_withdrawal(STATION)
    record = a_record(tip)
    await world.take(record)
    entries = await world.grow()

    (row,) = await world.rows("SELECT * FROM leaves")
    stored = b"".join(value for value in row.values() if isinstance(value, bytes)) + entries[0]
    for secret in (tip.tip_id, event_id_of(record)):
        assert str(secret).encode() not in stored
        assert secret.bytes not in stored
    assert tip.log_salt not in stored
    assert tip.log_salt.hex().encode() not in stored
    assert [tuple(r) for r in await world.rows("SELECT tip_id, salt FROM openings")] == [(tip.tip_id, tip.log_salt)]


async def test_erasing_a_tip_takes_its_salt_and_the_log_stays_whole(world: AuditWorld) -> None:
    tip = a_withdrawal(STATION)
    erased = TipErasedV1(tip_id=tip.tip_id, station=STATION, log_salt=tip.log_salt, occurred_at=tip.occurred_at)
    await world.take(a_record(tip), *events(2))
    await world.grow()

    await world.take(a_record(erased))

    assert len(await world.grow()) == 4
    (opening,) = await world.rows("SELECT salt, erased_at FROM openings WHERE tip_id = $1", tip.tip_id)
    assert opening["salt"] is None
    assert opening["erased_at"] is not None


@pytest.mark.parametrize("late_first", [True, False])
async def test_an_event_that_comes_late_does_not_bring_an_erased_salt_back(world: AuditWorld, late_first: bool) -> None:
    tip = a_withdrawal(STATION)
    erased = TipErasedV1(tip_id=tip.tip_id, station=STATION, log_salt=tip.log_salt, occurred_at=tip.occurred_at)
    if late_first:
        await world.take(a_record(tip))
    await world.take(a_record(erased))

    await world.take(a_record(tip))

    assert [row["salt"] for row in await world.rows("SELECT salt FROM openings")] == [None]


async def test_a_log_grows_by_batches_and_each_head_goes_on_from_the_last(world: AuditWorld) -> None:
    kept = []
    for count in (1, 255, 1, 300, 0):
        await world.take(*events(count))
        await world.grow()
        kept.append(world.checkpoint())

    report = verify_log(world.folder, world.key, earlier=kept)

    assert report.faults == []
    assert report.size == 557


async def test_two_sequencers_leave_no_gap_and_no_double(world: AuditWorld) -> None:
    async with running(world.sequencer().run()), running(world.sequencer().run()):
        for count in (200, 200, 200):
            await world.take(*events(count))
        await eventually(lambda: world.published_size() == 600, seconds=30)

    assert len(set(world.entries())) == 600
    indexes = [row["index"] for row in await world.rows("SELECT index FROM leaves ORDER BY index")]
    assert indexes == list(range(600))


async def test_another_sequencer_goes_on_where_the_leader_ended(world: AuditWorld) -> None:
    await world.take(*events(10))
    before = await world.grow()
    await world.take(*events(10))

    after = await world.grow()

    assert after[:10] == before
    assert len(after) == 20


async def test_leaves_that_had_their_place_and_were_not_signed_are_signed_by_the_next(world: AuditWorld) -> None:
    await world.take(*events(5))
    await world.grow()
    await world.take(*events(5))
    await world.pool.execute("UPDATE leaves SET index = arrived - 1 WHERE index IS NULL")

    assert len(await world.grow()) == 10


async def test_a_log_restored_from_an_old_backup_refuses_to_sign(world: AuditWorld) -> None:
    await world.take(*events(10))
    await world.grow()
    async with world.backup() as backup:
        await world.take(*events(10))
        await world.grow()
        published = world.checkpoint()

        async with world.restored_from(backup) as restored:
            await restored.take(*events(30))
            sentence = await refusal(restored)

    assert "a checkpoint of 20 leaves was published, and this database has only 10" in sentence
    assert world.checkpoint() == published


async def test_an_old_backup_that_grew_past_the_published_log_refuses_to_sign(world: AuditWorld) -> None:
    await world.take(*events(10))
    await world.grow()
    async with world.backup() as backup:
        await world.take(*events(10))
        await world.grow()
        published = world.checkpoint()

        async with world.restored_from(backup) as restored:
            await restored.take(*events(30))
            await restored.grow(world.folder.with_name("elsewhere"))
            sentence = await refusal(restored)

    assert "the first 20 leaves of this database are not those that were published" in sentence
    assert world.checkpoint() == published


async def test_an_old_backup_of_the_folder_is_brought_up_to_date(world: AuditWorld) -> None:
    await world.take(*events(200))
    await world.grow()
    shutil.copytree(world.folder, old := world.folder.with_name("old"))
    await world.take(*events(100))
    newest = await world.grow()

    assert await world.grow(old) == newest


async def test_a_folder_that_was_lost_is_written_again(world: AuditWorld) -> None:
    await world.take(*events(300))
    entries = await world.grow()
    shutil.rmtree(world.folder)

    assert await world.grow() == entries


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE leaves SET leaf = leaf || ' ' WHERE index = 3", "tile/0/000 in the log folder is not what"),
        ("UPDATE leaves SET leaf = leaf || ' ' WHERE index = 270", "are not those that were published"),
        ("DELETE FROM leaves WHERE index = 3", "leaves are missing from this database"),
        (
            "DELETE FROM leaves WHERE index > 250",
            "a checkpoint of 280 leaves was published, and this database",
        ),
    ],
)
async def test_a_database_that_was_changed_is_not_signed(statement: str, sentence: str, world: AuditWorld) -> None:
    await world.take(*events(280))
    await world.grow()
    published = world.checkpoint()

    await world.pool.execute(statement)

    assert sentence in await refusal(world)
    assert world.checkpoint() == published


async def test_the_database_remembers_what_was_signed_when_the_folder_is_lost(world: AuditWorld) -> None:
    await world.take(*events(20))
    await world.grow()
    shutil.rmtree(world.folder)
    await world.pool.execute("DELETE FROM leaves WHERE index > 10")

    assert "a checkpoint of 20 leaves was published" in await refusal(world)


async def test_a_changed_file_is_not_signed_over(world: AuditWorld) -> None:
    await world.take(*events(280))
    await world.grow()
    tile = world.folder / "tile/0/000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])

    assert await refusal(world) == "tile/0/000 in the log folder is not what this database says."


async def test_another_key_signs_nothing_over_a_published_log(postgres: PostgresServer, tmp_path: Path) -> None:
    async with an_audit_world(postgres, tmp_path / "one") as world, an_audit_world(postgres, tmp_path / "two") as other:
        await world.take(*events(1))
        await world.grow()

        assert "the published checkpoint is not of this key" in await refusal(other, world.folder)


def a_claim(record: Outgoing, salt: bytes) -> Claim:
    return Claim(event_id_of(record), salt, sha256(record.value or b"").digest())
