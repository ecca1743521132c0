"""Poison becomes a dead letter with its reason, what is not known yet is parked, and the neighbours are processed."""

import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record._crc32c import crc as crc32c
from tinbao_contracts.events import CaseOpenedV1, TipWithdrawnV1
from tinbao_runtime import dead_letters, envelope, letters
from tinbao_runtime.batch import Rejected, each
from tinbao_runtime.dead_letters import CannotReplay, NoSuchLetter, Place
from tinbao_runtime.letters import RawRecord
from tinbao_runtime.postgres import transaction
from uuid_utils.compat import uuid7

from tests.support.eventually import eventually
from tests.support.runtime import (
    RECORDING,
    Outgoing,
    World,
    a_record,
    a_tip_event,
    a_withdrawal,
    a_world,
    record_effect,
    running,
)
from tests.support.servers import KafkaServer, PostgresServer

SECRET = "0912345678"


@pytest.fixture
async def world(postgres: PostgresServer, kafka: KafkaServer) -> AsyncIterator[World]:
    async with a_world(postgres, kafka) as world:
        world.make_topic()
        yield world


async def take(world: World, *records: Outgoing, offset: int | None = None) -> None:
    """Publish, and consume until the offset after them is committed."""
    await world.publish(*records)

    async def has_committed() -> bool:
        return await world.committed() == (len(records) if offset is None else offset)

    async with running(world.consumer().run()):
        await eventually(has_committed, 15)


async def taken(world: World) -> set[Any]:
    return {row["tip_id"] for row in await world.rows("SELECT tip_id FROM effects")}


def broken_records(record: Outgoing) -> dict[str, tuple[Outgoing, str]]:
    """One good record spoilt in each way, with the reason that an operator reads."""
    assert record.value is not None
    unreadable = "a header is not readable"
    return {
        "invalid UTF-8 in a header": (record.with_header("ce_subject", b"\xff\xfe" + SECRET.encode()), unreadable),
        "a NUL in a header": (record.with_header("ce_type", b"Tip\x00" + SECRET.encode()), unreadable),
        "a null header": (record.with_header("ce_subject", None), unreadable),
        "an empty type": (record.with_header("ce_type", b""), unreadable),
        "an id that is none": (record.with_header("ce_id", SECRET.encode()), unreadable),
        "a time that is none": (record.with_header("ce_time", SECRET.encode()), unreadable),
        "another CloudEvents": (record.with_header("ce_specversion", b"0.3"), "CloudEvents version is not 1.0"),
        "no id": (record.without_header("ce_id"), "header 'ce_id' is missing"),
        "no type": (record.without_header("ce_type"), "header 'ce_type' is missing"),
        "a tombstone": (replace(record, value=None), "the record is a tombstone"),
        "invalid UTF-8": (replace(record, value=b"\xff\xfe" + record.value), "TipSubmittedV1 is not valid: value"),
        "no JSON": (replace(record, value=SECRET.encode()), "TipSubmittedV1 is not valid: value"),
        "half a value": (replace(record, value=record.value[:200]), "TipSubmittedV1 is not valid: value"),
        "a wrong field": (
            replace(record, value=record.value.replace(b'"urgency":"normal"', f'"urgency":"{SECRET}"'.encode())),
            "TipSubmittedV1 is not valid: urgency",
        ),
        "a name as a field": (
            replace(record, value=record.value.replace(b'"content":', f'"{SECRET}":'.encode())),
            "TipSubmittedV1 is not valid: sealed",
        ),
        "another station's event": (
            replace(record, value=a_tip_event("08905").model_dump_json().encode()),
            "TipSubmittedV1 does not belong to this topic",
        ),
        "a case in a tip's topic": (
            replace(record, value=_case(record.topic).model_dump_json().encode()).with_header(
                "ce_type", b"CaseOpenedV1"
            ),
            "CaseOpenedV1 does not belong to this topic",
        ),
    }


