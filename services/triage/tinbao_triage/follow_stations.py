"""What the province sees of other stations: that a case exists and how it stands. Never a word of it."""

from tinbao_contracts.events import CaseEvent, CaseOpenedV1, StationRegisteredV1
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.clocks import Clocks
from tinbao_triage.station_case import StationCase


async def follow_station(conn: Connection, received: Received[CaseEvent], clocks: Clocks) -> None:
    """Note what a station announced; events of one case may be repeated, and an older one undoes nothing.

    Locks what is known of the case. A case that only looks on is the province's own and not noted.
    """
    event = received.event
    if isinstance(event, CaseOpenedV1) and event.is_watching:
        return
    said = StationCase.announced(event)
    known = await store.lock_station_case(conn, event.tip_id, event.station)
    joined = known.joined(said) if known else said
    is_remote = event.station in await store.remote_stations(conn)
    await store.save_station_case(conn, joined.timed(clocks, is_remote=is_remote))


async def name_station(conn: Connection, received: Received[StationRegisteredV1]) -> None:
    """Keep a station's name for the pages, and whether the law gives it longer."""
    station = received.event
    await store.save_station(conn, station.station, station.name, is_remote=station.is_remote)
