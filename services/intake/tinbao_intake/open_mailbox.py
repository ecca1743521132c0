"""Read a mailbox with its receipt code."""

import structlog
from tinbao_runtime.mailbox_encryption import decrypt_message
from tinbao_runtime.postgres import Connection
from tinbao_runtime.sealing import CannotOpen

from tinbao_intake import store
from tinbao_intake.mailbox import Mailbox, Message, StoredMessage, StoredTip, TipNotFound
from tinbao_intake.receipt import ReceiptCode

log = structlog.get_logger(__name__)


async def open_mailbox(conn: Connection, code: ReceiptCode) -> Mailbox:
    """The tip's state and the conversation, decrypted in this process's memory. Raises TipNotFound.

    What a station encrypted wrongly is left out and logged: intake cannot check it on arrival.
    """
    tip = await store.find_tip(conn, code.lookup)
    if tip is None:
        raise TipNotFound
    stored = await store.messages(conn, tip.tip_id)
    return Mailbox(tip, tuple(filter(None, [_read(code, tip, message) for message in stored])))


def _read(code: ReceiptCode, tip: StoredTip, stored: StoredMessage) -> Message | None:
    try:
        text = decrypt_message(code.mailbox_key, tip.tip_id, stored.message_id, stored.body)
    except (CannotOpen, UnicodeDecodeError):
        log.warning("a message of a mailbox does not open", tip_id=str(tip.tip_id), message_id=str(stored.message_id))
        return None
    return Message(stored.message_id, stored.author, text, stored.sent_at)
