"""The console's routes, over the same duties as the API. An act answers with a redirect: reloading repeats nothing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response
from tinbao_contracts.alerts import Description, Headline
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Outcome, ViewReason
from tinbao_contracts.places import CommuneCode
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.idempotency_fields import KeyField
from tinbao_web.login import Identity
from tinbao_web.pages import see_other

from tinbao_triage.api import IN_NFC, Note, Text
from tinbao_triage.console import Console, ListingForm
from tinbao_triage.duties import Duties
from tinbao_triage.login import asking_officer
from tinbao_triage.officer import Officer
from tinbao_triage.propose_alert import Proposal
from tinbao_triage.rights import Action


def web_router(duties: Duties, identity: Identity, console: Console) -> APIRouter:  # noqa: C901 - one route each

    async def asking(request: Request) -> Officer:
        return await asking_officer(identity, request)

    asker = Annotated[Officer, Depends(asking)]
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def queue(request: Request, officer: asker, listing: Annotated[ListingForm, Query()]) -> Response:
        if not officer.may(Action.LIST) and officer.may(Action.OVERSEE):
            return see_other(request, "/overview")
        return await console.queue(request, officer, listing)

    @router.get("/overview")
    async def overview(request: Request, officer: asker) -> Response:
        return await console.overview(request, officer)

    @router.get("/cases/{tip_id}")
    async def case(request: Request, officer: asker, tip_id: UUID) -> Response:
        return await console.case(request, officer, await duties.read(officer, tip_id))

    @router.post("/cases/claim-next")
    async def claim_next(request: Request, officer: asker) -> Response:
        taken = await duties.claim_next(officer)
        return see_other(request, f"/cases/{taken.tip_id}" if taken else "/")

    @router.post("/cases/{tip_id}/claim")
    async def claim(request: Request, officer: asker, tip_id: UUID) -> Response:
        await duties.claim(officer, tip_id)
        return see_other(request, f"/cases/{tip_id}")

    @router.post("/cases/{tip_id}/assign")
    async def assign(
        request: Request, officer: asker, tip_id: UUID, to: Annotated[str, Form(alias="officer", max_length=200)]
    ) -> Response:
        await duties.assign(officer, tip_id, to, name=None)
        return see_other(request, f"/cases/{tip_id}")

    @router.post("/cases/{tip_id}/open")
    async def open_content(
        request: Request,
        officer: asker,
        tip_id: UUID,
        reason: Annotated[ViewReason, Form()],
        note: Annotated[str, Form(max_length=1_000), IN_NFC] = "",
    ) -> Response:
        await duties.open_content(officer, tip_id, reason, note.strip() or None)
        return see_other(request, f"/cases/{tip_id}")

    @router.post("/cases/{tip_id}/classify")
    async def classify(
        request: Request,
        officer: asker,
        tip_id: UUID,
        category: Annotated[str, Form(max_length=40)],
        urgency: Annotated[Urgency, Form()],
    ) -> Response:
        await duties.classify(officer, tip_id, category, urgency)
        return see_other(request, f"/cases/{tip_id}")

    @router.post("/cases/{tip_id}/answers")
    async def answer(
        request: Request, officer: asker, tip_id: UUID, text: Annotated[Text, Form()], key: KeyField
    ) -> Response:
        await duties.answer(officer, tip_id, text, IdempotencyKey(key, "answers"))
        return see_other(request, f"/cases/{tip_id}")

    @router.post("/cases/{tip_id}/notes")
    async def note(
        request: Request, officer: asker, tip_id: UUID, text: Annotated[Note, Form()], key: KeyField
    ) -> Response:
        await duties.note(officer, tip_id, text, IdempotencyKey(key, "notes"))
        return see_other(request, f"/cases/{tip_id}")

    @router.post("/cases/{tip_id}/propose-alert")
    async def propose_alert(
        request: Request,
        officer: asker,
        tip_id: UUID,
        headline: Annotated[Headline, Form()],
        description: Annotated[Description, Form()],
        area: Annotated[CommuneCode, Form()],
        key: KeyField,
    ) -> Response:
        proposal = Proposal(headline=headline, description=description, area=(area,))
        await duties.propose_alert(officer, tip_id, proposal, IdempotencyKey(key, "proposals"))
        return see_other(request, f"/cases/{tip_id}")

    @router.post("/cases/{tip_id}/close")
    async def close(
        request: Request,
        officer: asker,
        tip_id: UUID,
        outcome: Annotated[Outcome, Form()],
        key: KeyField,
        text: Annotated[str, Form(max_length=10_000), IN_NFC] = "",
    ) -> Response:
        await duties.close(officer, tip_id, outcome, text.strip() or None, IdempotencyKey(key, "closings"))
        return see_other(request, f"/cases/{tip_id}")

    return router
