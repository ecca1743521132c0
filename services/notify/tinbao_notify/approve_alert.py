"""Approve an alert and issue it: a second person's act, bound to what they were shown."""

from datetime import datetime
from uuid import UUID

from tinbao_contracts.events import AlertIssuedV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.acting import lock
from tinbao_notify.alert import Issued
from tinbao_notify.cap import Cap
from tinbao_notify.officer import Officer


async def approve_alert(
    conn: Connection, officer: Officer, alert_id: UUID, shown: bytes, at: datetime, cap: Cap
) -> Issued:
    """`shown` is the digest of what the approver saw. The table itself refuses an author.

    Raises AlertNotFound, NotAllowed, OwnAlert, Incomplete, Changed.
    """
    alert = await lock(conn, alert_id, officer)
    issued = alert.issued_by(officer, shown, at)
    await store.save_approval(conn, alert_id, issued.approval)
    event = AlertIssuedV1(
        alert_id=alert_id,
        station=issued.station,
        occurred_at=at,
        content=issued.content,
        digest=shown,
        identifier=cap.identifier(issued.station, alert_id),
        authors=alert.authors,
        approved_by=officer.subject,
    )
    await outbox.enqueue(conn, event)
    return issued
