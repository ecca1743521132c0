"""All SQL of audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection

# Leaves that wait for an index; an event whose leaf is here already changes nothing.
INSERT_LEAVES = """
    INSERT INTO leaves (event_mac, leaf)
    SELECT event_mac, leaf FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS new (event_mac, leaf, place)
    ORDER BY place
    ON CONFLICT (event_mac) DO NOTHING
"""

# Remembers what opens a tip's leaves, unless it was seen or erased before.
INSERT_OPENINGS = """
    INSERT INTO openings (tip_id, salt) SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT (tip_id) DO NOTHING
"""

# Takes the salts for good; a tip that was never seen is marked as well.
ERASE_SALTS = """
    INSERT INTO openings (tip_id, salt, erased_at) SELECT tip_id, NULL, now() FROM unnest($1::uuid[]) AS tip_id
    ON CONFLICT (tip_id) DO UPDATE SET salt = NULL, erased_at = now() WHERE openings.salt IS NOT NULL
"""

# Tries to take the session's lock on the log: one sequencer at a time.
TRY_TO_LEAD = "SELECT pg_try_advisory_lock($1)"

# The session ends when the sequencer is frozen, so that another one can lead.
END_WHEN_FROZEN = "SET idle_session_timeout = '10s'"

# Gives the leaves that have waited longest the next indexes, without a gap; returns them in no order.
ASSIGN = """
    WITH waiting AS (SELECT event_mac, arrived FROM leaves WHERE index IS NULL ORDER BY arrived LIMIT $2),
         next AS (SELECT event_mac, $1::bigint + row_number() OVER (ORDER BY arrived) - 1 AS index FROM waiting)
    UPDATE leaves SET index = next.index FROM next WHERE leaves.event_mac = next.event_mac
    RETURNING leaves.index, leaf
"""

# Leaves from an index on, in their order.
READ_LEAVES = "SELECT leaf FROM leaves WHERE index >= $1 ORDER BY index LIMIT $2"

# How many leaves have an index, and the highest: without a gap the one is the other plus one.
COUNT_LEAVES = "SELECT count(index), coalesce(max(index) + 1, 0) FROM leaves"

# Notes a tree head that is about to be published.
INSERT_CHECKPOINT = "INSERT INTO checkpoints (size, note) VALUES ($1, $2) ON CONFLICT (size) DO NOTHING"

# The last tree head that was signed.
LAST_CHECKPOINT = "SELECT note, signed_at FROM checkpoints ORDER BY size DESC LIMIT 1"

# Where the leaf of a commitment stands; NULL while it waits.
FIND_INDEX = "SELECT index FROM leaves WHERE event_mac = $1"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    note: str
    signed_at: datetime


async def insert_leaves(conn: Connection, leaves: Mapping[bytes, bytes]) -> None:
    """Leaves by the commitment to their event's id, in their order."""
    await conn.execute(INSERT_LEAVES, list(leaves), list(leaves.values()))


async def insert_openings(conn: Connection, salts: Mapping[UUID, bytes]) -> None:
    ids = sorted(salts)  # one order for all, so that two consumers cannot wait for each other
    await conn.execute(INSERT_OPENINGS, ids, [salts[tip_id] for tip_id in ids])


async def erase_salts(conn: Connection, tip_ids: Sequence[UUID]) -> None:
    await conn.execute(ERASE_SALTS, sorted(set(tip_ids)))


async def try_to_lead(conn: Connection, lock: int) -> bool:
    """For this session, until it ends."""
    await conn.execute(END_WHEN_FROZEN)
    return bool(await conn.fetchval(TRY_TO_LEAD, lock))


async def assign_indexes(conn: Connection, first: int, limit: int) -> list[bytes]:
    """The leaves that got the indexes from `first` on, in that order."""
    rows = await conn.fetch(ASSIGN, first, limit)
    return [row["leaf"] for row in sorted(rows, key=lambda row: row["index"])]


async def read_leaves(conn: Connection, first: int, limit: int) -> list[bytes]:
    return [row["leaf"] for row in await conn.fetch(READ_LEAVES, first, limit)]


async def count_leaves(conn: Connection) -> tuple[int, int]:
    """How many leaves have an index, and the highest index plus one."""
    row = await conn.fetchrow(COUNT_LEAVES)
    return (row[0], row[1]) if row else (0, 0)


async def insert_checkpoint(conn: Connection, size: int, note: str) -> None:
    await conn.execute(INSERT_CHECKPOINT, size, note)


async def last_checkpoint(conn: Connection) -> SignedCheckpoint | None:
    row = await conn.fetchrow(LAST_CHECKPOINT)
    return SignedCheckpoint(row["note"], row["signed_at"]) if row else None


async def find_index(conn: Connection, event_mac: bytes) -> int | None:
    """None for an event that is not in the log, or not yet."""
    index: int | None = await conn.fetchval(FIND_INDEX, event_mac)
    return index
