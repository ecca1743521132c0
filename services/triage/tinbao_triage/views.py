"""What the console's templates are given: cases in the reader's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from types import SimpleNamespace
from typing import Any

from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.deadline import hours_left
from tinbao_contracts.places import PROVINCE
from tinbao_web.texts import Gettext

from tinbao_triage.case import Case, Standing, Status
from tinbao_triage.clocks import SOON
from tinbao_triage.read_case import CaseFile, OpenText
from tinbao_triage.station_case import StationCase
from tinbao_triage.wording import OUTCOMES, ROLES, STATUSES, TIMELINE, category_name


@dataclass(frozen=True, slots=True)
class Reader:
    """In which language, and when, a page is read."""

    language: str
    gettext: Gettext
    now: datetime

    def row(self, case: Case, text: OpenText | None = None) -> SimpleNamespace:
        """A case for the list and for its own page."""
        category = load_catalogue().get(case.category)
        return SimpleNamespace(
            tip_id=str(case.tip_id),
            station=case.station,
            number=case.number,
            category_code=case.category,
            category_name=category_name(case.category, self.language),
            basis=category.basis if category else (),
            urgency=case.urgency.value,
            status=case.status.value,
            status_text=self.gettext(STATUSES[case.status]),
            standing=case.standing.value,
            neighbourhood=case.neighbourhood,
            place=case.place,
            reporter_role_text=self.gettext(ROLES[case.reporter_role]) if case.reporter_role else None,
            is_happening_now=case.is_happening_now,
            received_at=case.received_at,
            deadline_at=case.deadline_at,
            hours_left=self._hours_left(case.status, case.deadline_at),
            assignee_name=case.assignee_name,
            has_news=case.has_news,
            is_withdrawn=case.withdrawn_at is not None,
            outcome_text=self.gettext(OUTCOMES[case.outcome]) if case.outcome else None,
            is_provincial=case.station == PROVINCE and case.standing is Standing.OWNING,
            source=None,
            secrecy=text.content.secrecy_requested if text else False,
            protection=text.content.protection_requested if text else False,
        )

    def file(self, file: CaseFile) -> dict[str, Any]:
        """What `case.html` shows of one case."""
        return {
            "case": self.row(file.case, file.text),
            "timeline": [
                SimpleNamespace(
                    text=self.gettext(TIMELINE.get(t.action, t.action)), at=t.happened_at, officer_name=t.officer_name
                )
                for t in file.timeline
            ],
            **(_opened(file.text) if file.text else CLOSED_TEXT),
        }

    def station_row(self, case: StationCase) -> SimpleNamespace:
        return SimpleNamespace(
            station=case.station,
            station_name=case.station_name,
            number=case.number,
            category_name=category_name(case.category, self.language) if case.category else None,
            urgency=case.urgency,
            status_text=self.gettext(STATUSES[case.status]),
            received_at=case.received_at,
            is_open=case.status is not Status.CLOSED,
            hours_left=self._hours_left(case.status, case.deadline_at),
        )

    def _hours_left(self, status: Status, deadline_at: datetime | None) -> int | None:
        """A clock that stands still, or is not known, shows nothing."""
        return None if status is Status.CLOSED or deadline_at is None else hours_left(deadline_at, self.now)


CLOSED_TEXT: dict[str, Any] = {"content": None, "opened_until": None, "messages": [], "notes": []}


def tallies(rows: Sequence[SimpleNamespace]) -> list[SimpleNamespace]:
    """How many cases each station works on, and how many of them are late."""
    by_station = sorted(rows, key=lambda row: row.station_name)
    return [_tally(name, list(group)) for name, group in groupby(by_station, key=lambda row: row.station_name)]


def _tally(name: str, rows: Sequence[SimpleNamespace]) -> SimpleNamespace:
    left = [row.hours_left for row in rows if row.hours_left is not None]
    return SimpleNamespace(
        station_name=name,
        open=sum(row.is_open for row in rows),
        due_soon=sum(timedelta() <= timedelta(hours=hours) < SOON for hours in left),
        overdue=sum(hours < 0 for hours in left),
    )


def _opened(text: OpenText) -> dict[str, Any]:
    contact = text.content.contact
    return {
        "content": SimpleNamespace(
            text=text.content.text,
            happened_at=text.content.happened_at,
            contact_name=contact.name if contact else None,
            contact_phone=contact.phone if contact else None,
            contact_email=contact.email if contact else None,
            supplements=text.supplements,
        ),
        "opened_until": text.permitted_until,
        "messages": [
            SimpleNamespace(author="station", text=a.text, sent_at=a.written_at, officer_name=a.officer_name)
            for a in text.answers
        ],
        "notes": [SimpleNamespace(text=n.text, at=n.written_at, officer_name=n.officer_name) for n in text.notes],
    }
