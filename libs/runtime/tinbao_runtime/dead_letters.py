"""What an operator does with records that died: look, let them be tried again, or discard them for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self

from tinbao_runtime import inbox, letters
from tinbao_runtime.envelope import Malformed, read_headers
from tinbao_runtime.postgres import Connection

# All of them but what was in them, the oldest first.
LIST = 'SELECT topic, partition, "offset", reason, died_at FROM dead_letters ORDER BY died_at, topic, "offset"'

# One as it came, locked until the transaction ends.
LOCK = """
    SELECT topic, partition, "offset", headers, key, value FROM dead_letters
    WHERE topic = $1 AND partition = $2 AND "offset" = $3 FOR UPDATE
"""

# Forgets one; returns whether there was one.
DISCARD = 'DELETE FROM dead_letters WHERE topic = $1 AND partition = $2 AND "offset" = $3 RETURNING true'


class NoSuchLetter(Exception):
    """Nothing died at this place, or it is settled already."""


class CannotReplay(Exception):
    """It would die again whatever this release knows. The message says why, and nothing of the content."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands on the broker; written as `topic/partition/offset`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        topic, partition, offset = text.split("/")
        return cls(topic, int(partition), int(offset))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    place: Place
    reason: str
    died_at: datetime


async def list_dead(conn: Connection) -> Sequence[DeadLetter]:
    rows = await conn.fetch(LIST)
    return [DeadLetter(Place(r["topic"], r["partition"], r["offset"]), r["reason"], r["died_at"]) for r in rows]


async def replay(conn: Connection, place: Place) -> None:
    """Let the worker try a dead letter again within seconds, as it does with parked records.

    Its id was claimed when it came first, so it is applied once at most. Raises NoSuchLetter, CannotReplay.
    """
    row = await conn.fetchrow(LOCK, place.topic, place.partition, place.offset)
    if row is None:
        raise NoSuchLetter(str(place))
    record = letters.restore(row)
    try:
        envelope = read_headers(record.headers)
    except Malformed as error:
        raise CannotReplay(str(error)) from None
    if await inbox.hash_of(conn, envelope.id) != sha256(record.value or b"").digest():
        raise CannotReplay("its event id was not taken with this body")
    await letters.park(conn, record, envelope.id, envelope.type)
    await discard(conn, place)


async def discard(conn: Connection, place: Place) -> None:
    """Forget a dead letter with all that was in it. Raises NoSuchLetter."""
    if not await conn.fetchval(DISCARD, place.topic, place.partition, place.offset):
        raise NoSuchLetter(str(place))
