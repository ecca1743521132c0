"""Register a public key."""

from hashlib import sha256

from tinbao_contracts.events import StationKeyRegisteredV1
from tinbao_contracts.sealed import RECOVERY
from tinbao_runtime import outbox
from tinbao_runtime.keys import PublicKey
from tinbao_runtime.postgres import Connection

from tinbao_intake import store
from tinbao_intake.directory import NoStation


async def register_key(conn: Connection, key: PublicKey) -> bool:
    """Let tips be sealed to this key; False if it was registered before.

    Raises NoStation, and ValueError for bytes that are no key or not the one of this id: a tip sealed to them could
    never be opened.
    """
    key.load()
    if key.key_id != sha256(key.raw).hexdigest()[:16]:
        raise ValueError("the key's id is not that of its bytes")
    if key.recipient != RECOVERY and not await store.station_exists(conn, key.recipient):
        raise NoStation(key.recipient)
    is_new = await store.insert_key(conn, key)
    if is_new:
        await outbox.enqueue(conn, _event(key))
    return is_new


def _event(key: PublicKey) -> StationKeyRegisteredV1:
    return StationKeyRegisteredV1(
        station=key.recipient,
        key_id=key.key_id,
        public_key=key.raw,
        valid_from=key.valid_from,
        valid_until=key.valid_until,
    )
