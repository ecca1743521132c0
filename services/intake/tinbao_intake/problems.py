"""What clients are told when a request cannot be served, in one place."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response
from tinbao_runtime.idempotency import KeyReused
from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.problems import Problem

from tinbao_intake.commune import UnknownCommune
from tinbao_intake.directory import CannotSeal, NoStation
from tinbao_intake.doors import UnknownCategory
from tinbao_intake.mailbox import TipNotFound
from tinbao_intake.receipt import NotACode


def _unknown_commune(error: Exception) -> Problem:
    names = ", ".join(c.name for c in error.suggestions) if isinstance(error, UnknownCommune) else ""
    why = f"Not one commune. Perhaps: {names}" if names else "No commune of today is called so"
    return Problem(422, "unknown-commune", "Which commune is it?", fields={"commune": why})


TOO_LARGE = Problem(413, "request-too-large", "The request is larger than anything that is taken here")


def _always(problem: Problem) -> Callable[[Exception], Problem]:
    return lambda _: problem


PROBLEMS: Mapping[type[Exception], Callable[[Exception], Problem]] = {
    UnknownCommune: _unknown_commune,
    NoStation: _always(
        Problem(422, "no-station", "No station takes tips for this commune yet", fields={"commune": "No station"})
    ),
    UnknownCategory: _always(
        Problem(422, "unknown-category", "No such category", fields={"category": "See GET /v1/categories"})
    ),
    CannotSeal: _always(
        Problem(
            503,
            "cannot-seal",
            "This station has no valid key now, so nothing can be kept safe for it",
            headers={"Retry-After": "30"},
        )
    ),
    NotACode: _always(
        Problem(422, "not-a-receipt-code", "This is not a receipt code", fields={"receipt_code": "Mistyped?"})
    ),
    TipNotFound: _always(Problem(404, "tip-not-found", "No tip for this code")),
    KeyReused: _always(Problem(409, "idempotency-key-reused", "This Idempotency-Key came before with another body")),
    RecordTooLarge: _always(Problem(413, "tip-too-large", "The tip is too large", fields={"text": "Too long"})),
}


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
"""For the OpenAPI document: FastAPI would describe a form of its own for 422, which nobody gets."""


def install_intake_problems(app: FastAPI) -> None:
    app.add_exception_handler(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _handler(_always(TOO_LARGE)))
    for error_class, problem_of in PROBLEMS.items():
        app.add_exception_handler(error_class, _handler(problem_of))


async def answer_failure(_: Request, __: Exception) -> Response:
    """For what nobody expected; it is logged further out, once."""
    return Problem(500, "internal-error", "The service failed; nothing of this request was stored").response()


def _handler(problem_of: Callable[[Exception], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_: Request, error: Exception) -> Response:
        return problem_of(error).response()

    return answer
