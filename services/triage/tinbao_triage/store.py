"""All SQL of triage."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.deadline import Deadline
from tinbao_contracts.events import Outcome, ViewReason
from tinbao_contracts.sealed import ReporterRole
from tinbao_runtime.postgres import Connection, Record

from tinbao_triage.arrival import Arrival, ArrivedSupplement
from tinbao_triage.case import Case, Standing, Status
from tinbao_triage.records import Counts, EncryptedContent, Filters, KnownOfficer, TimelineEntry, Writing
from tinbao_triage.station_case import StationCase

# Opens cases for tips that have none and returns their numbers; a tip that has a case keeps it.
INSERT_CASES = """
    INSERT INTO cases (tip_id, station, standing, category, urgency, received_at, opened_at, deadline_at, legal_at,
                       place, neighbourhood, reporter_role, is_happening_now,
                       log_salt, sealed_station, content_key, content)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                         $7::timestamptz[], $8::timestamptz[], $9::timestamptz[],
                         $10::text[], $11::text[], $12::text[], $13::boolean[],
                         $14::bytea[], $15::text[], $16::bytea[], $17::bytea[])
    ON CONFLICT (tip_id) DO NOTHING
    RETURNING tip_id, number
"""

# One case, if the officer sees its station; NULL stations see all.
FIND_CASE = """
    SELECT tip_id, station, number, standing, status, category, urgency, received_at, deadline_at, legal_at,
           place, neighbourhood, reporter_role, is_happening_now, log_salt, assignee, assignee_name,
           outcome, closed_at, withdrawn_at, has_news
    FROM cases WHERE tip_id = $1 AND ($2::text[] IS NULL OR station = ANY ($2))
"""

# The same, locked until the transaction ends: whoever enqueues an event of a case holds this lock.
LOCK_CASE = FIND_CASE + " FOR UPDATE"

# The open case that should be taken next, locked; one that somebody else is taking is passed over.
LOCK_NEXT = """
    SELECT tip_id, station, number, standing, status, category, urgency, received_at, deadline_at, legal_at,
           place, neighbourhood, reporter_role, is_happening_now, log_salt, assignee, assignee_name,
           outcome, closed_at, withdrawn_at, has_news
    FROM cases
    WHERE status = 'open' AND standing = 'owning' AND ($1::text[] IS NULL OR station = ANY ($1))
    ORDER BY array_position(ARRAY['immediate', 'urgent', 'normal', 'administrative'], urgency), received_at
    LIMIT 1 FOR UPDATE SKIP LOCKED
"""

# A page of cases after a given deadline, soonest deadline first; each NULL filter lets everything through.
LIST_CASES = """
    SELECT tip_id, station, number, standing, status, category, urgency, received_at, deadline_at, legal_at,
           place, neighbourhood, reporter_role, is_happening_now, log_salt, assignee, assignee_name,
           outcome, closed_at, withdrawn_at, has_news
    FROM cases
    WHERE ($1::text[] IS NULL OR station = ANY ($1))
      AND (CASE WHEN $2::text IS NULL THEN status <> 'closed' OR has_news ELSE status = $2 END)
      AND ($3::text IS NULL OR category = $3)
      AND ($4::text IS NULL OR assignee = $4)
      AND (NOT $5::boolean OR (status = 'open' AND standing = 'owning'))
      AND ($6::timestamptz IS NULL OR (deadline_at < $6 AND status <> 'closed'))
      AND ($7::timestamptz IS NULL OR (deadline_at, tip_id) > ($7, $8::uuid))
    ORDER BY deadline_at, tip_id LIMIT $9
"""

# How many cases the unfiltered list has: all, mine, due before a time, unclaimed.
COUNT_CASES = """
    SELECT count(*) AS all, count(*) FILTER (WHERE assignee = $2) AS mine,
           count(*) FILTER (WHERE deadline_at < $3 AND status <> 'closed') AS due_soon,
           count(*) FILTER (WHERE status = 'open' AND standing = 'owning') AS unclaimed
    FROM cases WHERE (status <> 'closed' OR has_news) AND ($1::text[] IS NULL OR station = ANY ($1))
