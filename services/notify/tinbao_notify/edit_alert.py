"""Write an alert's draft anew."""

from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.acting import check_area, lock
from tinbao_notify.alert import Alert
from tinbao_notify.draft_changes import DraftChanges
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action


async def edit_alert(conn: Connection, officer: Officer, alert_id: UUID, changes: DraftChanges, at: datetime) -> Alert:
    """Whoever edits becomes an author; a submitted alert is a draft again.

    Raises AlertNotFound, NotAllowed, ForeignArea.
    """
    alert = (await lock(conn, alert_id, officer)).after(Action.EDIT, officer).written_by(officer, at)
    edited = changes.applied_to(alert, await store.stations_by_commune(conn))
    await check_area(conn, officer, edited.draft.area)
    await store.save_draft(conn, edited)
    return edited
