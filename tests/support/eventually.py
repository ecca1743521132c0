"""Waiting for a condition with a deadline, instead of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

POLL_SECONDS = 0.05


@overload
async def eventually(condition: Callable[[], Awaitable[T]], seconds: float = 10.0) -> T: ...
@overload
async def eventually(condition: Callable[[], T], seconds: float = 10.0) -> T: ...
async def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The condition's value once it is true. Fails with its last value when the time is over; exceptions pass."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s; the last value was {value!r}")
        await asyncio.sleep(POLL_SECONDS)
