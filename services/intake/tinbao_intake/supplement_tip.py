"""Add to a tip."""

from datetime import datetime
from uuid import UUID

from tinbao_contracts.events import TipSupplementedV1
from tinbao_contracts.sealed import Part, Supplement
from tinbao_runtime import outbox, sealing
from tinbao_runtime.mailbox_encryption import encrypt_message
from tinbao_runtime.postgres import Connection

from tinbao_intake import store
from tinbao_intake.directory import Directory
from tinbao_intake.mailbox import StoredMessage, TipNotFound
from tinbao_intake.receipt import ReceiptCode


async def supplement_tip(
    conn: Connection, code: ReceiptCode, message_id: UUID, text: str, directory: Directory, at: datetime
) -> None:
    """Put what the reporter adds into the mailbox and send it, sealed, to the station that holds the tip.

    Locks the tip, so that its events keep their order. Seals inside the transaction (0.2 ms), because the version it
    binds is known only under the lock. Raises TipNotFound, CannotSeal.
    """
    tip = await store.lock_tip(conn, code.lookup)
    if tip is None:
        raise TipNotFound
    bound = sealing.SealedFor(tip.tip_id, tip.station, await store.raise_version(conn, tip.tip_id))
    content = Supplement(text=text).model_dump_json().encode()
    sealed = sealing.seal({Part.CONTENT: content}, bound, directory.recipients(tip.station, at=at))
    body = encrypt_message(code.mailbox_key, tip.tip_id, message_id, text)
    await store.insert_message(conn, tip.tip_id, StoredMessage(message_id, "reporter", body, at))
    event = TipSupplementedV1(
        tip_id=tip.tip_id,
        station=tip.station,
        log_salt=tip.log_salt,
        occurred_at=at,
        message_id=message_id,
        sealed=sealed,
    )
    await outbox.enqueue(conn, event)
