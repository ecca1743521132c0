"""What the holder of a receipt code may read: the tip's state in plain terms and the conversation."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Outcome

Author = Literal["reporter", "station"]


class TipNotFound(Exception):
    """No tip for this code. Says the same for a code that never was and one whose tip was erased."""


class TipStatus(StrEnum):
    RECEIVED = "received"
    OPENED = "opened"
    CLASSIFIED = "classified"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StoredTip:
    """A tip's row as intake knows it."""

    tip_id: UUID
    station: str
    holders: tuple[str, ...]
    category: str
    urgency: Urgency
    received_at: datetime
    log_salt: bytes
    version: int
    withdrawn_at: datetime | None
    opened_at: datetime | None
    classified_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None

    @property
    def status(self) -> TipStatus:
        """The furthest thing that the station announced; its events may arrive in any order."""
        if self.closed_at:
            return TipStatus.CLOSED
        if self.answered_at:
            return TipStatus.ANSWERED
        if self.classified_at:
            return TipStatus.CLASSIFIED
        return TipStatus.OPENED if self.opened_at else TipStatus.RECEIVED


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """`body` is encrypted under the mailbox key."""

    message_id: UUID
    author: Author
    body: bytes
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    message_id: UUID
    author: Author
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Mailbox:
    tip: StoredTip
    messages: tuple[Message, ...]
