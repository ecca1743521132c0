"""Each event once: its id is claimed in the transaction that applies it."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from hashlib import sha256
from uuid import UUID

from tinbao_runtime.postgres import Connection


class Claim(Enum):
    NEW = auto()
    REPEATED = auto()
    CONFLICTING = auto()
    """The id was taken before with another body: somebody is wrong, and nothing may be applied."""


# Claims the ids that nobody has claimed and returns them; waits for a concurrent claim of the same id to end.
CLAIM = """
    INSERT INTO inbox (event_id, value_hash) SELECT * FROM unnest($1::uuid[], $2::bytea[])
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id
"""

# The hashes under which ids were taken.
HASHES = "SELECT event_id, value_hash FROM inbox WHERE event_id = ANY ($1::uuid[])"

# The hash under which one id was taken.
HASH = "SELECT value_hash FROM inbox WHERE event_id = $1"

# Forgets what is older than any topic's retention.
FORGET = "DELETE FROM inbox WHERE taken_at < now() - $1::interval"


async def claim(conn: Connection, records: Sequence[tuple[UUID, bytes]]) -> list[Claim]:
    """Claim each (event id, value); the answer has the same order. The second of two equal ids in one call is repeated.

    A claim holds only if the transaction commits.
    """
    hashes = {event_id: sha256(value).digest() for event_id, value in reversed(records)}
    ids = sorted(hashes)  # one order for all, so that two consumers cannot wait for each other
    new = {row["event_id"] for row in await conn.fetch(CLAIM, ids, [hashes[event_id] for event_id in ids])}
    known = {} if len(new) == len(ids) else {r["event_id"]: r["value_hash"] for r in await conn.fetch(HASHES, ids)}
    return [_judge(event_id, value, new, hashes | known) for event_id, value in records]


async def hash_of(conn: Connection, event_id: UUID) -> bytes | None:
    """SHA-256 of the body that an event id was taken with; None if it is not known, or not any more."""
    taken: bytes | None = await conn.fetchval(HASH, event_id)
    return taken


def _judge(event_id: UUID, value: bytes, new: set[UUID], hashes: Mapping[UUID, bytes]) -> Claim:
    if sha256(value).digest() != hashes[event_id]:
        return Claim.CONFLICTING
    if event_id in new:
        new.remove(event_id)
        return Claim.NEW
    return Claim.REPEATED
