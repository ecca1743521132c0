"""Let a tip follow what its station announces about the case."""

from tinbao_contracts.events import CaseAnsweredV1, CaseClassifiedV1, CaseClosedV1, CaseEvent, CaseOpenedV1
from tinbao_runtime.batch import Rejected
from tinbao_runtime.envelope import Received
from tinbao_runtime.postgres import Connection

from tinbao_intake import store
from tinbao_intake.mailbox import StoredMessage

# Each locks the tip, changes nothing when repeated, and raises Rejected for a station that does not hold the tip.


async def record_opening(conn: Connection, received: Received[CaseOpenedV1]) -> None:
    """A case that is opened only to look on leaves the tip unopened: its station has not seen it yet."""
    await _lock(conn, received.event)
    if not received.event.is_watching:
        await store.mark_opened(conn, received.event.tip_id, received.event.occurred_at)


async def record_classification(conn: Connection, received: Received[CaseClassifiedV1]) -> None:
    await _lock(conn, received.event)
    await store.mark_classified(conn, received.event.tip_id, received.event.occurred_at)


async def deliver_answer(conn: Connection, received: Received[CaseAnsweredV1]) -> None:
    """The answer stays encrypted: intake has no key for it."""
    answer = received.event
    await _lock(conn, answer)
    message = StoredMessage(answer.message_id, "station", answer.answer, answer.occurred_at)
    await store.insert_message(conn, answer.tip_id, message)
    await store.mark_answered(conn, answer.tip_id, answer.occurred_at)


async def record_outcome(conn: Connection, received: Received[CaseClosedV1]) -> None:
    await _lock(conn, received.event)
    await store.mark_closed(conn, received.event.tip_id, received.event.occurred_at, received.event.outcome)


async def _lock(conn: Connection, event: CaseEvent) -> None:
    if not await store.lock_holding(conn, event.tip_id, event.station):
        raise Rejected("the station does not hold such a tip")