def _case(topic: str) -> CaseOpenedV1:
    tip = a_tip_event(topic.removeprefix("tips."))
    return CaseOpenedV1.model_validate(tip.model_dump() | {"number": 1})


async def test_each_kind_of_poison_dies_with_its_reason_and_the_neighbours_are_processed(world: World) -> None:
    before, after = a_withdrawal(world.station), a_withdrawal(world.station)
    poison = {name: broken_records(a_record(a_tip_event(world.station)))[name] for name in broken_records(_any(world))}

    await take(world, a_record(before), *(record for record, _ in poison.values()), a_record(after))

    assert dict(zip(poison, await world.dead_reasons(), strict=True)) == {
        n: reason for n, (_, reason) in poison.items()
    }
    assert await taken(world) == {before.tip_id, after.tip_id}
    assert await world.count("parked") == 0


def _any(world: World) -> Outgoing:
    return a_record(a_tip_event(world.station))


async def test_no_reason_holds_what_was_sent(world: World) -> None:
    await take(world, *(record for record, _ in broken_records(_any(world)).values()))

    assert SECRET not in " ".join(await world.dead_reasons())


async def test_a_dead_letter_keeps_the_record_as_it_came(world: World) -> None:
    record = a_record(a_withdrawal(world.station)).with_header("ce_id", b"\xff").with_header("x", None)
    await take(world, record)

    (row,) = await world.rows("SELECT * FROM dead_letters")

    restored = letters.restore(row)
    assert restored == RawRecord(world.topic, 0, 0, tuple(record.headers), record.key, record.value)


async def test_a_record_that_dies_again_is_one_dead_letter(world: World) -> None:
    record = RawRecord(world.topic, 0, 7)

    for _ in range(2):
        async with transaction(world.pool) as conn:
            await letters.bury(conn, record, "the record is a tombstone")

    assert await world.count("dead_letters") == 1


async def test_an_id_that_comes_again_with_another_body_dies_and_the_first_stays(world: World) -> None:
    event_id, first, second = uuid7(), a_withdrawal(world.station), a_withdrawal(world.station)
    neighbour = a_withdrawal(world.station)

    await take(world, a_record(first, event_id), a_record(second, event_id), a_record(neighbour))
    await take(world, a_record(second, event_id), offset=4)

    assert await taken(world) == {first.tip_id, neighbour.tip_id}
    assert await world.dead_reasons() == ["this event id was used before with another body"] * 2


async def test_a_header_that_is_nobodys_business_does_not_matter(world: World) -> None:
    event = a_withdrawal(world.station)

    await take(world, a_record(event).with_header("x-note", b"hello"))

    assert await taken(world) == {event.tip_id}


async def test_a_traceparent_that_is_none_is_left_behind(world: World) -> None:
    seen: list[str | None] = []

    async def note(_: Any, received: Any) -> None:
        seen.append(received.traceparent)

    await world.publish(a_record(a_withdrawal(world.station), traceparent="00-" + "a" * 2000))
    async with running(world.consumer({TipWithdrawnV1: each(note)}).run()):
        await eventually(lambda: seen, 15)

    assert seen == [None]


class TipRedirectedV1(TipWithdrawnV1):
    """An event of a later release."""


async def test_an_unknown_type_is_parked_and_processed_once_it_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = TipRedirectedV1.model_validate(a_withdrawal(world.station).model_dump())
    neighbour = a_withdrawal(world.station)

    await take(world, a_record(unknown), a_record(neighbour))
    assert await taken(world) == {neighbour.tip_id}
    assert await world.dead_reasons() == []
    assert [row["event_type"] for row in await world.rows("SELECT event_type FROM parked")] == ["TipRedirectedV1"]
    assert await world.consumer().replay_parked() == 0

    monkeypatch.setitem(envelope.KNOWN, "TipRedirectedV1", TipRedirectedV1)
    upgraded = world.consumer({**RECORDING, TipRedirectedV1: each(record_effect)})
    assert await upgraded.replay_parked() == 1

    assert await taken(world) == {neighbour.tip_id, unknown.tip_id}
    assert await world.count("parked") == 0
    assert await upgraded.replay_parked() == 0


