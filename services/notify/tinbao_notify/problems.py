"""What client apps are told when a request cannot be served, in one place."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from starlette.responses import Response
from tinbao_runtime.idempotency import KeyReused
from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.problems import Problem
from tinbao_web.login import NotSignedIn
from tinbao_web.tokens import BadToken, ProviderAway

from tinbao_notify.alert import AlertNotFound, Changed, ForeignArea, Incomplete, NotAllowed, OwnAlert
from tinbao_notify.proposal import ProposalNotFound
from tinbao_notify.subscription import SubscriptionNotFound


def _incomplete(error: Exception) -> Problem:
    fields = error.fields if isinstance(error, Incomplete) else ()
    missing = dict.fromkeys(fields, "Missing, or over")
    return Problem(422, "incomplete-alert", "Something is missing before others can be warned", fields=missing)


def _always(problem: Problem) -> Callable[[Exception], Problem]:
    return lambda _: problem


PROBLEMS: Mapping[type[Exception], Callable[[Exception], Problem]] = {
    NotSignedIn: _always(Problem(401, "not-signed-in", "Sign in first", headers={"WWW-Authenticate": "Bearer"})),
    BadToken: _always(
        Problem(
            401, "bad-token", "The token does not count", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )
    ),
    ProviderAway: _always(
        Problem(503, "provider-away", "The OpenID provider does not answer", headers={"Retry-After": "10"})
    ),
    AlertNotFound: _always(Problem(404, "alert-not-found", "No such alert here")),
    ProposalNotFound: _always(Problem(404, "proposal-not-found", "No such proposal here, or it was taken")),
    SubscriptionNotFound: _always(Problem(404, "subscription-not-found", "This link is not ours, or too old")),
    NotAllowed: _always(Problem(403, "not-allowed", "Your roles or the state of the alert do not allow this")),
    OwnAlert: _always(Problem(403, "own-alert", "Who wrote or submitted an alert does not approve it")),
    ForeignArea: _always(
        Problem(403, "foreign-area", "Another station answers for a commune of the area", fields={"area": "Not yours"})
    ),
    Changed: _always(Problem(409, "alert-changed", "The alert is not what you were shown: look at it again")),
    Incomplete: _incomplete,
    KeyReused: _always(Problem(409, "idempotency-key-reused", "This Idempotency-Key came before with another body")),
    RecordTooLarge: _always(Problem(413, "alert-too-large", "The alert is too large")),
}


def install_notify_problems(app: FastAPI) -> None:
    for error_class, problem_of in PROBLEMS.items():
        app.add_exception_handler(error_class, _handler(problem_of))


def _handler(problem_of: Callable[[Exception], Problem]) -> Callable[[Request, Exception], Response]:
    return lambda _, error: problem_of(error).response()
