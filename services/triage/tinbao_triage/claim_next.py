"""Take the next tip."""

from tinbao_contracts.events import CaseAssignedV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import about, write_down
from tinbao_triage.case import Case, NotAllowed
from tinbao_triage.desk import Desk
from tinbao_triage.rights import Action


async def claim_next(conn: Connection, desk: Desk) -> Case | None:
    """Take the most urgent, then oldest, case that nobody has; None if there is none.

    Locks the case; two officers who ask at once get two cases. Raises NotAllowed.
    """
    if not desk.officer.may(Action.CLAIM):
        raise NotAllowed("role")
    case = await store.lock_next(conn, desk.stations)
    return None if case is None else await claim(conn, desk, case)


async def claim(conn: Connection, desk: Desk, case: Case) -> Case:
    """Take this case, whose lock the caller holds. Raises NotAllowed."""
    claimed = case.claimed_by(desk.officer)
    await store.save_case(conn, claimed)
    await write_down(conn, claimed, Action.CLAIM, desk.officer, desk.now)
    await outbox.enqueue(conn, CaseAssignedV1(**about(claimed, desk.now), officer=desk.officer.subject))
    return claimed
