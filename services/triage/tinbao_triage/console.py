"""What each page of the console shows: the list is beside everything."""

import secrets
from typing import Any

from fastapi import Request
from pydantic import ConfigDict, model_validator
from starlette.responses import Response
from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.places import PROVINCE, load_communes
from tinbao_runtime.clock import now
from tinbao_web.pages import Pages
from tinbao_web.texts import language_of

from tinbao_triage.api import Listing
from tinbao_triage.duties import Duties
from tinbao_triage.officer import Officer
from tinbao_triage.read_case import CaseFile
from tinbao_triage.responses import cursor_of
from tinbao_triage.rights import Action
from tinbao_triage.views import Reader, tallies
from tinbao_triage.wording import OUTCOMES, REASONS, STATUSES

PAGE = 50


class ListingForm(Listing):
    """The filters as a browser's form sends them: the language beside them, and empty what is not chosen."""

    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def leave_out_empty(cls, sent: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in sent.items() if value != ""}


class Console:
    """Gathers what a page shows. Every page has the list beside it."""

    def __init__(self, duties: Duties, pages: Pages, station: str) -> None:
        self._duties = duties
        self._pages = pages
        self._station = station

    async def queue(self, request: Request, officer: Officer, listing: Listing) -> Response:
        context = await self._frame(officer) | await self._list(request, officer, listing)
        return self._pages.render(request, "queue.html", context)

    async def case(self, request: Request, officer: Officer, file: CaseFile) -> Response:
        reader = self._reader(request)
        actions = file.case.allowed_actions(officer)
        officers = await self._duties.assignable_officers(officer) if Action.ASSIGN in actions else []
        context = {
            **await self._frame(officer),
            **await self._list(request, officer, Listing()),
            **reader.file(file),
            "actions": {action.value for action in actions},
            "reasons": [(code.value, reader.gettext(text)) for code, text in REASONS.items()],
            "outcomes": [(code.value, reader.gettext(text)) for code, text in OUTCOMES.items()],
            "officers": [(known.subject, known.name) for known in officers],
            "communes": list(load_communes().values()),
            "notice": None,
            "error": None,
            "idempotency_key": secrets.token_urlsafe(24),
        }
        return self._pages.render(request, "case.html", context)

    async def overview(self, request: Request, officer: Officer) -> Response:
        reader = self._reader(request)
        rows = [reader.station_row(case) for case in await self._duties.list_station_cases(officer)]
        context = {**await self._frame(officer), "rows": rows, "station_counts": tallies(rows)}
        return self._pages.render(request, "overview.html", context)

    async def _frame(self, officer: Officer) -> dict[str, Any]:
        counts = await self._duties.count_cases(officer) if officer.may(Action.LIST) else None
        frame = {
            "officer": officer,
            "station_name": await self._duties.station_name(),
            "is_province": self._station == PROVINCE and officer.may(Action.OVERSEE),
        }
        return frame | ({"counts": counts} if counts else {})

    async def _list(self, request: Request, officer: Officer, listing: Listing) -> dict[str, Any]:
        reader = self._reader(request)
        cases = await self._duties.list_cases(officer, listing.filters(officer, PAGE))
        return {
            "filters": listing.model_dump(mode="json", exclude={"cursor"}),
            "statuses": [(code.value, reader.gettext(text)) for code, text in STATUSES.items()],
            "categories": list(load_catalogue().values()),
            "cases": [reader.row(case) for case in cases[:PAGE]],
            "selected": None,
            "next_cursor": cursor_of(cases[PAGE - 1]) if len(cases) > PAGE else None,
        }

    def _reader(self, request: Request) -> Reader:
        return Reader(language_of(request), self._pages.texts(request).gettext, now())
