"""What clients are told when a request cannot be served, in one place."""

from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.problems import Problem, Problems

from tinbao_intake.commune import UnknownCommune
from tinbao_intake.directory import CannotSeal, NoStation
from tinbao_intake.doors import UnknownCategory
from tinbao_intake.mailbox import TipNotFound
from tinbao_intake.receipt import NotACode


def _unknown_commune(error: UnknownCommune) -> Problem:
    names = ", ".join(c.name for c in error.suggestions)
    why = f"Not one commune. Perhaps: {names}" if names else "No commune of today is called so"
    return Problem(422, "unknown-commune", "Which commune is it?", fields={"commune": why})


PROBLEMS: Problems = {
    UnknownCommune: _unknown_commune,
    NoStation: Problem(
        422, "no-station", "No station takes tips for this commune yet", fields={"commune": "No station"}
    ),
    UnknownCategory: Problem(
        422, "unknown-category", "No such category", fields={"category": "See GET /v1/categories"}
    ),
    CannotSeal: Problem(
        503,
        "cannot-seal",
        "This station has no valid key now, so nothing can be kept safe for it",
        headers={"Retry-After": "30"},
    ),
    NotACode: Problem(422, "not-a-receipt-code", "This is not a receipt code", fields={"receipt_code": "Mistyped?"}),
    TipNotFound: Problem(404, "tip-not-found", "No tip for this code"),
    RecordTooLarge: Problem(413, "tip-too-large", "The tip is too large", fields={"text": "Too long"}),
}
