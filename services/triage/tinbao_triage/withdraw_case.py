"""Record that the reporter withdrew."""

from tinbao_contracts.events import TipWithdrawnV1
from tinbao_runtime.batch import NotYet
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_triage import store


async def withdraw_case(conn: Connection, received: Received[TipWithdrawnV1]) -> None:
    """The case keeps its state: a withdrawal alone does not end the handling (BLTTHS Art. 144-147).

    Locks the case; repeating changes nothing. Raises NotYet before it is open.
    """
    event = received.event
    case = await store.lock_case(conn, event.tip_id, [event.station])
    if case is None:
        raise NotYet("the case is not open")
    if case.withdrawn_at is None:
        await store.save_case(conn, case.withdrawn(event.occurred_at))
        await store.add_to_timelines(conn, [event.tip_id], "withdrawn", event.occurred_at)
