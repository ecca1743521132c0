"""Revoke a public key."""

from datetime import datetime

from tinbao_contracts.events import StationKeyRevokedV1
from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_intake import store


async def revoke_key(conn: Connection, key_id: str, at: datetime) -> bool:
    """Seal nothing to this key from now on; False if it is unknown or revoked already."""
    recipient = await store.mark_revoked(conn, key_id, at)
    if recipient is not None:
        await outbox.enqueue(conn, StationKeyRevokedV1(station=recipient, key_id=key_id))
    return recipient is not None
