"""What client apps are told when a request cannot be served, in one place."""

from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.problems import Problem, Problems
from tinbao_web.login import LOGIN_PROBLEMS

from tinbao_notify.alert import AlertNotFound, Changed, ForeignArea, Incomplete, NotAllowed, NotInForce, OwnAlert
from tinbao_notify.proposal import ProposalNotFound
from tinbao_notify.subscription import SubscriptionNotFound


def _incomplete(error: Incomplete) -> Problem:
    missing = dict.fromkeys(error.fields, "Missing, or over")
    return Problem(422, "incomplete-alert", "Something is missing before others can be warned", fields=missing)


PROBLEMS: Problems = {
    **LOGIN_PROBLEMS,
    AlertNotFound: Problem(404, "alert-not-found", "No such alert here"),
    ProposalNotFound: Problem(404, "proposal-not-found", "No such proposal here, or it was taken"),
    SubscriptionNotFound: Problem(404, "subscription-not-found", "This link is not ours, or too old"),
    NotAllowed: Problem(403, "not-allowed", "Your roles or the state of the alert do not allow this"),
    OwnAlert: Problem(403, "own-alert", "Who wrote or submitted an alert does not approve it"),
    NotInForce: Problem(409, "not-in-force", "What it would update has ended, was cancelled or has another update"),
    ForeignArea: Problem(
        403, "foreign-area", "Another station answers for a commune of the area", fields={"area": "Not yours"}
    ),
    Changed: Problem(409, "alert-changed", "The alert is not what you were shown: look at it again"),
    Incomplete: _incomplete,
    RecordTooLarge: Problem(413, "alert-too-large", "The alert is too large"),
}
