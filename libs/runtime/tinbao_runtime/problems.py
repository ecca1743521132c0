"""Errors to clients as problem documents (RFC 9457) with a stable `type`, made in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tinbao_runtime.postgres import Unavailable

log = structlog.get_logger(__name__)

PREFIX = "https://tinbao.org/problems/"
"""Stable names, not necessarily pages (RFC 9457 section 3.1.1)."""


@dataclass(eq=False)  # an exception is hashed by who walks a chain of them
class Problem(Exception):
    """Raised by an edge. `type` is the last part of the URI; `fields` maps a field to what is wrong with it."""

    status: int
    type: str
    title: str
    detail: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        body: dict[str, Any] = {"type": PREFIX + self.type, "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.fields:
            body["errors"] = [{"field": name, "detail": why} for name, why in self.fields.items()]
        return JSONResponse(
            body, status_code=self.status, headers=dict(self.headers), media_type="application/problem+json"
        )


def unavailable() -> Problem:
    detail = "Nothing that was accepted is lost. Repeat with the same Idempotency-Key."
    return Problem(503, "unavailable", "The service cannot store anything now", detail, headers={"Retry-After": "5"})


def install_problems(app: FastAPI) -> None:
    """Let `app` answer every error as a problem document. What the client sent is never repeated or logged."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(Unavailable)
    async def database_away(_: Request, error: Unavailable) -> Response:
        log.warning("database unavailable", reason=str(error))
        return unavailable().response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        fields = {_field(e): _why(e) for e in error.errors()}
        return Problem(422, "invalid-request", "Some fields are not as they should be", fields=fields).response()

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        name = HTTPStatus(error.status_code)
        kind = name.phrase.lower().replace(" ", "-")
        return Problem(error.status_code, kind, name.phrase, headers=error.headers or {}).response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> Response:
        log.error("request failed", reason=type(error).__name__)
        return Problem(500, "internal-error", "The service failed; nothing of this request was stored").response()


def _field(error: Mapping[str, Any]) -> str:
    """A dotted path of our own names. The last part of some is the sender's: a field we do not know, a position."""
    ours = error["loc"][1:-1] if error["type"] in {"extra_forbidden", "json_invalid"} else error["loc"][1:]
    return ".".join(str(part) for part in ours) or str(error["loc"][0])


def _why(error: Mapping[str, Any]) -> str:
    """pydantic's sentence, unless it has a part that is made from what was sent."""
    return "Is not valid" if {"error", "tag"} & set(error.get("ctx", ())) else str(error["msg"])
