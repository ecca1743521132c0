"""A service's own database, with its own credential, for the commands that an operator gives."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from tinbao_runtime.postgres import Connection

from tinbao_local.installation import Installation
from tinbao_local.processes import SERVICES, Service, database_url

T = TypeVar("T")


class UnknownServiceError(Exception):
    """The message names those that there are."""


class DatabaseAwayError(Exception):
    """It does not answer: the product is not up."""


def service_named(name: str) -> Service:
    """Raises UnknownServiceError."""
    services = {service.name: service for service in SERVICES}
    if name not in services:
        raise UnknownServiceError(f"There is no service {name}: {', '.join(services)}.")
    return services[name]


def in_transaction(service: Service, work: Callable[[Connection], Awaitable[T]]) -> T:
    """What `work` returns. Raises DatabaseAwayError."""
    return asyncio.run(_run(Installation.here(), service, work))


async def _run(at: Installation, service: Service, work: Callable[[Connection], Awaitable[T]]) -> T:
    try:
        conn = await asyncpg.connect(database_url(at, service), timeout=5)
    except OSError:
        raise DatabaseAwayError("The database does not answer: start it first, with tinbao up.") from None
    try:
        async with conn.transaction():
            return await work(conn)
    finally:
        await conn.close()
