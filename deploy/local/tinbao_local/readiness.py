"""One attempt to find out whether a process answers. None of these raises."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import httpx

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""We ask plain HTTP. Without it each client loads the system's certificates: 25 ms, ten times a second and child."""


def answers_http(url: str) -> Callable[[], Awaitable[bool]]:
    async def attempt() -> bool:
        try:
            async with _client() as client:
                return (await client.get(url)).is_success
        except httpx.HTTPError:
            return False

    return attempt


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=2, verify=NO_CERTIFICATES)  # a proxy cannot reach our loopback


def answers_tcp(host: str, port: int) -> Callable[[], Awaitable[bool]]:
    async def attempt() -> bool:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            return False
        writer.close()
        return True

    return attempt
