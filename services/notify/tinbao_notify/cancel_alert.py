"""Cancel an issued alert."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from tinbao_contracts.events import AlertCancelledV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection
from uuid_utils.compat import uuid7

from tinbao_notify import store
from tinbao_notify.acting import lock
from tinbao_notify.alert import Cancellation, Issued
from tinbao_notify.cap import Cap
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action


async def cancel_alert(conn: Connection, officer: Officer, alert_id: UUID, at: datetime, cap: Cap) -> Issued:
    """Stops the letters that have not left; one that is on its way may still arrive. One person is enough: taking a
    warning back must not wait. Raises AlertNotFound, NotAllowed.
    """
    alert = (await lock(conn, alert_id, officer)).after(Action.CANCEL, officer)
    cancellation = Cancellation(uuid7(), officer.subject, at)
    cancelled = replace(Issued.of(alert), cancellation=cancellation)
    await store.save_cancellation(conn, alert_id, cancellation)
    await store.stop_deliveries(conn, alert_id, at, "cancelled")
    event = AlertCancelledV1(
        alert_id=cancelled.first_id,
        station=alert.station,
        role=officer.role_for(Action.CANCEL),
        by_station=officer.serves_at(alert.station),
        occurred_at=at,
        identifier=cap.identifier(alert.station, cancellation.cancel_id),
        references=cap.references(cancelled),
    )
    await outbox.enqueue(conn, event)
    return cancelled
