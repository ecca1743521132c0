"""The directory as this process knows it, read anew every few seconds."""

import asyncio
import time
from datetime import timedelta

import structlog
from tinbao_runtime.health import NotReady
from tinbao_runtime.postgres import Pool, transaction

from tinbao_intake import store
from tinbao_intake.directory import Directory

log = structlog.get_logger(__name__)

MISSED_REFRESHES = 10


class DirectoryCache:
    """`current` is one consistent picture; while the database is away it stays the last one."""

    def __init__(self, pool: Pool, interval: timedelta) -> None:
        self._pool = pool
        self._interval = interval.total_seconds()
        self._read_at = 0.0
        self.current = Directory.of([], [])

    async def refresh(self) -> None:
        """Raises Unavailable."""
        async with transaction(self._pool) as conn:
            self.current = await store.load_directory(conn)
        self._read_at = time.monotonic()

    async def keep_fresh(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - a loop that ended would route by revoked keys without a word
                log.warning("directory not refreshed", reason=type(error).__name__)

    async def check_age(self) -> None:
        """Raises NotReady once so many refreshes failed that routes and keys may be wrong."""
        if time.monotonic() - self._read_at > MISSED_REFRESHES * self._interval:
            raise NotReady("the directory of stations and keys is old")