async def test_a_parked_type_that_turns_out_to_be_for_others_is_let_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(world, a_record(TipRedirectedV1.model_validate(a_withdrawal(world.station).model_dump())))

    monkeypatch.setitem(envelope.KNOWN, "TipRedirectedV1", TipRedirectedV1)
    assert await world.consumer().replay_parked() == 1

    assert await world.count("parked") == 0
    assert await world.count("effects") == 0


async def test_a_parked_record_that_comes_again_is_parked_once(world: World) -> None:
    record = a_record(TipRedirectedV1.model_validate(a_withdrawal(world.station).model_dump()))

    await take(world, record, record)

    assert await world.count("parked") == 1


async def test_a_parked_record_that_turns_out_to_be_broken_dies(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    record = a_record(TipRedirectedV1.model_validate(a_withdrawal(world.station).model_dump()))
    await take(world, replace(record, value=b"{}"))

    monkeypatch.setitem(envelope.KNOWN, "TipRedirectedV1", TipRedirectedV1)
    assert await world.consumer().replay_parked() == 1

    assert await world.count("parked") == 0
    assert [reason.split(":")[0] for reason in await world.dead_reasons()] == ["TipRedirectedV1 is not valid"]


async def test_records_that_still_wait_do_not_keep_later_ones_from_their_turn(world: World) -> None:
    waiting = [RawRecord(world.topic, 0, n, (), None, b"{}") for n in range(5)]
    async with transaction(world.pool) as conn:
        for record in waiting:
            await letters.park(conn, record, uuid7(), "TipWithdrawnV1")

    tried = []
    for _ in range(2):
        async with transaction(world.pool) as conn:
            for event_id, record in await letters.parked(conn, ["TipWithdrawnV1"], limit=3):
                tried.append(record.offset)
                await letters.park(conn, record, event_id, "TipWithdrawnV1")

    assert tried == [0, 1, 2, 3, 4, 0]


async def publish_with_a_header_name_that_is_no_utf8(world: World, *values: bytes) -> None:
    """As one batch, its second record spoilt: no client library writes such a name, so the bytes are changed here."""
    async with AIOKafkaProducer(**world.kafka.aiokafka_config()) as producer:
        batch = producer.create_batch()
        for place, value in enumerate(values):
            headers = [("ZZQ" if place == 1 else "ok", b"1")]
            batch.append(key=None, value=value, timestamp=None, headers=headers)
        content = bytearray(batch._build()).replace(b"ZZQ", b"\xff\xfe\xfd")
        content[17:21] = struct.pack(">I", crc32c(bytes(content[21:])))
        batch._buffer = bytes(content)
        await (await producer.send_batch(batch, world.topic, partition=0))


async def test_a_batch_that_the_client_library_cannot_decode_is_stepped_over(world: World) -> None:
    """Its records are one dead letter without their bytes; before and after it nothing is lost."""
    before = [a_withdrawal(world.station) for _ in range(3)]
    after = [a_withdrawal(world.station) for _ in range(3)]
    await world.publish(*(a_record(event) for event in before))
    await publish_with_a_header_name_that_is_no_utf8(world, b"a", b"b", b"c")
    await publish_with_a_header_name_that_is_no_utf8(world, b"a", b"b")

    await take(world, *(a_record(event) for event in after), offset=11)

    assert await taken(world) == {event.tip_id for event in before + after}
    dead = await world.rows('SELECT "offset", reason FROM dead_letters ORDER BY "offset"')
    assert [(row["offset"], row["reason"]) for row in dead] == [
        (3, "header 'ce_specversion' is missing"),
        (4, "the records up to offset 5 cannot be decoded"),
        (6, "header 'ce_specversion' is missing"),
        (7, "the records up to offset 7 cannot be decoded"),
    ]


async def test_a_batch_that_cannot_be_decoded_at_the_end_of_the_log_is_stepped_over(world: World) -> None:
    await publish_with_a_header_name_that_is_no_utf8(world, b"a", b"b")

    await take(world, offset=2)

    assert (await world.dead_reasons())[1:] == ["the records up to offset 1 cannot be decoded"]


@pytest.mark.parametrize("has_committed", [True, False])
async def test_records_of_other_topics_survive_a_fetch_that_cannot_be_decoded(
    world: World, *, has_committed: bool
) -> None:
    others = [f"{world.station}{n}" for n in range(4)]
    for station in others:
        world.make_topic(station)
    events = [a_withdrawal(station) for station in others for _ in range(20)]
    if has_committed:
        await world.publish(*(a_record(event) for event in events[::10]))
        async with running(world.consumer().run()):
            await eventually(lambda: _is_taken_and_committed(world, len(events[::10]), others), 15)

    await publish_with_a_header_name_that_is_no_utf8(world, b"a", b"b")
    await world.publish(*(a_record(event) for event in events))
    async with running(world.consumer().run()):
        await eventually(lambda: _has(world, len(events) + (len(events[::10]) if has_committed else 0)), 15)

    assert await taken(world) == {event.tip_id for event in events}


async def _is_taken_and_committed(world: World, effects: int, stations: list[str]) -> bool:
    offsets = [await world.committed(f"tips.{station}") for station in stations]
    return await _has(world, effects) and sum(offsets) == effects


async def _has(world: World, effects: int) -> bool:
    return await world.count("effects") == effects


async def the_dead_letter(world: World) -> Place:
    async with transaction(world.pool) as conn:
        (letter,) = await dead_letters.list_dead(conn)
    return letter.place


async def test_a_dead_letter_is_applied_once_its_cause_is_mended(world: World) -> None:
    async def fail(*_: Any) -> None:
        raise Rejected("the rule is wrong")

    event = a_withdrawal(world.station)
    await world.publish(a_record(event))
    async with running(world.consumer({TipWithdrawnV1: fail}).run()):
        await eventually(lambda: world.count("dead_letters"), 15)

    async with transaction(world.pool) as conn:
        await dead_letters.replay(conn, await the_dead_letter(world))
    assert await world.consumer().replay_parked() == 1

    assert await taken(world) == {event.tip_id}
    assert (await world.count("dead_letters"), await world.count("parked")) == (0, 0)


async def test_a_letter_that_would_die_again_is_not_tried_again(world: World) -> None:
    await take(world, broken_records(_any(world))["a tombstone"][0], broken_records(_any(world))["no id"][0])

    for place in (Place(world.topic, 0, 0), Place(world.topic, 0, 1)):
        with pytest.raises(CannotReplay):
            async with transaction(world.pool) as conn:
                await dead_letters.replay(conn, place)

    assert await world.count("dead_letters") == 2


async def test_an_event_id_that_came_with_two_bodies_is_not_tried_again(world: World) -> None:
    event_id = uuid7()
    await take(world, a_record(a_withdrawal(world.station), event_id), a_record(a_withdrawal(world.station), event_id))

    with pytest.raises(CannotReplay, match="not taken with this body"):
        async with transaction(world.pool) as conn:
            await dead_letters.replay(conn, await the_dead_letter(world))


async def test_a_discarded_letter_is_gone_and_cannot_be_discarded_again(world: World) -> None:
    await take(world, broken_records(_any(world))["no JSON"][0])
    place = await the_dead_letter(world)

    async with transaction(world.pool) as conn:
        await dead_letters.discard(conn, place)
    with pytest.raises(NoSuchLetter):
        async with transaction(world.pool) as conn:
            await dead_letters.discard(conn, place)

    assert await world.count("dead_letters") == 0
