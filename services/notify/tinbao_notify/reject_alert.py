"""Send a submitted alert back to its authors."""

from dataclasses import replace
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.acting import lock
from tinbao_notify.alert import Alert
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action


async def reject_alert(conn: Connection, officer: Officer, alert_id: UUID, reason: str) -> Alert:
    """It can be edited and submitted again. Raises AlertNotFound, NotAllowed."""
    alert = replace((await lock(conn, alert_id, officer)).after(Action.REJECT, officer), rejection=reason)
    await store.save_draft(conn, alert)
    return alert
