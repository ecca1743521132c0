"""What the broadcasters' console shows."""

import secrets
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response
from tinbao_contracts.alerts import AlertUrgency, Certainty, Severity
from tinbao_runtime.clock import now
from tinbao_web.pages import Pages, see_other
from tinbao_web.texts import language_of

from tinbao_notify.alert import ForeignArea
from tinbao_notify.audience import TOPICS
from tinbao_notify.draft_form import DraftForm
from tinbao_notify.newsroom import AlertFile, Newsroom
from tinbao_notify.officer import Officer
from tinbao_notify.responses import digest_of
from tinbao_notify.rights import Action
from tinbao_notify.views import Reader
from tinbao_notify.web import communes_in_order
from tinbao_notify.wording import CERTAINTIES, FOREIGN_AREA, REFUSALS, SEVERITIES, URGENCIES


class ConsolePages:
    """Gathers what a page shows, or does what was asked and says what was wrong."""

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

    async def acted(self, request: Request, officer: Officer, alert_id: UUID, act: Awaitable[object]) -> Response:
        """To the alert's page; if the act was refused, the page as it is now, with why."""
        try:
            await act
        except tuple(REFUSALS) as refusal:
            file = await self._newsroom.read(officer, alert_id)
            return await self.alert(request, officer, file, REFUSALS[type(refusal)])
        return to_alert(request, alert_id)

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


def to_alert(request: Request, alert_id: UUID, more: str = "") -> Response:
    return see_other(request, f"/console/alerts/{alert_id}{more}")
