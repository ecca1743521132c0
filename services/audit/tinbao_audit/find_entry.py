"""Where an event stands in the log, for who knows its id and its salt."""

from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_audit import store
from tinbao_audit.commitment import commit_to_id


class EntryNotFound(Exception):
    """No published entry belongs to this id under this salt; a wrong salt and an absent event answer the same."""


async def find_entry(conn: Connection, event_id: UUID, salt: bytes) -> int:
    """The index of the event's leaf. Raises EntryNotFound, also while the leaf waits for its place."""
    index = await store.find_index(conn, commit_to_id(salt, event_id))
    if index is None:
        raise EntryNotFound
    return index
