"""Close a case with a station's outcome."""

from dataclasses import replace
from uuid import UUID

from tinbao_contracts.events import CaseClosedV1, Outcome
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import about, lock, write_down
from tinbao_triage.case import Case
from tinbao_triage.desk import Desk
from tinbao_triage.rights import Action


async def close_case(conn: Connection, desk: Desk, tip_id: UUID, outcome: Outcome) -> Case:
    """End the station's handling. A commune does not decide a tip: that is an investigating body's (BLTTHS Art. 145.3).

    What is outside the scope of the platform is not kept: its content is erased here in the same transaction.
    Locks the case. Raises CaseNotFound, NotAllowed.
    """
    case = await lock(conn, tip_id, desk.stations)
    closed = replace(case.after(Action.CLOSE, desk.officer), outcome=outcome, closed_at=desk.now)
    await store.save_case(conn, closed)
    if outcome is Outcome.OUTSIDE_SCOPE:
        await store.erase_content(conn, tip_id, desk.now)
    await write_down(conn, closed, Action.CLOSE, desk.officer, desk.now)
    await outbox.enqueue(conn, CaseClosedV1(**about(closed, desk.now), outcome=outcome, officer=desk.officer.subject))
    return closed
