"""Classify a tip."""

from dataclasses import replace
from uuid import UUID

from tinbao_contracts.catalogue import Category, Urgency
from tinbao_contracts.events import CaseClassifiedV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import about, lock, write_down
from tinbao_triage.case import Case
from tinbao_triage.clocks import Clocks
from tinbao_triage.desk import Desk
from tinbao_triage.rights import Action


async def classify_case(
    conn: Connection, desk: Desk, tip_id: UUID, category: Category, urgency: Urgency, clocks: Clocks
) -> Case:
    """Set category and urgency. A tip that turns out urgent changes its clock from this moment (TTLT 01/2017 Art. 8.5).

    Locks the case. Raises CaseNotFound, NotAllowed.
    """
    case = await lock(conn, tip_id, desk.stations)
    classified = replace(case.after(Action.CLASSIFY, desk.officer), category=category.code, urgency=urgency)
    is_remote = case.station in await store.remote_stations(conn)
    deadline = clocks.changed(case.deadline_at, urgency, case.received_at, desk.now, is_remote=is_remote)
    classified = classified.timed(deadline) if deadline else classified
    await store.save_case(conn, classified)
    await write_down(conn, classified, Action.CLASSIFY, desk.officer, desk.now)
    await outbox.enqueue(
        conn,
        CaseClassifiedV1(
            **about(classified, desk.now), category=category.code, urgency=urgency, officer=desk.officer.subject
        ),
    )
    return classified
