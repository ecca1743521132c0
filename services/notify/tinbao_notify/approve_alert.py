"""Approve an alert and issue it: a second person's act, bound to what they were shown."""

from datetime import datetime
from uuid import UUID

from tinbao_contracts.events import AlertIssuedV1, AlertUpdatedV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.acting import lock
from tinbao_notify.alert import Issued, NotInForce
from tinbao_notify.cap import Cap
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action


async def approve_alert(
    conn: Connection, officer: Officer, alert_id: UUID, shown: bytes, at: datetime, cap: Cap
) -> Issued:
    """`shown` is the digest of what the approver saw. The table itself refuses an author. What an update supersedes
    holds no more, and its letters that have not left stay.

    Raises AlertNotFound, NotAllowed, OwnAlert, NotInForce, Incomplete, Changed.
    """
    alert = await lock(conn, alert_id, officer)
    issued = alert.issued_by(officer, shown, at)
    if alert.supersedes:
        await _supersede(conn, alert.supersedes, at)
    await store.save_approval(conn, alert_id, issued.approval)
    await outbox.enqueue(conn, _event(issued, officer, cap))
    return issued


async def _supersede(conn: Connection, alert_id: UUID, at: datetime) -> None:
    earlier = await store.lock_alert(conn, alert_id, None)
    if earlier is None or not earlier.is_in_force(at):
        raise NotInForce
    await store.mark_superseded(conn, alert_id)
    await store.stop_deliveries(conn, alert_id, at, "superseded")


def _event(issued: Issued, officer: Officer, cap: Cap) -> AlertIssuedV1 | AlertUpdatedV1:
    event = AlertIssuedV1(
        alert_id=issued.first_id,
        station=issued.station,
        role=officer.role_for(Action.APPROVE),
        by_station=officer.serves_at(issued.station),
        occurred_at=issued.approval.issued_at,
        identifier=cap.identifier(issued.station, issued.alert_id),
        content=issued.content,
        digest=issued.approval.digest,
    )
    if not issued.earlier:
        return event
    return AlertUpdatedV1(**dict(event), references=cap.references(issued))
