"""Write the letters of an issued alert: one to each subscriber whom it, or what it supersedes, reaches."""

from datetime import datetime

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.alert import Issued
from tinbao_notify.audience import Reach


async def address_alert(conn: Connection, at: datetime) -> bool:
    """The alert that waits longest; False if none waits. Another worker's is passed over.

    Raises Changed for an alert that is not what was approved: nothing of it may leave.
    """
    alert = await store.next_to_address(conn)
    if alert is None:
        return False
    issued = Issued.of(alert)
    await store.insert_deliveries(conn, issued, Reach.of(issued.content.audiences), at)
    return True
