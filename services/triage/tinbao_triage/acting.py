"""What every act of an officer on a case shares: finding it, writing it down, announcing it."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.case import Case, CaseNotFound
from tinbao_triage.officer import Officer
from tinbao_triage.rights import Action


class About(TypedDict):
    """The fields that every CaseEvent has."""

    tip_id: UUID
    station: str
    log_salt: bytes
    occurred_at: datetime


async def find(conn: Connection, tip_id: UUID, stations: list[str] | None) -> Case:
    """Raises CaseNotFound, also for a station that is not theirs."""
    case = await store.find_case(conn, tip_id, stations)
    if case is None:
        raise CaseNotFound
    return case


async def lock(conn: Connection, tip_id: UUID, stations: list[str] | None) -> Case:
    """The case, locked until the transaction ends. Raises CaseNotFound, also for a station that is not theirs."""
    case = await store.lock_case(conn, tip_id, stations)
    if case is None:
        raise CaseNotFound
    return case


async def write_down(conn: Connection, case: Case, action: Action, officer: Officer, at: datetime) -> None:
    await store.add_to_timelines(conn, [case.tip_id], action, at, (officer.subject, officer.name))


def about(case: Case, at: datetime) -> About:
    return About(tip_id=case.tip_id, station=case.station, log_salt=case.log_salt, occurred_at=at)
