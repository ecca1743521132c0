"""Accept a tip."""

from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_intake import store
from tinbao_intake.sealed_tip import SealedTip


async def submit_tip(conn: Connection, tip: SealedTip) -> None:
    """Store a sealed tip together with the events that carry it to its holders.

    Nobody else knows its id yet, so there is no row to lock. Raises RecordTooLarge.
    """
    await store.insert_tip(conn, tip)
    await outbox.enqueue(conn, *tip.events())
