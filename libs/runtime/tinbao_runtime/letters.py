"""Records that could not be processed: dead ones for an operator, parked ones for later. They stay in this database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tinbao_runtime.postgres import Connection, Record


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A Kafka record as it came: any bytes, perhaps none."""

    topic: str
    partition: int
    offset: int
    headers: tuple[tuple[str, bytes | None], ...] = ()
    key: bytes | None = None
    value: bytes | None = None


# Keeps a record that will never be processed; a redelivery of the same record changes nothing.
BURY = """
    INSERT INTO dead_letters (topic, partition, "offset", reason, headers, key, value)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""

# Keeps a record until this service knows its type or has seen its cause; one that waits already goes to the end.
PARK = """
    INSERT INTO parked (event_id, event_type, topic, partition, "offset", headers, key, value)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (event_id) DO UPDATE SET tried_at = now()
"""

# The parked records of these types that have waited longest for a try, locked so that one worker tries each.
PARKED = """
    SELECT event_id, topic, partition, "offset", headers, key, value
    FROM parked WHERE event_type = ANY ($1::text[]) ORDER BY tried_at, topic, partition, "offset" LIMIT $2
    FOR UPDATE SKIP LOCKED
"""

# A parked record has been processed, or has died.
UNPARK = "DELETE FROM parked WHERE event_id = $1"


async def bury(conn: Connection, record: RawRecord, reason: str) -> None:
    """`reason` names the rule that was broken, never the content."""
    await conn.execute(BURY, *_place(record), reason, _pack(record.headers), record.key, record.value)


async def park(conn: Connection, record: RawRecord, event_id: UUID, event_type: str) -> None:
    headers = _pack(record.headers)
    await conn.execute(PARK, event_id, event_type, *_place(record), headers, record.key, record.value)


async def parked(conn: Connection, types: Sequence[str], limit: int = 100) -> list[tuple[UUID, RawRecord]]:
    """The next parked records of these types to try, with their event ids; locked until the transaction ends."""
    return [(row["event_id"], restore(row)) for row in await conn.fetch(PARKED, list(types), limit)]


async def unpark(conn: Connection, event_id: UUID) -> None:
    await conn.execute(UNPARK, event_id)


def _place(record: RawRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


def _pack(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """As JSON in which latin-1 stands for the bytes: each byte has its character."""
    texts = [[name, None if value is None else value.decode("latin-1")] for name, value in headers]
    return json.dumps(texts).encode()


def restore(row: Record) -> RawRecord:
    """The record as it came, out of a row of either table."""
    texts = json.loads(row["headers"])
    headers = tuple((name, None if text is None else text.encode("latin-1")) for name, text in texts)
    return RawRecord(row["topic"], row["partition"], row["offset"], headers, row["key"], row["value"])
