"""Hand a finished draft to a second person."""

from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.acting import check_area, lock
from tinbao_notify.alert import Alert
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action


async def submit_alert(conn: Connection, officer: Officer, alert_id: UUID, at: datetime) -> Alert:
    """Whoever submits becomes an author. Raises AlertNotFound, NotAllowed, Incomplete, ForeignArea."""
    alert = (await lock(conn, alert_id, officer)).after(Action.SUBMIT, officer).written_by(officer, at)
    alert.draft.content(at)
    await check_area(conn, officer, alert.draft.area)
    await store.save_draft(conn, alert)
    return alert
