"""What client apps are told when a request cannot be served, in one place."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from starlette.responses import Response
from tinbao_runtime.problems import Problem

from tinbao_audit.find_entry import EntryNotFound
from tinbao_audit.log_reader import NotPublished, OutOfLog
from tinbao_audit.tiles import NotATile

NO_TILE = Problem(404, "tile-not-found", "The log has no such tile", "Read the checkpoint: its size says which exist.")
PROBLEMS: Mapping[type[Exception], Problem] = {
    NotATile: NO_TILE,
    FileNotFoundError: NO_TILE,
    NotPublished: Problem(
        503, "not-published", "The log has no checkpoint yet", "Its worker has not run.", headers={"Retry-After": "5"}
    ),
    OutOfLog: Problem(404, "not-in-the-log", "The published log is smaller, or the sizes are in the wrong order"),
    EntryNotFound: Problem(
        404,
        "entry-not-found",
        "No entry belongs to this event under this salt",
        "An event of the last seconds may not have its place yet. After an erasure nobody has the salt.",
    ),
}


def install_audit_problems(app: FastAPI) -> None:
    for error_class, problem in PROBLEMS.items():
        app.add_exception_handler(error_class, _handler(problem))


def _handler(problem: Problem) -> Callable[[Request, Exception], Response]:
    return lambda _request, _error: problem.response()
