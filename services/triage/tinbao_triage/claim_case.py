"""Take one tip of the list."""

from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_triage.acting import lock
from tinbao_triage.case import Case
from tinbao_triage.claim_next import claim
from tinbao_triage.desk import Desk


async def claim_case(conn: Connection, desk: Desk, tip_id: UUID) -> Case:
    """Locks the case. Raises CaseNotFound; NotAllowed also if somebody else was faster."""
    return await claim(conn, desk, await lock(conn, tip_id, desk.stations))
