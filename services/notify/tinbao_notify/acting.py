"""What every act on an alert shares: finding it, and whom its author may warn."""

from collections.abc import Iterable
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.alert import Alert, AlertNotFound, ForeignArea
from tinbao_notify.officer import Officer


async def lock(conn: Connection, alert_id: UUID, officer: Officer) -> Alert:
    """The alert, locked until the transaction ends. Raises AlertNotFound, also for a station that is not theirs."""
    alert = await store.lock_alert(conn, alert_id, officer.visible_stations)
    if alert is None:
        raise AlertNotFound
    return alert


async def check_area(conn: Connection, officer: Officer, area: Iterable[str]) -> None:
    """A station warns its own communes; only the province warns others. Raises ForeignArea."""
    answering = await store.stations_by_commune(conn)
    if not all(officer.speaks_for(answering.get(commune, commune)) for commune in area):
        raise ForeignArea
