"""The HTTP API that officers' apps use. Who asks is in the access token or the session; texts travel in bodies."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from tinbao_contracts.catalogue import Code, Urgency
from tinbao_contracts.events import Outcome, ViewReason
from tinbao_contracts.frozen import Strict
from tinbao_contracts.text import to_nfc
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.idempotency_fields import KeyHeader
from tinbao_runtime.problems import PROBLEM_RESPONSES
from tinbao_web.login import Identity

from tinbao_triage.case import Status
from tinbao_triage.clocks import SOON
from tinbao_triage.duties import Duties
from tinbao_triage.login import asking_officer
from tinbao_triage.officer import Officer
from tinbao_triage.propose_alert import Proposal
from tinbao_triage.records import Filters
from tinbao_triage.responses import (
    AnsweredOut,
    CaseFileOut,
    CaseOut,
    CasePage,
    OfficerOut,
    ProposedOut,
    StationCaseOut,
    read_cursor,
)

IN_NFC = AfterValidator(to_nfc)
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), IN_NFC]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), IN_NFC]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"), IN_NFC]


class OpenIn(Strict):
    reason: ViewReason
    note: Note | None = None


class ClassifyIn(Strict):
    category: str
    urgency: Urgency


class AssignIn(Strict):
    officer: Name
    officer_name: Name | None = None
    """Needed for who has never worked here."""


class TextIn(Strict):
    text: Text


class CloseIn(Strict):
    outcome: Outcome
    text: Text | None = None


class Listing(BaseModel):
    """Filters of a list: by state, category, officer and clock. There is no search for text."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    status: Status | None = None
    category: Code | None = None
    assignee: Literal["me", "none"] | None = None
    overdue: Literal["soon", "yes"] | None = None
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = None

    def filters(self, officer: Officer, limit: int) -> Filters:
        """One more than a page holds, which shows whether there is a next page. Raises BadCursor."""
        due_before = {None: None, "soon": now() + SOON, "yes": now()}[self.overdue]
        return Filters(
            status=self.status,
            category=self.category,
            assignee=officer.subject if self.assignee == "me" else None,
            unclaimed=self.assignee == "none",
            due_before=due_before,
            after=read_cursor(self.cursor) if self.cursor else None,
            limit=limit + 1,
        )


class Page(Listing):
    limit: Annotated[int, Query(ge=1, le=200)] = 50


def api_router(duties: Duties, identity: Identity) -> APIRouter:  # noqa: C901 - one short function a route
    async def asking(request: Request) -> Officer:
        return await asking_officer(identity, request)

    asker = Annotated[Officer, Depends(asking)]
    router = APIRouter(prefix="/v1", tags=["cases"], responses=PROBLEM_RESPONSES)

    @router.get("/cases")
    async def list_cases(officer: asker, page: Annotated[Page, Query()]) -> CasePage:
        """The cases that this officer may see, soonest deadline first.

        Without `status`, all that are not closed, and those whose reporter added something after they were.
        """
        return CasePage.of(await duties.list_cases(officer, page.filters(officer, page.limit)), page.limit)

    @router.post("/cases/claim-next")
    async def claim_next(officer: asker) -> CaseOut | None:
        """Take the most urgent, then oldest, case that nobody has; null if there is none."""
        case = await duties.claim_next(officer)
        return CaseOut.of(case) if case else None

    @router.get("/cases/{tip_id}")
    async def read_case(officer: asker, tip_id: UUID) -> CaseFileOut:
        """A case, with its text only while a stated reason permits it."""
        return CaseFileOut.of(await duties.read(officer, tip_id))

    @router.post("/cases/{tip_id}/content")
    async def open_content(officer: asker, tip_id: UUID, body: OpenIn) -> CaseFileOut:
        """Open the text for a reason; the opening is on the log before the text is shown."""
        return CaseFileOut.of(await duties.open_content(officer, tip_id, body.reason, body.note))

    @router.post("/cases/{tip_id}/claim")
    async def claim(officer: asker, tip_id: UUID) -> CaseOut:
        return CaseOut.of(await duties.claim(officer, tip_id))

    @router.post("/cases/{tip_id}/assign")
    async def assign(officer: asker, tip_id: UUID, body: AssignIn) -> CaseOut:
        return CaseOut.of(await duties.assign(officer, tip_id, body.officer, body.officer_name))

    @router.post("/cases/{tip_id}/classify")
    async def classify(officer: asker, tip_id: UUID, body: ClassifyIn) -> CaseOut:
        return CaseOut.of(await duties.classify(officer, tip_id, body.category, body.urgency))

    @router.post("/cases/{tip_id}/answers", status_code=201)
    async def answer(officer: asker, tip_id: UUID, body: TextIn, key: KeyHeader) -> AnsweredOut:
        """Answer the reporter. Only the holder of the receipt code can read it."""
        return await duties.answer(officer, tip_id, body.text, IdempotencyKey(key, "answers"))

    @router.post("/cases/{tip_id}/notes", status_code=201)
    async def note(officer: asker, tip_id: UUID, body: TextIn, key: KeyHeader) -> AnsweredOut:
        """Write a note for colleagues; it never leaves this station."""
        return await duties.note(officer, tip_id, body.text, IdempotencyKey(key, "notes"))

    @router.post("/cases/{tip_id}/propose-alert", status_code=201)
    async def propose_alert(officer: asker, tip_id: UUID, body: Proposal, key: KeyHeader) -> ProposedOut:
        """Propose to warn the public, in words written for the public: nothing of the tip goes with it."""
        return await duties.propose_alert(officer, tip_id, body, IdempotencyKey(key, "proposals"))

    @router.post("/cases/{tip_id}/close")
    async def close(officer: asker, tip_id: UUID, body: CloseIn, key: KeyHeader) -> CaseOut:
        """End the station's handling, with a last answer if there is `text`. Decisions on a tip are not made here."""
        closing = IdempotencyKey(key, "closings")
        return CaseOut.of(await duties.close(officer, tip_id, body.outcome, body.text, closing))

    @router.get("/officers")
    async def list_officers(officer: asker) -> list[OfficerOut]:
        """Whom a case can be given to without their name: who has worked here before."""
        return [OfficerOut.of(known) for known in await duties.assignable_officers(officer)]

    @router.get("/overview")
    async def overview(officer: asker) -> list[StationCaseOut]:
        """For the province: that cases of all stations exist and how they stand. Never their text."""
        return [StationCaseOut.of(case) for case in await duties.list_station_cases(officer)]

    return router
