"""One attempt to find out whether a process answers. None of these raises."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx


def answers_http(url: str) -> Callable[[], Awaitable[bool]]:
    async def attempt() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as client:  # a proxy cannot reach our loopback
                return (await client.get(url)).is_success
        except httpx.HTTPError:
            return False

    return attempt


def answers_tcp(host: str, port: int) -> Callable[[], Awaitable[bool]]:
    async def attempt() -> bool:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            return False
        writer.close()
        return True

    return attempt
