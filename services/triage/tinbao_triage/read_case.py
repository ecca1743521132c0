"""Read one case: what may always be seen of it, and its text while a view is permitted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tinbao_contracts.sealed import Content
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.case import Case, CaseNotFound, NotAllowed
from tinbao_triage.case_text import Added, CaseKey, Written, read_supplements
from tinbao_triage.desk import Desk
from tinbao_triage.rights import Action
from tinbao_triage.store import TimelineEntry
from tinbao_triage.vault import Vault


@dataclass(frozen=True, slots=True)
class OpenText:
    """What a permitted view shows."""

    content: Content
    supplements: list[Added]
    answers: list[Written]
    notes: list[Written]
    permitted_until: datetime


@dataclass(frozen=True, slots=True)
class CaseFile:
    case: Case
    timeline: list[TimelineEntry]
    text: OpenText | None


async def read_case(conn: Connection, desk: Desk, tip_id: UUID, vault: Vault) -> CaseFile:
    """Locks nothing, changes nothing. Raises CaseNotFound, NotAllowed, CannotOpen."""
    if not desk.officer.may(Action.LIST):
        raise NotAllowed("role")
    case = await store.find_case(conn, tip_id, desk.stations)
    if case is None:
        raise CaseNotFound
    until = await store.permitted_until(conn, tip_id, desk.officer.subject, desk.now)
    text = await _open_text(conn, tip_id, until, vault) if until else None
    return CaseFile(case, await store.timeline(conn, tip_id), text)


async def _open_text(conn: Connection, tip_id: UUID, until: datetime, vault: Vault) -> OpenText:
    key = CaseKey(vault, tip_id, await store.content(conn, tip_id))
    writings = await store.writings(conn, tip_id)
    return OpenText(
        content=key.content(),
        supplements=read_supplements(vault, await store.supplements(conn, tip_id)),
        answers=[key.read_writing(w) for w in writings if w.kind == "answer"],
        notes=[key.read_writing(w) for w in writings if w.kind == "note"],
        permitted_until=until,
    )
