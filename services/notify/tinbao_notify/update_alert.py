"""Begin an update of an alert that is in force."""

from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection
from uuid_utils.compat import uuid7

from tinbao_notify import store
from tinbao_notify.acting import lock
from tinbao_notify.officer import Officer


async def update_alert(conn: Connection, officer: Officer, alert_id: UUID, at: datetime) -> UUID:
    """A draft that says what the alert says, to be edited, submitted and approved as any other; until then the alert
    holds. Twice is the same draft. Raises AlertNotFound, NotAllowed, NotInForce.
    """
    update = (await lock(conn, alert_id, officer)).updated_by(officer, uuid7(), at)
    if begun := await store.update_of(conn, alert_id):
        return begun
    await store.insert_alert(conn, update)
    return update.alert_id
