"""All SQL of intake."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Outcome
from tinbao_runtime.keys import PublicKey
from tinbao_runtime.postgres import Connection, Record

from tinbao_intake.directory import Directory, DirectoryStation
from tinbao_intake.mailbox import StoredMessage, StoredTip
from tinbao_intake.reminder import Reminder
from tinbao_intake.sealed_tip import SealedTip

# Stores a new tip; its id and lookup are fresh random values, so it conflicts with nothing.
INSERT_TIP = """
    INSERT INTO tips (tip_id, lookup, station, holders, category, urgency, received_at, log_salt, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

# The tip that a receipt code stands for.
FIND_TIP = """
    SELECT tip_id, station, holders, category, urgency, received_at, log_salt, version,
           withdrawn_at, opened_at, classified_at, answered_at, closed_at, outcome
    FROM tips WHERE lookup = $1
"""

# The same, locked until the transaction ends: whoever enqueues an event of a tip holds this lock.
LOCK_TIP = """
    SELECT tip_id, station, holders, category, urgency, received_at, log_salt, version,
           withdrawn_at, opened_at, classified_at, answered_at, closed_at, outcome
    FROM tips WHERE lookup = $1 FOR UPDATE
"""

# The next version of a tip whose lock is held.
RAISE_VERSION = "UPDATE tips SET version = version + 1 WHERE tip_id = $1 RETURNING version"

# Records the first withdrawal; a later one changes nothing and returns nothing.
WITHDRAW = "UPDATE tips SET withdrawn_at = $2 WHERE tip_id = $1 AND withdrawn_at IS NULL RETURNING true"

# Adds a message; the same message again changes nothing.
INSERT_MESSAGE = """
    INSERT INTO mailbox_messages (message_id, tip_id, author, body, sent_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (message_id) DO NOTHING
"""

# The conversation of a tip, oldest first.
MESSAGES = """
    SELECT message_id, author, body, sent_at FROM mailbox_messages WHERE tip_id = $1 ORDER BY sent_at, message_id
"""

# Whether a station holds a tip, locking the tip: only holders may speak about it. No row for an unknown tip.
LOCK_HOLDING = "SELECT $2 = ANY (holders) FROM tips WHERE tip_id = $1 FOR UPDATE"

# First times of what a station announced; a repeated announcement keeps the first.
MARK_OPENED = "UPDATE tips SET opened_at = coalesce(opened_at, $2) WHERE tip_id = $1"
MARK_CLASSIFIED = "UPDATE tips SET classified_at = coalesce(classified_at, $2) WHERE tip_id = $1"
MARK_ANSWERED = "UPDATE tips SET answered_at = coalesce(answered_at, $2) WHERE tip_id = $1"

# The outcome that the station announced last.
MARK_CLOSED = "UPDATE tips SET closed_at = $2, outcome = $3 WHERE tip_id = $1"

# The unopened tips of before $2 whose reminder is due, the oldest first; locked, and those that others hold are passed
# over.
LOCK_DUE = """
    SELECT tip_id, received_at, reminders FROM tips
    WHERE opened_at IS NULL AND remind_at <= $1 AND received_at <= $2
    ORDER BY received_at LIMIT $3 FOR UPDATE SKIP LOCKED
"""

# Counts a reminder of each of these tips and says when the next one is due.
POSTPONE = """
    UPDATE tips SET remind_at = due.remind_at, reminders = reminders + 1
    FROM unnest($1::uuid[], $2::timestamptz[]) AS due (tip_id, remind_at) WHERE tips.tip_id = due.tip_id
"""

# When the tip was received that has waited longest for its case; NULL if none waits.
OLDEST_UNOPENED = "SELECT min(received_at) FROM tips WHERE opened_at IS NULL"

# How many tips no station has opened, and when the oldest was received, by urgency.
COUNT_UNOPENED = """
    SELECT urgency, count(*) AS tips, min(received_at) AS oldest FROM tips WHERE opened_at IS NULL GROUP BY urgency
"""

# Registers a station, or changes it; returns nothing if it is registered just so.
UPSERT_STATION = """
    INSERT INTO stations (code, name, communes, served_by, is_remote) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (code) DO UPDATE
    SET name = excluded.name, communes = excluded.communes, served_by = excluded.served_by,
        is_remote = excluded.is_remote, changed_at = now()
    WHERE (stations.name, stations.communes, stations.served_by, stations.is_remote)
          IS DISTINCT FROM (excluded.name, excluded.communes, excluded.served_by, excluded.is_remote)
    RETURNING true
"""

# Whether there is such a station.
STATION_EXISTS = "SELECT EXISTS (SELECT FROM stations WHERE code = $1)"

# Registers a key; returns nothing if it is registered.
INSERT_KEY = """
    INSERT INTO station_keys (key_id, recipient, raw, valid_from, valid_until) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (key_id) DO NOTHING RETURNING true
"""

# Revokes a key once; returns its recipient, or nothing if it is unknown or revoked.
REVOKE_KEY = """
    UPDATE station_keys SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL RETURNING recipient
"""

# All stations, and the keys that are neither revoked nor expired.
STATIONS = "SELECT code, name, communes, served_by, is_remote FROM stations ORDER BY code"
KEYS = """
    SELECT recipient, key_id, raw, valid_from, valid_until FROM station_keys
    WHERE revoked_at IS NULL AND valid_until > now()
"""


async def insert_tip(conn: Connection, tip: SealedTip) -> None:
    await conn.execute(
        INSERT_TIP,
        tip.tip_id,
        tip.lookup,
        tip.station,
        list(tip.holders),
        tip.category,
        tip.urgency,
        tip.received_at,
        tip.log_salt,
        tip.sealed.model_dump_json().encode(),
    )


async def find_tip(conn: Connection, lookup: bytes) -> StoredTip | None:
    return _tip(await conn.fetchrow(FIND_TIP, lookup))


async def lock_tip(conn: Connection, lookup: bytes) -> StoredTip | None:
    return _tip(await conn.fetchrow(LOCK_TIP, lookup))


async def raise_version(conn: Connection, tip_id: UUID) -> int:
    version: int = await conn.fetchval(RAISE_VERSION, tip_id)
    return version


async def mark_withdrawn(conn: Connection, tip_id: UUID, at: datetime) -> bool:
    """False if it was withdrawn before."""
    return bool(await conn.fetchval(WITHDRAW, tip_id, at))


async def insert_message(conn: Connection, tip_id: UUID, message: StoredMessage) -> None:
    await conn.execute(INSERT_MESSAGE, message.message_id, tip_id, message.author, message.body, message.sent_at)


async def messages(conn: Connection, tip_id: UUID) -> list[StoredMessage]:
    rows = await conn.fetch(MESSAGES, tip_id)
    return [StoredMessage(r["message_id"], r["author"], r["body"], r["sent_at"]) for r in rows]


async def lock_holding(conn: Connection, tip_id: UUID, station: str) -> bool:
    """False also for a tip that does not exist."""
    return bool(await conn.fetchval(LOCK_HOLDING, tip_id, station))


async def mark_opened(conn: Connection, tip_id: UUID, at: datetime) -> None:
    await conn.execute(MARK_OPENED, tip_id, at)


async def mark_classified(conn: Connection, tip_id: UUID, at: datetime) -> None:
    await conn.execute(MARK_CLASSIFIED, tip_id, at)


async def mark_answered(conn: Connection, tip_id: UUID, at: datetime) -> None:
    await conn.execute(MARK_ANSWERED, tip_id, at)


async def mark_closed(conn: Connection, tip_id: UUID, at: datetime, outcome: Outcome) -> None:
    await conn.execute(MARK_CLOSED, tip_id, at, outcome)


async def lock_due_reminders(conn: Connection, at: datetime, received_before: datetime, limit: int) -> list[Reminder]:
    rows = await conn.fetch(LOCK_DUE, at, received_before, limit)
    return [Reminder(row["tip_id"], row["received_at"], row["reminders"]) for row in rows]


async def postpone_reminders(conn: Connection, due: Mapping[UUID, datetime]) -> None:
    await conn.execute(POSTPONE, list(due), list(due.values()))


async def oldest_unopened(conn: Connection) -> datetime | None:
    received_at: datetime | None = await conn.fetchval(OLDEST_UNOPENED)
    return received_at


async def count_unopened(conn: Connection) -> dict[str, tuple[int, datetime]]:
    """How many, and when the oldest was received, by urgency; an urgency without any is missing."""
    return {row["urgency"]: (row["tips"], row["oldest"]) for row in await conn.fetch(COUNT_UNOPENED)}


async def save_station(conn: Connection, station: DirectoryStation) -> bool:
    """True if something changed."""
    row = (station.code, station.name, list(station.communes), station.served_by, station.is_remote)
    return bool(await conn.fetchval(UPSERT_STATION, *row))


async def station_exists(conn: Connection, code: str) -> bool:
    return bool(await conn.fetchval(STATION_EXISTS, code))


async def insert_key(conn: Connection, key: PublicKey) -> bool:
    """False if it was registered before."""
    row = (key.key_id, key.recipient, key.raw, key.valid_from, key.valid_until)
    return bool(await conn.fetchval(INSERT_KEY, *row))


async def mark_revoked(conn: Connection, key_id: str, at: datetime) -> str | None:
    """The recipient whose key it was; None if there is nothing to revoke."""
    recipient: str | None = await conn.fetchval(REVOKE_KEY, key_id, at)
    return recipient


async def load_directory(conn: Connection) -> Directory:
    stations = [
        DirectoryStation(r["code"], r["name"], tuple(r["communes"]), r["served_by"], r["is_remote"])
        for r in await conn.fetch(STATIONS)
    ]
    return Directory.of(stations, _keys(await conn.fetch(KEYS)))


def _keys(rows: Sequence[Record]) -> list[PublicKey]:
    return [PublicKey.model_validate(dict(row)) for row in rows]


def _tip(row: Record | None) -> StoredTip | None:
    if row is None:
        return None
    return StoredTip(
        tip_id=row["tip_id"],
        station=row["station"],
        holders=tuple(row["holders"]),
        category=row["category"],
        urgency=Urgency(row["urgency"]),
        received_at=row["received_at"],
        log_salt=row["log_salt"],
        version=row["version"],
        withdrawn_at=row["withdrawn_at"],
        opened_at=row["opened_at"],
        classified_at=row["classified_at"],
        answered_at=row["answered_at"],
        closed_at=row["closed_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
    )
