"""What client apps are told when a request cannot be served, in one place."""

from tinbao_runtime.problems import Problem, Problems
from tinbao_runtime.sealing import CannotOpen
from tinbao_web.login import LOGIN_PROBLEMS

from tinbao_triage.assign_case import UnknownOfficer
from tinbao_triage.case import CaseNotFound, NotAllowed, NotNow
from tinbao_triage.duties import UnknownCategory
from tinbao_triage.responses import BadCursor

PROBLEMS: Problems = {
    **LOGIN_PROBLEMS,
    CaseNotFound: Problem(404, "case-not-found", "No such case here"),
    NotAllowed: Problem(403, "not-allowed", "Your roles do not allow this"),
    NotNow: Problem(409, "not-now", "The state of the case does not allow this, or somebody was faster: read it again"),
    CannotOpen: Problem(410, "content-erased", "The content was erased, or its key is not here"),
    UnknownCategory: Problem(422, "unknown-category", "No such category", fields={"category": "See the catalogue"}),
    UnknownOfficer: Problem(
        422, "unknown-officer", "Has not worked here before", fields={"officer": "Give officer_name too"}
    ),
    BadCursor: Problem(422, "bad-cursor", "This cursor is not ours", fields={"cursor": "Begin without one"}),
}
