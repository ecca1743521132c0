"""What the province sees of other stations: that a case exists and how it stands. Never a word of it."""

from tinbao_contracts.events import (
    CaseAssignedV1,
    CaseClassifiedV1,
    CaseClosedV1,
    CaseEvent,
    CaseOpenedV1,
    StationRegisteredV1,
)
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.case import Status
from tinbao_triage.store import StationCase

STATUS_AFTER: dict[type[CaseEvent], Status] = {
    CaseOpenedV1: Status.OPEN,
    CaseAssignedV1: Status.ASSIGNED,
    CaseClassifiedV1: Status.CLASSIFIED,
    CaseClosedV1: Status.CLOSED,
}


async def follow_station(conn: Connection, received: Received[CaseEvent]) -> None:
    """Note what a station announced; events of one case may be repeated, and an older one undoes nothing."""
    event = received.event
    seen = StationCase(
        tip_id=event.tip_id,
        station=event.station,
        number=getattr(event, "number", None),
        category=getattr(event, "category", None),
        urgency=getattr(event, "urgency", None),
        received_at=getattr(event, "received_at", None),
        status=STATUS_AFTER[type(event)],
        outcome=getattr(event, "outcome", None),
    )
    await store.save_station_case(conn, seen, event.occurred_at)


async def name_station(conn: Connection, received: Received[StationRegisteredV1]) -> None:
    """Keep a station's name for the pages, and whether the law gives it longer."""
    station = received.event
    await store.save_station(conn, station.station, station.name, is_remote=station.is_remote)
