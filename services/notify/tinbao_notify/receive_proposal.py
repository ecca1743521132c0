"""Keep an officer's proposal until a broadcaster takes it."""

from tinbao_contracts.events import AlertProposedV1
from tinbao_runtime.batch import Rejected
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.audience import TOPICS


async def receive_proposal(conn: Connection, received: Received[AlertProposedV1]) -> None:
    """Idempotent by proposal id. Raises Rejected for a category that nobody is warned of."""
    if received.event.category not in {topic.code for topic in TOPICS}:
        raise Rejected("the proposal's category is no topic of alerts")
    await store.insert_proposal(conn, received.event)
