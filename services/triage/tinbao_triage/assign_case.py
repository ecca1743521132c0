"""Assign a case to an officer, and whom it can be given to."""

from dataclasses import replace
from uuid import UUID

from tinbao_contracts.events import CaseAssignedV1
from tinbao_contracts.text import name_sort_key
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import about, lock, write_down
from tinbao_triage.case import Case, NotAllowed
from tinbao_triage.desk import Desk
from tinbao_triage.records import KnownOfficer
from tinbao_triage.rights import Action


class UnknownOfficer(Exception):
    """Has not worked here before, so that only who gives the case can say their name."""


async def assign_case(conn: Connection, desk: Desk, tip_id: UUID, subject: str, name: str | None) -> Case:
    """Give the case to the officer with this OpenID subject; with a `name`, also to one who was never here.

    Locks the case. Raises CaseNotFound, NotAllowed, UnknownOfficer.
    """
    case = await lock(conn, tip_id, desk.stations)
    assigned = case.after(Action.ASSIGN, desk.officer)
    assigned = replace(assigned, assignee=subject, assignee_name=name or await _known_name(conn, desk, subject))
    await store.save_case(conn, assigned)
    await write_down(conn, assigned, Action.ASSIGN, desk.officer, desk.now)
    await outbox.enqueue(conn, CaseAssignedV1(**about(assigned, desk.now), officer=subject))
    return assigned


async def assignable_officers(conn: Connection, desk: Desk) -> list[KnownOfficer]:
    """Who has acted on cases that this officer sees, and this officer; by given name. Raises NotAllowed."""
    if not desk.officer.may(Action.ASSIGN):
        raise NotAllowed("role")
    asking = KnownOfficer(desk.officer.subject, desk.officer.name)
    others = [known for known in await store.known_officers(conn, desk.stations) if known.subject != asking.subject]
    return sorted([asking, *others], key=lambda known: name_sort_key(known.name))


async def _known_name(conn: Connection, desk: Desk, subject: str) -> str:
    for known in await assignable_officers(conn, desk):
        if known.subject == subject:
            return known.name
    raise UnknownOfficer
