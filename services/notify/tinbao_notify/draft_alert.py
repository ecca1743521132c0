"""Begin an alert that nobody proposed."""

from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.acting import check_area
from tinbao_notify.alert import Alert, NotAllowed, Status
from tinbao_notify.draft_changes import DraftIn
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action


async def draft_alert(
    conn: Connection, officer: Officer, alert_id: UUID, station: str, said: DraftIn, at: datetime
) -> Alert:
    """Raises NotAllowed, also for a station in whose name the officer does not speak; ForeignArea."""
    if not officer.may(Action.DRAFT) or not officer.speaks_for(station):
        raise NotAllowed("role")
    draft = said.draft(await store.stations_by_commune(conn))
    await check_area(conn, officer, draft.area)
    alert = Alert(alert_id, station, None, Status.DRAFT, draft, (officer.subject,), at)
    await store.insert_alert(conn, alert)
    return alert
