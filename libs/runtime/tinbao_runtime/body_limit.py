"""Refuses a request that is larger than anything that is taken here. Pure ASGI.

Starlette's own limit answers in plain text where the length is said, and its clients rely on problem documents.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinbao_runtime.problems import TOO_LARGE

MAX_BODY_BYTES = 256 * 1024
"""Twice the longest text with every character escaped in JSON."""


class BodyLimit:
    """By the length that is said, before anything is read; else as soon as more has come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _said_length(scope) > MAX_BODY_BYTES:
            await TOO_LARGE.response()(scope, receive, send)
        else:
            await self._app(scope, _counted(receive), send)


def _said_length(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _counted(receive: Receive) -> Receive:
    total = 0

    async def receive_counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MAX_BODY_BYTES:
            raise HTTPException(TOO_LARGE.status)  # the one kind that FastAPI lets pass while it reads a body
        return message

    return receive_counted
