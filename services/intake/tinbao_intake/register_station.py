"""Put a station into the directory."""

from tinbao_contracts.events import StationRegisteredV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_intake import store
from tinbao_intake.directory import DirectoryStation


async def register_station(conn: Connection, station: DirectoryStation) -> bool:
    """Register a station or change it; True if that changed anything, which all services then hear of."""
    changed = await store.save_station(conn, station)
    if changed:
        await outbox.enqueue(
            conn,
            StationRegisteredV1(
                station=station.code,
                name=station.name,
                communes=station.communes,
                served_by=station.served_by,
                is_remote=station.is_remote,
            ),
        )
    return changed
