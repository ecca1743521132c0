"""The directory as this process knows it, read anew every few seconds."""

import asyncio
from datetime import timedelta

import structlog
from tinbao_runtime.postgres import Pool, Unavailable, transaction

from tinbao_intake import store
from tinbao_intake.directory import Directory

log = structlog.get_logger(__name__)


class DirectoryCache:
    """`current` is one consistent picture; while the database is away it stays the last one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.current = Directory.of([], [])

    async def refresh(self) -> None:
        """Raises Unavailable."""
        async with transaction(self._pool) as conn:
            self.current = await store.load_directory(conn)

    async def keep_fresh(self, interval: timedelta) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(interval.total_seconds())
            try:
                await self.refresh()
            except Unavailable as error:
                log.warning("directory not refreshed", reason=str(error))
