"""Withdraw a tip."""

from datetime import datetime

from tinbao_contracts.events import TipWithdrawnV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_intake import store
from tinbao_intake.mailbox import StoredTip, TipNotFound
from tinbao_intake.receipt import ReceiptCode


async def withdraw_tip(conn: Connection, code: ReceiptCode, at: datetime) -> None:
    """Record that the reporter withdrew and tell all holders; the handling goes on (BLTTHS Art. 144-147).

    Locks the tip. Withdrawing again changes nothing. Raises TipNotFound.
    """
    tip = await store.lock_tip(conn, code.lookup)
    if tip is None:
        raise TipNotFound
    if await store.mark_withdrawn(conn, tip.tip_id, at):
        await outbox.enqueue(conn, *_events(tip, at))


def _events(tip: StoredTip, at: datetime) -> list[TipWithdrawnV1]:
    return [
        TipWithdrawnV1(tip_id=tip.tip_id, station=holder, log_salt=tip.log_salt, occurred_at=at)
        for holder in tip.holders
    ]
