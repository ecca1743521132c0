"""What client apps are told when a request cannot be served, in one place."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from starlette.responses import Response
from tinbao_runtime.idempotency import KeyReused
from tinbao_runtime.problems import Problem
from tinbao_runtime.sealing import CannotOpen
from tinbao_web.login import NotSignedIn
from tinbao_web.tokens import BadToken, ProviderAway

from tinbao_triage.assign_case import UnknownOfficer
from tinbao_triage.case import CaseNotFound, NotAllowed, NotNow
from tinbao_triage.duties import UnknownCategory
from tinbao_triage.responses import BadCursor

PROBLEMS: Mapping[type[Exception], Problem] = {
    NotSignedIn: Problem(401, "not-signed-in", "Sign in first", headers={"WWW-Authenticate": "Bearer"}),
    BadToken: Problem(
        401, "bad-token", "The token does not count", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    ),
    ProviderAway: Problem(503, "provider-away", "The OpenID provider does not answer", headers={"Retry-After": "10"}),
    CaseNotFound: Problem(404, "case-not-found", "No such case here"),
    NotAllowed: Problem(403, "not-allowed", "Your roles do not allow this"),
    NotNow: Problem(409, "not-now", "The state of the case does not allow this, or somebody was faster: read it again"),
    CannotOpen: Problem(410, "content-erased", "The content was erased, or its key is not here"),
    UnknownCategory: Problem(422, "unknown-category", "No such category", fields={"category": "See the catalogue"}),
    UnknownOfficer: Problem(
        422, "unknown-officer", "Has not worked here before", fields={"officer": "Give officer_name too"}
    ),
    BadCursor: Problem(422, "bad-cursor", "This cursor is not ours", fields={"cursor": "Begin without one"}),
    KeyReused: Problem(409, "idempotency-key-reused", "This Idempotency-Key came before with another body"),
}


def install_triage_problems(app: FastAPI) -> None:
    for error_class, problem in PROBLEMS.items():
        app.add_exception_handler(error_class, _handler(problem))


def _handler(problem: Problem) -> Callable[[Request, Exception], Response]:
    return lambda _request, _error: problem.response()
