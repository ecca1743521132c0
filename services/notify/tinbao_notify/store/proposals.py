"""Stations as intake announced them, and what their officers propose."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tinbao_contracts.alerts import AlertUrgency, Severity
from tinbao_contracts.events import AlertProposedV1
from tinbao_runtime.postgres import Connection, Record

from tinbao_notify.proposal import Proposal

# Registers a station or changes it.
UPSERT_STATION = """
    INSERT INTO stations (code, name, communes) VALUES ($1, $2, $3)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, communes = excluded.communes
"""

# All stations, as intake announced them.
STATIONS = "SELECT code, name, communes FROM stations"

# Stores a proposal; the same one again changes nothing.
INSERT_PROPOSAL = """
    INSERT INTO proposals (proposal_id, station, category, headline, description, area, urgency, severity, expires_at,
                           officer, proposed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (proposal_id) DO NOTHING
"""

# Proposals that nobody has taken, oldest first; null for all stations.
WAITING_PROPOSALS = """
    SELECT proposal_id, station, category, headline, description, area, urgency, severity, expires_at, officer,
           proposed_at
    FROM proposals WHERE settled_at IS NULL AND ($1::text[] IS NULL OR station = ANY ($1))
    ORDER BY proposed_at LIMIT 200
"""

# Takes a proposal that nobody has taken, and returns it.
SETTLE_PROPOSAL = """
    UPDATE proposals SET settled_at = $3
    WHERE proposal_id = $1 AND settled_at IS NULL AND ($2::text[] IS NULL OR station = ANY ($2))
    RETURNING proposal_id, station, category, headline, description, area, urgency, severity, expires_at, officer,
              proposed_at
"""


async def save_station(conn: Connection, code: str, name: str, communes: Iterable[str]) -> None:
    await conn.execute(UPSERT_STATION, code, name, list(communes))


async def station_names(conn: Connection) -> dict[str, str]:
    return {row["code"]: row["name"] for row in await conn.fetch(STATIONS)}


async def stations_by_commune(conn: Connection) -> dict[str, str]:
    return {commune: row["code"] for row in await conn.fetch(STATIONS) for commune in row["communes"]}


async def insert_proposal(conn: Connection, event: AlertProposedV1) -> None:
    await conn.execute(
        INSERT_PROPOSAL,
        event.proposal_id,
        event.station,
        event.category,
        event.headline,
        event.description,
        list(event.area),
        event.urgency,
        event.severity,
        event.expires_at,
        event.officer,
        event.occurred_at,
    )


async def waiting_proposals(conn: Connection, stations: list[str] | None) -> list[Proposal]:
    return [_proposal(row) for row in await conn.fetch(WAITING_PROPOSALS, stations)]


async def settle_proposal(
    conn: Connection, proposal_id: UUID, stations: list[str] | None, at: datetime
) -> Proposal | None:
    row = await conn.fetchrow(SETTLE_PROPOSAL, proposal_id, stations, at)
    return _proposal(row) if row else None


def _proposal(row: Record) -> Proposal:
    return Proposal(
        proposal_id=row["proposal_id"],
        station=row["station"],
        category=row["category"],
        headline=row["headline"],
        description=row["description"],
        area=tuple(row["area"]),
        urgency=AlertUrgency(row["urgency"]),
        severity=Severity(row["severity"]),
        expires_at=row["expires_at"],
        officer=row["officer"],
        proposed_at=row["proposed_at"],
    )
