"""Stop watching a tip whose holder has ended its handling."""

from dataclasses import replace

from tinbao_contracts.events import CaseClosedV1
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_triage import store
from tinbao_triage.acting import find
from tinbao_triage.case import Status
from tinbao_triage.clocks import Clocks
from tinbao_triage.follow_stations import follow_station


async def follow_closing(conn: Connection, received: Received[CaseClosedV1], clocks: Clocks) -> None:
    """Note that a station closed its case, and close the one that watched it here. Locks both."""
    await follow_station(conn, received, clocks)
    await end_watch(conn, received.event)


async def end_watch(conn: Connection, closed: CaseClosedV1) -> None:
    """The content stays: a watcher can still check what the holder decided. Does nothing for who is not the holder."""
    if not await store.watches(conn, closed.tip_id, closed.station):
        return
    watching = await find(conn, closed.tip_id, None)
    if watching.status is not Status.CLOSED:
        ended = replace(watching, status=Status.CLOSED, outcome=closed.outcome, closed_at=closed.occurred_at)
        await store.save_case(conn, ended)
        await store.add_to_timelines(conn, [closed.tip_id], "close", closed.occurred_at)
