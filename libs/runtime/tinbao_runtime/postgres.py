"""Connections to this service's own database. The edge opens the transaction; nothing else commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from tinbao_runtime.settings import ServiceSettings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Record: TypeAlias = asyncpg.Record

TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What passes by itself: the server is away, restarting, full or a standby; a transaction lost against another, or
this process was frozen inside one. The driver's internal error is a statement begun on a session that the server has
just ended."""


class Unavailable(Exception):
    """The database cannot be used now. The caller may repeat: what was not answered may or may not be stored."""


async def open_pool(settings: ServiceSettings) -> Pool:
    """Raises one of TRANSIENT if the server is away."""
    return await asyncpg.create_pool(
        settings.database_url.get_secret_value(),
        min_size=1,
        max_size=settings.pool_size,
        command_timeout=30,
        timeout=5,
        server_settings={"idle_in_transaction_session_timeout": "10s", "timezone": "UTC"},
        reset=_leave_as_it_is,
    )


async def _leave_as_it_is(_: Connection) -> None:
    """A transaction leaves nothing in its session, so the pool's question to the server after each would be for
    nothing. asyncpg still rolls back what is open. Who sets up a session of their own resets it: `conn.reset()`."""


@asynccontextmanager
async def transaction(pool: Pool, acquire_timeout: float = 2.0) -> AsyncIterator[Connection]:
    """One transaction, committed when the block ends. Raises Unavailable where the database is the reason.

    `acquire_timeout` in seconds: asyncpg would wait for a free connection for ever.
    """
    try:
        async with pool.acquire(timeout=acquire_timeout) as conn, conn.transaction():
            yield conn
    except TRANSIENT as error:
        raise Unavailable(type(error).__name__) from error
