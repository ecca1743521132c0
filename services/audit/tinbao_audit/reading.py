"""What pages and API read the log through: files for what is published, the database for where an event stands."""

from uuid import UUID

from starlette.concurrency import run_in_threadpool
from tinbao_runtime.postgres import Pool, transaction

from tinbao_audit import store
from tinbao_audit.checkpoint import VerifierKey
from tinbao_audit.commitment import public_salt
from tinbao_audit.find_entry import EntryNotFound, find_entry
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.log_reader import Published, read_published
from tinbao_audit.store import SignedCheckpoint
from tinbao_audit.tiles import Tile


class Reading:
    def __init__(self, pool: Pool, folder: LogFolder, key: VerifierKey) -> None:
        self._pool = pool
        self.folder = folder
        self.key = key

    def published(self) -> Published:
        """Raises NotPublished."""
        return read_published(self.folder, self.key)

    def tile(self, name: str) -> bytes:
        """Raises NotATile, FileNotFoundError."""
        return self.folder.read(Tile.named(name))

    async def find(self, event_id: UUID, salt: bytes | None) -> tuple[Published, int]:
        """The log, and where the event stands in it; without a salt, among the events that belong to no tip.

        Raises EntryNotFound, also for what has its place and is not signed yet; NotPublished.
        """
        async with transaction(self._pool) as conn:
            index = await find_entry(conn, event_id, salt or public_salt(self.key.name))
        log = await run_in_threadpool(self.published)
        if index >= log.size:
            raise EntryNotFound
        return log, index

    async def last_signed(self) -> SignedCheckpoint | None:
        async with transaction(self._pool) as conn:
            return await store.last_checkpoint(conn)
