"""How a message rests in a mailbox: encrypted under the key that only the station and the receipt code give."""

from uuid import UUID

from tinbao_runtime import sealing


def encrypt_message(mailbox_key: bytes, tip_id: UUID, message_id: UUID, text: str) -> bytes:
    """Bound to its tip and message, so that it cannot be shown as another one."""
    return sealing.encrypt(mailbox_key, text.encode(), _bound(tip_id, message_id))


def decrypt_message(mailbox_key: bytes, tip_id: UUID, message_id: UUID, body: bytes) -> str:
    """Raises CannotOpen."""
    return sealing.decrypt(mailbox_key, body, _bound(tip_id, message_id)).decode()


def _bound(tip_id: UUID, message_id: UUID) -> bytes:
    return f"tinbao/1\nmailbox\n{tip_id}\n{message_id}".encode()
