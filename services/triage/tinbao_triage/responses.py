"""What the API answers: the shapes that client apps rely on."""

import base64
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, Field
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Outcome
from tinbao_contracts.frozen import Frozen
from tinbao_contracts.sealed import Contact, ReporterRole

from tinbao_triage.case import Case, Standing, Status
from tinbao_triage.read_case import CaseFile, OpenText
from tinbao_triage.records import KnownOfficer
from tinbao_triage.station_case import StationCase


class CaseOut(Frozen):
    """What may always be seen of a case: the register line and the slip."""

    tip_id: UUID
    number: int
    station: str
    standing: Standing
    status: Status
    category: str
    urgency: Urgency
    received_at: AwareDatetime
    deadline_at: AwareDatetime
    legal_at: AwareDatetime | None
    place: str | None
    neighbourhood: str | None
    reporter_role: ReporterRole | None
    is_happening_now: bool
    assignee: str | None
    assignee_name: str | None
    outcome: Outcome | None
    withdrawn_at: AwareDatetime | None
    has_news: bool

    @classmethod
    def of(cls, case: Case) -> Self:
        return cls.model_validate(case, from_attributes=True)


class CasePage(Frozen):
    cases: tuple[CaseOut, ...]
    next_cursor: str | None = Field(description="Give it as `cursor` for what follows; null at the end.")

    @classmethod
    def of(cls, cases: list[Case], limit: int) -> Self:
        following = cursor_of(cases[limit - 1]) if len(cases) > limit else None
        return cls(cases=tuple(CaseOut.of(case) for case in cases[:limit]), next_cursor=following)


class WrittenOut(Frozen):
    text: str
    officer_name: str
    written_at: AwareDatetime


class AddedOut(Frozen):
    text: str
    sent_at: AwareDatetime


class TextOut(Frozen):
    """The opened text; shown only while a view is permitted."""

    text: str
    happened_at: str | None
    contact: Contact | None
    secrecy_requested: bool
    protection_requested: bool
    supplements: tuple[AddedOut, ...]
    answers: tuple[WrittenOut, ...]
    notes: tuple[WrittenOut, ...]
    permitted_until: AwareDatetime

    @classmethod
    def of(cls, text: OpenText) -> Self:
        return cls(
            text=text.content.text,
            happened_at=text.content.happened_at,
            contact=text.content.contact,
            secrecy_requested=text.content.secrecy_requested,
            protection_requested=text.content.protection_requested,
            supplements=tuple(AddedOut.model_validate(a, from_attributes=True) for a in text.supplements),
            answers=tuple(WrittenOut.model_validate(w, from_attributes=True) for w in text.answers),
            notes=tuple(WrittenOut.model_validate(w, from_attributes=True) for w in text.notes),
            permitted_until=text.permitted_until,
        )


class TimelineOut(Frozen):
    action: str
    officer_name: str | None
    happened_at: AwareDatetime


class CaseFileOut(Frozen):
    case: CaseOut
    timeline: tuple[TimelineOut, ...]
    text: TextOut | None = Field(description="Null until it is opened with a reason.")

    @classmethod
    def of(cls, file: CaseFile) -> Self:
        return cls(
            case=CaseOut.of(file.case),
            timeline=tuple(TimelineOut.model_validate(t, from_attributes=True) for t in file.timeline),
            text=TextOut.of(file.text) if file.text else None,
        )


class AnsweredOut(Frozen):
    message_id: UUID
    sent_at: AwareDatetime


class ProposedOut(Frozen):
    proposal_id: UUID


class OfficerOut(Frozen):
    officer: str
    officer_name: str

    @classmethod
    def of(cls, known: KnownOfficer) -> Self:
        return cls(officer=known.subject, officer_name=known.name)


class StationCaseOut(Frozen):
    """That a case of another station exists and how it stands; the province sees no word of it."""

    tip_id: UUID
    station: str
    station_name: str
    number: int | None
    category: str | None
    urgency: Urgency | None
    received_at: AwareDatetime | None
    deadline_at: AwareDatetime | None
    status: Status
    outcome: Outcome | None

    @classmethod
    def of(cls, case: StationCase) -> Self:
        return cls.model_validate(case, from_attributes=True)


class BadCursor(ValueError):
    """Not a cursor of this API."""


def cursor_of(case: Case) -> str:
    return base64.urlsafe_b64encode(f"{case.deadline_at.isoformat()} {case.tip_id}".encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Raises BadCursor."""
    try:
        deadline_at, tip_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        return datetime.fromisoformat(deadline_at).astimezone(UTC), UUID(tip_id)
    except (ValueError, OverflowError):
        raise BadCursor from None
