"""Small rows of the database that are no noun of their own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from tinbao_triage.case import Status

WritingKind = Literal["answer", "note", "view_note"]


@dataclass(frozen=True, slots=True)
class EncryptedContent:
    sealed_station: str
    content_key: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Writing:
    writing_id: UUID
    kind: WritingKind
    body: bytes
    officer_name: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    action: str
    officer_name: str | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    all: int
    mine: int
    due_soon: int
    unclaimed: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shows. `status` None means what is not closed, and what is closed but has news."""

    status: Status | None = None
    category: str | None = None
    assignee: str | None = None
    unclaimed: bool = False
    due_before: datetime | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class KnownOfficer:
    """An officer who has acted on cases here; `subject` is the OpenID provider's."""

    subject: str
    name: str
