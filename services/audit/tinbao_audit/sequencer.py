"""Gives leaves their places, one process at a time: indexed, then durable as files, then signed and published."""

import asyncio
import time
from datetime import timedelta

import structlog
from tinbao_runtime import faults
from tinbao_runtime.metrics import LOG_ENTRIES, LOG_SIGNED_AT
from tinbao_runtime.postgres import TRANSIENT, Connection, Pool

from tinbao_audit import store
from tinbao_audit.checkpoint import Checkpoint, SigningKey
from tinbao_audit.log_folder import LogFolder, Overtaken
from tinbao_audit.resume_log import RefusesToSign, resume_log
from tinbao_audit.tree import GrowingTree

log = structlog.get_logger(__name__)

SEQUENCER_LOCK = 0x7107BA3
BATCH = 4096
TRY_TO_LEAD_SECONDS = 0.5


class Sequencer:
    """`run` never returns. Raises RefusesToSign where database and published log do not agree.

    It leads while its session holds an advisory lock. The head is noted through that session before it is published, so
    who lost the lock publishes nothing; the folder takes no smaller tree than it has.
    """

    def __init__(self, pool: Pool, folder: LogFolder, key: SigningKey, poll: timedelta) -> None:
        self._pool = pool
        self._folder = folder
        self._key = key
        self._poll = poll.total_seconds()
        self.seen_alive_at = 0.0
        """Monotonic seconds of the last round, as leader or waiting to be one."""

    async def run(self) -> None:
        while True:
            self._is_alive()
            try:
                async with self._pool.acquire(timeout=5) as conn:
                    try:
                        await self._lead_once(conn)
                    finally:
                        await conn.reset()  # gives up the lead
            except RefusesToSign as refusal:
                log.critical("the log is not signed", reason=str(refusal))
                raise
            except (*TRANSIENT, Overtaken) as error:
                log.warning("sequencer does not lead", reason=type(error).__name__)
            await asyncio.sleep(TRY_TO_LEAD_SECONDS)

    async def _lead_once(self, conn: Connection) -> None:
        """Take the lead if it is free, and keep it until the database breaks."""
        if not await store.try_to_lead(conn, SEQUENCER_LOCK):
            return
        tree = await resume_log(conn, self._folder, self._key.verifier, self._is_alive)
        await self._publish(conn, tree)
        log.info("sequencer leads", size=tree.size)
        while True:
            self._is_alive()
            if not await self._grow(conn, tree):
                await asyncio.sleep(self._poll)

    async def _grow(self, conn: Connection, tree: GrowingTree) -> bool:
        """Whether there was anything to add."""
        leaves = await store.assign_indexes(conn, tree.size, BATCH)
        if not leaves:
            return False
        full = tree.append(leaves)
        await asyncio.to_thread(self._folder.write, {**full, **tree.edge()})
        faults.reach("audit.durable")
        await self._publish(conn, tree)
        await asyncio.to_thread(self._folder.tidy, full)
        return True

    async def _publish(self, conn: Connection, tree: GrowingTree) -> None:
        note = Checkpoint(self._key.name, tree.size, tree.root).sign(self._key)
        await store.insert_checkpoint(conn, tree.size, note)
        await asyncio.to_thread(self._folder.publish, note, tree.size)
        LOG_ENTRIES.labels(self._key.name).set(tree.size)
        LOG_SIGNED_AT.labels(self._key.name).set_to_current_time()

    def _is_alive(self) -> None:
        self.seen_alive_at = time.monotonic()
