"""The broadcasters' console, over the same newsroom as the API. An act redirects, or says what is wrong."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.responses import Response
from tinbao_contracts.text import fold
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_web.login import Identity
from tinbao_web.pages import Pages, see_other

from tinbao_notify.alert import ForeignArea, NotAllowed, NotInForce
from tinbao_notify.api import Reason, asking
from tinbao_notify.cap import area_name
from tinbao_notify.console_pages import ConsolePages, to_alert
from tinbao_notify.draft_form import DraftForm
from tinbao_notify.newsroom import Newsroom
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action
from tinbao_notify.wording import NOT_IN_FORCE, WRONG_AREA

Digest = Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")]


def console_router(newsroom: Newsroom, identity: Identity, pages: Pages) -> APIRouter:
    console = ConsolePages(newsroom, pages)
    router = APIRouter(include_in_schema=False)
    router.include_router(_desk(console, newsroom, identity))
    router.include_router(_writing(console, newsroom, identity))
    router.include_router(_deciding(console, newsroom, identity))
    return router


def _desk(console: ConsolePages, newsroom: Newsroom, identity: Identity) -> APIRouter:
    asker = Annotated[Officer, Depends(asking(identity))]
    router = APIRouter(prefix="/console")

    @router.get("")
    async def board(request: Request, officer: asker) -> Response:
        return await console.board(request, officer)

    @router.post("/proposals/{proposal_id}/take")
    async def take(request: Request, officer: asker, proposal_id: UUID) -> Response:
        return to_alert(request, (await newsroom.take(officer, proposal_id)).alert_id, "/edit")

    @router.post("/proposals/{proposal_id}/dismiss")
    async def dismiss(request: Request, officer: asker, proposal_id: UUID) -> Response:
        await newsroom.dismiss(officer, proposal_id)
        return see_other(request, "/console")

    @router.get("/alerts/{alert_id}")
    async def alert(request: Request, officer: asker, alert_id: UUID) -> Response:
        return await console.alert(request, officer, await newsroom.read(officer, alert_id))

    return router


def _writing(console: ConsolePages, newsroom: Newsroom, identity: Identity) -> APIRouter:
    asker = Annotated[Officer, Depends(asking(identity))]
    router = APIRouter(prefix="/console")

    @router.get("/new")
    async def new(request: Request, officer: asker) -> Response:
        return await console.form(request, officer, "/console/new", {})

    @router.post("/new")
    async def draft(request: Request, officer: asker, form: Annotated[DraftForm, Form()]) -> Response:
        if officer.home is None:
            raise NotAllowed("no station")
        try:
            key = IdempotencyKey(form.idempotency_key, "alerts")
            alert_id = await newsroom.draft(officer, officer.home, form.said(), key)
        except (ValidationError, ForeignArea) as error:
            mistakes = console.mistakes(request, error)
            return await console.form(request, officer, "/console/new", form.values(), mistakes)
        return to_alert(request, alert_id)

    @router.get("/alerts/{alert_id}/edit")
    async def edit_form(request: Request, officer: asker, alert_id: UUID) -> Response:
        file = await newsroom.read(officer, alert_id)
        file.alert.after(Action.EDIT, officer)
        values = DraftForm.values_of(file.alert.draft)
        return await console.form(request, officer, f"/console/alerts/{alert_id}/edit", values)

    @router.post("/alerts/{alert_id}/edit")
    async def edit(request: Request, officer: asker, alert_id: UUID, form: Annotated[DraftForm, Form()]) -> Response:
        try:
            await newsroom.edit(officer, alert_id, form.changes())
        except (ValidationError, ForeignArea) as error:
            mistakes, action = console.mistakes(request, error), f"/console/alerts/{alert_id}/edit"
            return await console.form(request, officer, action, form.values(), mistakes)
        return to_alert(request, alert_id)

    @router.post("/alerts/{alert_id}/submit")
    async def submit(request: Request, officer: asker, alert_id: UUID) -> Response:
        return await console.acted(request, officer, alert_id, newsroom.submit(officer, alert_id))

    return router


def _deciding(console: ConsolePages, newsroom: Newsroom, identity: Identity) -> APIRouter:
    asker = Annotated[Officer, Depends(asking(identity))]
    router = APIRouter(prefix="/console")

    @router.post("/alerts/{alert_id}/approve")
    async def approve(
        request: Request,
        officer: asker,
        alert_id: UUID,
        digest: Digest,
        area: Annotated[str, Form(max_length=10_000)] = "",
    ) -> Response:
        """Issues only what was shown, and only if the area's name was typed: accents and capitals do not count."""
        file = await newsroom.read(officer, alert_id)
        if fold(area) != fold(area_name(file.alert.draft.area)):
            return await console.alert(request, officer, file, WRONG_AREA)
        act = newsroom.approve(officer, alert_id, bytes.fromhex(digest))
        return await console.acted(request, officer, alert_id, act)

    @router.post("/alerts/{alert_id}/reject")
    async def reject(request: Request, officer: asker, alert_id: UUID, reason: Annotated[Reason, Form()]) -> Response:
        return await console.acted(request, officer, alert_id, newsroom.reject(officer, alert_id, reason))

    @router.post("/alerts/{alert_id}/update")
    async def update(request: Request, officer: asker, alert_id: UUID) -> Response:
        try:
            return to_alert(request, await newsroom.update(officer, alert_id), "/edit")
        except NotInForce:
            return await console.alert(request, officer, await newsroom.read(officer, alert_id), NOT_IN_FORCE)

    @router.post("/alerts/{alert_id}/cancel")
    async def cancel(request: Request, officer: asker, alert_id: UUID) -> Response:
        return await console.acted(request, officer, alert_id, newsroom.cancel(officer, alert_id))

    return router
