"""Errors to clients as problem documents (RFC 9457) with a stable `type`, made in one place."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tinbao_runtime.idempotency import KeyReused
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


ProblemOf: TypeAlias = Callable[[Any], Problem]
Problems: TypeAlias = Mapping[type[Exception], Problem | ProblemOf]
"""What each exception is to a client: always the same, or made from it."""

TOO_LARGE = Problem(413, "request-too-large", "The request is larger than anything that is taken here")
KEY_REUSED = Problem(409, "idempotency-key-reused", "This Idempotency-Key came before with another body")

NAMES: Mapping[int, str] = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    415: "unsupported-media-type",
}
"""Types must stay what they are: Python's phrases for a status change from release to release."""

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, as a problem document (RFC 9457) with a stable `type`.",
        "content": {
            "application/problem+json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status"],
                    "properties": {
                        "type": {"type": "string", "format": "uri"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "errors": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["field", "detail"],
                                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                            },
                        },
                    },
                }
            }
        },
    }
}
"""For the routers of an OpenAPI document: FastAPI would describe a form of its own for 422, which nobody gets."""


def install_problems(app: FastAPI, problems: Problems) -> None:
    """Let `app` answer every error as a problem document: its own `problems`, and those that every service has.

    What the client sent is never repeated or logged.
    """
    for error_class, problem in ({**EVERYWHERE, **problems}).items():
        app.add_exception_handler(error_class, _handler(problem))
    app.add_exception_handler(Exception, answer_unexpected)


async def answer_unexpected(_: Request, __: Exception) -> Response:
    """For what nobody foresaw. Starlette raises the exception again: the server logs it, the span names it."""
    return Problem(500, "internal-error", "The service failed; nothing of this request was stored").response()


def _database_away(error: Unavailable) -> Problem:
    log.warning("database unavailable", reason=str(error))
    return unavailable()


def _invalid(error: RequestValidationError) -> Problem:
    fields = {_field(e): _why(e) for e in error.errors()}
    return Problem(422, "invalid-request", "Some fields are not as they should be", fields=fields)


def _http(error: HTTPException) -> Problem:
    if error.status_code == TOO_LARGE.status:
        return TOO_LARGE
    kind = NAMES.get(error.status_code, f"http-{error.status_code}")
    return Problem(error.status_code, kind, HTTPStatus(error.status_code).phrase, headers=error.headers or {})


EVERYWHERE: Problems = {
    Problem: lambda error: error,
    Unavailable: _database_away,
    KeyReused: KEY_REUSED,
    RequestValidationError: _invalid,
    HTTPException: _http,
}


def _handler(problem: Problem | ProblemOf) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Not a plain function: that would be called in a thread."""

    async def answer(_: Request, error: Exception) -> Response:
        return (problem if isinstance(problem, Problem) else problem(error)).response()

    return answer


def _field(error: Mapping[str, Any]) -> str:
    """A dotted path of our own names. The last part of some is the sender's: a field we do not know, a position."""
    ours = error["loc"][1:-1] if error["type"] in {"extra_forbidden", "json_invalid"} else error["loc"][1:]
    return ".".join(str(part) for part in ours) or str(error["loc"][0])


def _why(error: Mapping[str, Any]) -> str:
    """pydantic's sentence, unless it has a part that is made from what was sent."""
    return "Is not valid" if {"error", "tag"} & set(error.get("ctx", ())) else str(error["msg"])
