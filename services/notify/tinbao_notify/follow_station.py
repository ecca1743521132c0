"""Know the stations as intake announces them."""

from tinbao_contracts.events import StationRegisteredV1
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_notify import store


async def follow_station(conn: Connection, received: Received[StationRegisteredV1]) -> None:
    """The last announcement counts."""
    await store.save_station(conn, received.event.station, received.event.name, received.event.communes)
