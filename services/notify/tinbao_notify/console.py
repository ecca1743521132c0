"""The broadcasters' console, over the same newsroom as the API. An act redirects, or says what is wrong."""

import secrets
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.responses import Response
from tinbao_contracts.alerts import AlertUrgency, Certainty, Severity
from tinbao_contracts.text import fold
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_web.login import Identity
from tinbao_web.pages import Pages, see_other
from tinbao_web.texts import language_of

from tinbao_notify.alert import Changed, ForeignArea, Incomplete, NotAllowed, OwnAlert
from tinbao_notify.api import Reason, officer_asking
from tinbao_notify.audience import TOPICS
from tinbao_notify.cap import area_name
from tinbao_notify.draft_form import DraftForm
from tinbao_notify.newsroom import AlertFile, Newsroom
from tinbao_notify.officer import Officer
from tinbao_notify.responses import digest_of
from tinbao_notify.rights import Action
from tinbao_notify.views import Reader
from tinbao_notify.web import communes_in_order
from tinbao_notify.wording import (
    CERTAINTIES,
    CHANGED,
    FOREIGN_AREA,
    INCOMPLETE,
    OWN_ALERT,
    SEVERITIES,
    URGENCIES,
    WRONG_AREA,
)

Digest = Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")]


class Console:
    """Gathers what a page shows."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages

    async def board(self, request: Request, officer: Officer) -> Response:
        board, reader = await self._newsroom.board(officer), self._reader(request)
        rows = [reader.row(alert, board.station_names) for alert in board.alerts]
        context = {
            **await self._frame(officer),
            "proposals": [reader.proposal(proposal, board.station_names) for proposal in board.proposals],
            "submitted": [row for row in rows if row.status == "submitted"],
            "drafts": [row for row in rows if row.status in ("draft", "rejected")],
            "in_force": [row for row in rows if row.is_in_force],
            "over": [row for row in rows if row.status in ("issued", "cancelled") and not row.is_in_force],
            "may_draft": officer.may(Action.DRAFT),
        }
        return self._pages.render(request, "board.html", context)

    async def alert(self, request: Request, officer: Officer, file: AlertFile, error: str | None = None) -> Response:
        reader = self._reader(request)
        context = {
            **await self._frame(officer),
            "alert": reader.file(file),
            "actions": {action.value for action in Action if file.alert.allows(action, officer)},
            "is_author": officer.subject in file.alert.authors,
            "digest": digest_of(file),
            "error": reader.gettext(error) if error else None,
        }
        return self._pages.render(request, "review.html", context, 409 if error else 200)

    async def form(
        self,
        request: Request,
        officer: Officer,
        action: str,
        values: dict[str, Any],
        errors: dict[str, str] | None = None,
    ) -> Response:
        reader, allowed = self._reader(request), await self._newsroom.communes(officer)
        context = {
            **await self._frame(officer),
            "action": action,
            "values": {**_EMPTY, **values},
            "errors": errors or {},
            "topics": TOPICS,
            "communes": [each for each in communes_in_order() if allowed is None or each.code in allowed],
            "urgencies": [(code.value, reader.gettext(text)) for code, text in URGENCIES.items()],
            "severities": [(code.value, reader.gettext(text)) for code, text in SEVERITIES.items()],
            "certainties": [(code.value, reader.gettext(text)) for code, text in CERTAINTIES.items()],
            "idempotency_key": secrets.token_urlsafe(24),
        }
        return self._pages.render(request, "draft.html", context, 422 if errors else 200)

    async def failed(self, request: Request, officer: Officer, alert_id: UUID, error: str) -> Response:
        """The alert's page as it is now, with what was wrong."""
        return await self.alert(request, officer, await self._newsroom.read(officer, alert_id), error)

    def mistakes(self, request: Request, error: ValidationError | ForeignArea) -> dict[str, str]:
        gettext = self._pages.texts(request).gettext
        if isinstance(error, ForeignArea):
            return {"area": gettext(FOREIGN_AREA)}
        return DraftForm.mistakes(error, gettext)

    def _reader(self, request: Request) -> Reader:
        return Reader(language_of(request), self._pages.texts(request).gettext, now())

    async def _frame(self, officer: Officer) -> dict[str, Any]:
        names = await self._newsroom.station_names()
        stations = ", ".join(names.get(code, code) for code in sorted(officer.stations))
        return {"officer": officer, "station_name": stations}


_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("category", "headline_vi", "description_vi", "headline_en", "description_en", "expires_at"), ""),
    "urgency": AlertUrgency.EXPECTED.value,
    "severity": Severity.MODERATE.value,
    "certainty": Certainty.OBSERVED.value,
    "area": [],
}


def console_router(newsroom: Newsroom, identity: Identity, pages: Pages) -> APIRouter:  # noqa: C901 - one short function a route
    console = Console(newsroom, pages)

    async def asking(request: Request) -> Officer:
        return await officer_asking(request, identity)

    asker = Annotated[Officer, Depends(asking)]
    router = APIRouter(prefix="/console", include_in_schema=False)

    @router.get("")
    async def board(request: Request, officer: asker) -> Response:
        return await console.board(request, officer)

    @router.post("/proposals/{proposal_id}/take")
    async def take(request: Request, officer: asker, proposal_id: UUID) -> Response:
        return _to(request, (await newsroom.take(officer, proposal_id)).alert_id, "/edit")

    @router.post("/proposals/{proposal_id}/dismiss")
    async def dismiss(request: Request, officer: asker, proposal_id: UUID) -> Response:
        await newsroom.dismiss(officer, proposal_id)
        return _to(request)

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
        return _to(request, alert_id)

    @router.get("/alerts/{alert_id}")
    async def alert(request: Request, officer: asker, alert_id: UUID) -> Response:
        return await console.alert(request, officer, await newsroom.read(officer, alert_id))

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
        return _to(request, alert_id)

    @router.post("/alerts/{alert_id}/submit")
    async def submit(request: Request, officer: asker, alert_id: UUID) -> Response:
        try:
            await newsroom.submit(officer, alert_id)
        except Incomplete:
            return await console.failed(request, officer, alert_id, INCOMPLETE)
        except ForeignArea:
            return await console.failed(request, officer, alert_id, FOREIGN_AREA)
        return _to(request, alert_id)

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
            return await console.failed(request, officer, alert_id, WRONG_AREA)
        try:
            await newsroom.approve(officer, alert_id, bytes.fromhex(digest))
        except Changed:
            return await console.failed(request, officer, alert_id, CHANGED)
        except OwnAlert:
            return await console.failed(request, officer, alert_id, OWN_ALERT)
        except Incomplete:
            return await console.failed(request, officer, alert_id, INCOMPLETE)
        return _to(request, alert_id)

    @router.post("/alerts/{alert_id}/reject")
    async def reject(request: Request, officer: asker, alert_id: UUID, reason: Annotated[Reason, Form()]) -> Response:
        await newsroom.reject(officer, alert_id, reason)
        return _to(request, alert_id)

    @router.post("/alerts/{alert_id}/cancel")
    async def cancel(request: Request, officer: asker, alert_id: UUID) -> Response:
        await newsroom.cancel(officer, alert_id)
        return _to(request, alert_id)

    return router


def _to(request: Request, alert_id: UUID | None = None, more: str = "") -> Response:
    path = f"/console/alerts/{alert_id}{more}" if alert_id else "/console"
    return see_other(request, path)