"""

# Writes what an act changes. The caller holds the case's lock.
SAVE_CASE = """
    UPDATE cases SET status = $2, category = $3, urgency = $4, deadline_at = $5, legal_at = $6,
                     assignee = $7, assignee_name = $8, outcome = $9, closed_at = $10, withdrawn_at = $11,
                     has_news = $12
    WHERE tip_id = $1
"""

# Whether a case here watches a tip of this holder. Locks it.
WATCHES = "SELECT true FROM cases WHERE tip_id = $1 AND standing = 'watching' AND sealed_station = $2 FOR UPDATE"

# Adds what a reporter sent later; no row if this message is here already.
INSERT_SUPPLEMENT = """
    INSERT INTO supplements (message_id, tip_id, version, sealed_station, content_key, content, received_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (message_id) DO NOTHING RETURNING true
"""

# The encrypted content of a case.
CONTENT = "SELECT sealed_station, content_key, content FROM cases WHERE tip_id = $1"

# The encrypted supplements of a case, in order.
SUPPLEMENTS = """
    SELECT message_id, tip_id, version, sealed_station, content_key, content, received_at
    FROM supplements WHERE tip_id = $1 ORDER BY version
"""

# Adds an answer or a note, encrypted.
INSERT_WRITING = """
    INSERT INTO writings (writing_id, tip_id, kind, body, officer, officer_name, written_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

# Answers and notes of a case, oldest first.
WRITINGS = """
    SELECT writing_id, kind, body, officer_name, written_at
    FROM writings WHERE tip_id = $1 ORDER BY written_at, writing_id
"""

# Destroys the only key of a case's content and all that was written or sent about it, and ends the views of it.
ERASE_CONTENT = """
    WITH erased AS (
        UPDATE cases SET content_key = '', content = '', place = NULL, neighbourhood = NULL, reporter_role = NULL
        WHERE tip_id = $1 RETURNING tip_id
    ), no_supplements AS (DELETE FROM supplements WHERE tip_id IN (SELECT tip_id FROM erased)
    ), no_views AS (UPDATE views SET permitted_until = $2 WHERE tip_id = $1 AND permitted_until > $2)
    DELETE FROM writings WHERE tip_id IN (SELECT tip_id FROM erased)
"""

# Permits one officer to read one case's text for a while.
INSERT_VIEW = """
    INSERT INTO views (view_id, tip_id, officer, reason, permitted_at, permitted_until)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

# Until when the officer may read the text; NULL if not now.
PERMITTED_UNTIL = """
    SELECT max(permitted_until) FROM views WHERE tip_id = $1 AND officer = $2 AND permitted_until > $3
"""

# Officers who have acted on cases of these stations, each under their last name; NULL stations are all.
KNOWN_OFFICERS = """
    SELECT DISTINCT ON (t.officer) t.officer AS subject, t.officer_name AS name
    FROM timeline t JOIN cases c USING (tip_id)
    WHERE t.officer IS NOT NULL AND ($1::text[] IS NULL OR c.station = ANY ($1))
    ORDER BY t.officer, t.entry_id DESC
"""

# Adds lines to cases' timelines.
INSERT_TIMELINE = """
    INSERT INTO timeline (tip_id, action, officer, officer_name, happened_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
"""

# A case's timeline, oldest first.
TIMELINE = "SELECT action, officer_name, happened_at FROM timeline WHERE tip_id = $1 ORDER BY entry_id"

# What the province knows of a station's case, locked until the transaction ends.
LOCK_STATION_CASE = """
    SELECT tip_id, station, number, category, urgency, received_at, deadline_at, status, outcome, classified_at
    FROM station_cases WHERE tip_id = $1 AND station = $2 FOR UPDATE
"""

# Keeps what the province knows of it now. The caller holds the lock.
SAVE_STATION_CASE = """
    INSERT INTO station_cases (tip_id, station, number, category, urgency, received_at, deadline_at, status, outcome,
                               classified_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (tip_id, station) DO UPDATE
    SET number = excluded.number, category = excluded.category, urgency = excluded.urgency,
        received_at = excluded.received_at, deadline_at = excluded.deadline_at, status = excluded.status,
        outcome = excluded.outcome, classified_at = excluded.classified_at
"""

# Cases of all stations with the stations' names: those in hand by their deadline, then the closed, newest first.
LIST_STATION_CASES = """
    SELECT c.tip_id, c.station, coalesce(n.name, c.station) AS station_name, c.number, c.category, c.urgency,
           c.received_at, c.deadline_at, c.status, c.outcome, c.classified_at
    FROM station_cases c LEFT JOIN stations n ON n.code = c.station
    WHERE c.received_at IS NOT NULL
    ORDER BY c.status = 'closed', CASE WHEN c.status <> 'closed' THEN c.deadline_at END, c.received_at DESC LIMIT $1
"""

# Keeps what was announced last of a station.
UPSERT_STATION = """
    INSERT INTO stations (code, name, is_remote) VALUES ($1, $2, $3)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, is_remote = excluded.is_remote
"""

# A station's name, if it has been announced.
STATION_NAME = "SELECT name FROM stations WHERE code = $1"

# The stations for which the law gives longer.
REMOTE_STATIONS = "SELECT code FROM stations WHERE is_remote"


async def insert_cases(
    conn: Connection, arrivals: Sequence[Arrival], deadlines: Sequence[Deadline], opened_at: datetime
) -> dict[UUID, int]:
    """The register numbers of those that are new."""
    rows = [_case_row(a, d, opened_at) for a, d in zip(arrivals, deadlines, strict=True)]
    opened = await conn.fetch(INSERT_CASES, *(list(column) for column in zip(*rows, strict=True)))
    return {row["tip_id"]: row["number"] for row in opened}


def _case_row(arrival: Arrival, deadline: Deadline, opened_at: datetime) -> tuple[object, ...]:
    slip = arrival.slip
    return (
        arrival.tip_id,
        arrival.station,
        arrival.standing,
        arrival.category,
        arrival.urgency,
        arrival.received_at,
        opened_at,
        deadline.strict_at,
        deadline.legal_at,
        slip.place,
        slip.neighbourhood,
        slip.reporter_role,
        slip.is_happening_now,
        arrival.log_salt,
        arrival.sealed_station,
        arrival.content_key,
        arrival.content,
    )


async def find_case(conn: Connection, tip_id: UUID, stations: list[str] | None) -> Case | None:
    return _case(await conn.fetchrow(FIND_CASE, tip_id, stations))


async def lock_case(conn: Connection, tip_id: UUID, stations: list[str] | None) -> Case | None:
    return _case(await conn.fetchrow(LOCK_CASE, tip_id, stations))


async def lock_next(conn: Connection, stations: list[str] | None) -> Case | None:
    return _case(await conn.fetchrow(LOCK_NEXT, stations))


async def list_cases(conn: Connection, stations: list[str] | None, filters: Filters) -> list[Case]:
    after_deadline, after_tip = filters.after or (None, None)
    rows = await conn.fetch(
        LIST_CASES,
        stations,
        filters.status,
        filters.category,
        filters.assignee,
        filters.unclaimed,
        filters.due_before,
        after_deadline,
        after_tip,
        filters.limit,
    )
    return [case for row in rows if (case := _case(row))]


async def count_cases(conn: Connection, stations: list[str] | None, officer: str, soon: datetime) -> Counts:
    row = await conn.fetchrow(COUNT_CASES, stations, officer, soon)
    return Counts(**dict(row or {}))


async def save_case(conn: Connection, case: Case) -> None:
    await conn.execute(
        SAVE_CASE,
        case.tip_id,
        case.status,
        case.category,
        case.urgency,
        case.deadline_at,
        case.legal_at,
        case.assignee,
        case.assignee_name,
        case.outcome,
        case.closed_at,
        case.withdrawn_at,
        case.has_news,
    )


async def watches(conn: Connection, tip_id: UUID, holder: str) -> bool:
    return bool(await conn.fetchval(WATCHES, tip_id, holder))


async def insert_supplement(conn: Connection, added: ArrivedSupplement) -> bool:
    """False if it was here before."""
    return bool(
        await conn.fetchval(
            INSERT_SUPPLEMENT,
            added.message_id,
            added.tip_id,
            added.version,
            added.sealed_station,
            added.content_key,
            added.content,
            added.received_at,
        )
    )


async def content(conn: Connection, tip_id: UUID) -> EncryptedContent:
    """The caller has found the case."""
    row = await conn.fetchrow(CONTENT, tip_id)
    return EncryptedContent(**dict(row or {}))


async def supplements(conn: Connection, tip_id: UUID) -> list[ArrivedSupplement]:
    return [ArrivedSupplement(**dict(row)) for row in await conn.fetch(SUPPLEMENTS, tip_id)]


async def insert_writing(conn: Connection, tip_id: UUID, writing: Writing, officer: str) -> None:
    row = (writing.kind, writing.body, officer, writing.officer_name, writing.written_at)
    await conn.execute(INSERT_WRITING, writing.writing_id, tip_id, *row)


async def writings(conn: Connection, tip_id: UUID) -> list[Writing]:
    return [Writing(**dict(row)) for row in await conn.fetch(WRITINGS, tip_id)]


async def erase_content(conn: Connection, tip_id: UUID, at: datetime) -> None:
    await conn.execute(ERASE_CONTENT, tip_id, at)


async def insert_view(
    conn: Connection, view_id: UUID, tip_id: UUID, officer: str, reason: ViewReason, at: datetime, until: datetime
) -> None:
    await conn.execute(INSERT_VIEW, view_id, tip_id, officer, reason, at, until)


async def permitted_until(conn: Connection, tip_id: UUID, officer: str, now: datetime) -> datetime | None:
    until: datetime | None = await conn.fetchval(PERMITTED_UNTIL, tip_id, officer, now)
    return until


async def add_to_timelines(
    conn: Connection, tip_ids: Sequence[UUID], action: str, at: datetime, who: tuple[str, str] | None = None
) -> None:
    """`who` is an officer's subject and name; None for what came in."""
    subject, name = who or (None, None)
    n = len(tip_ids)
    await conn.execute(INSERT_TIMELINE, list(tip_ids), [action] * n, [subject] * n, [name] * n, [at] * n)


async def timeline(conn: Connection, tip_id: UUID) -> list[TimelineEntry]:
    return [TimelineEntry(**dict(row)) for row in await conn.fetch(TIMELINE, tip_id)]


async def known_officers(conn: Connection, stations: list[str] | None) -> list[KnownOfficer]:
    return [KnownOfficer(**dict(row)) for row in await conn.fetch(KNOWN_OFFICERS, stations)]


async def lock_station_case(conn: Connection, tip_id: UUID, station: str) -> StationCase | None:
    row = await conn.fetchrow(LOCK_STATION_CASE, tip_id, station)
    return _station_case(row) if row else None


async def save_station_case(conn: Connection, case: StationCase) -> None:
    await conn.execute(
        SAVE_STATION_CASE,
        case.tip_id,
        case.station,
        case.number,
        case.category,
        case.urgency,
        case.received_at,
        case.deadline_at,
        case.status,
        case.outcome,
        case.classified_at,
    )


async def list_station_cases(conn: Connection, limit: int = 500) -> list[StationCase]:
    return [_station_case(row) for row in await conn.fetch(LIST_STATION_CASES, limit)]


async def save_station(conn: Connection, code: str, name: str, *, is_remote: bool) -> None:
    await conn.execute(UPSERT_STATION, code, name, is_remote)


async def remote_stations(conn: Connection) -> frozenset[str]:
    return frozenset(row["code"] for row in await conn.fetch(REMOTE_STATIONS))


async def station_name(conn: Connection, station: str) -> str | None:
    name: str | None = await conn.fetchval(STATION_NAME, station)
    return name


def _case(row: Record | None) -> Case | None:
    if row is None:
        return None
    return Case(
        **{
            **dict(row),
            "standing": Standing(row["standing"]),
            "status": Status(row["status"]),
            "urgency": Urgency(row["urgency"]),
            "reporter_role": ReporterRole(row["reporter_role"]) if row["reporter_role"] else None,
            "outcome": Outcome(row["outcome"]) if row["outcome"] else None,
        }
    )


def _station_case(row: Record) -> StationCase:
    return StationCase(
        **{
            **dict(row),
            "status": Status(row["status"]),
            "urgency": Urgency(row["urgency"]) if row["urgency"] else None,
            "outcome": Outcome(row["outcome"]) if row["outcome"] else None,
        }
    )
