"""Assign a case to an officer."""

from dataclasses import replace
from uuid import UUID

from tinbao_contracts.events import CaseAssignedV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import about, lock, write_down
from tinbao_triage.case import Case
from tinbao_triage.desk import Desk
from tinbao_triage.rights import Action


async def assign_case(conn: Connection, desk: Desk, tip_id: UUID, subject: str, name: str) -> Case:
    """Give the case to the officer with this OpenID subject, also one who was never here. Locks the case.

    Raises CaseNotFound, NotAllowed.
    """
    case = await lock(conn, tip_id, desk.stations)
    assigned = replace(case.after(Action.ASSIGN, desk.officer), assignee=subject, assignee_name=name)
    await store.save_case(conn, assigned)
    await write_down(conn, assigned, Action.ASSIGN, desk.officer, desk.now)
    await outbox.enqueue(conn, CaseAssignedV1(**about(assigned, desk.now), officer=subject))
    return assigned
