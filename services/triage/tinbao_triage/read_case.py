"""Read one case: what may always be seen of it, and its text while a view is permitted."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from tinbao_contracts.sealed import Content
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import find, lock
from tinbao_triage.case import Case, NotAllowed
from tinbao_triage.case_text import Added, CaseKey, Written, read_supplements
from tinbao_triage.desk import Desk
from tinbao_triage.records import TimelineEntry
from tinbao_triage.rights import Action
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
    """Reading the text while a view is permitted takes the news mark away, and locks the case for it.

    Raises CaseNotFound, NotAllowed, CannotOpen.
    """
    if not desk.officer.may(Action.LIST):
        raise NotAllowed("role")
    case = await find(conn, tip_id, desk.stations)
    until = await store.permitted_until(conn, tip_id, desk.officer.subject, desk.now)
    timeline = await store.timeline(conn, tip_id)
    if until is None:
        return CaseFile(case, timeline, text=None)
    read = await _mark_read(conn, tip_id)
    return CaseFile(read, timeline, await _open_text(conn, tip_id, until, vault))


async def _mark_read(conn: Connection, tip_id: UUID) -> Case:
    """What arrives meanwhile waits for the lock, so that its news is not taken for read."""
    read = replace(await lock(conn, tip_id, None), has_news=False)
    await store.save_case(conn, read)
    return read


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
