"""An alert: what is said, who wrote it, and which acts its state and its authors allow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hmac import compare_digest
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime
from tinbao_contracts.alerts import AlertContent, AlertText, AlertUrgency, Area, Audiences, Certainty, Severity
from tinbao_contracts.frozen import Frozen

from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action


class AlertNotFound(Exception):
    """No such alert here. Says the same for another station's draft and for one that does not exist."""


class NotAllowed(Exception):
    """The officer's roles or the alert's state do not allow this act."""


class OwnAlert(NotAllowed):
    """Who wrote an alert, or submitted it, does not approve it."""


class ForeignArea(Exception):
    """The area has communes that another station answers for."""


class NotInForce(NotAllowed):
    """What an update would hold instead of has ended, was cancelled or has another update."""


class Incomplete(Exception):
    """What is missing before an alert can be submitted; `fields` are the draft's own names."""

    def __init__(self, *fields: str) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class Changed(Exception):
    """The alert is not what the approver was shown."""


class Status(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    """An update holds instead."""
    CANCELLED = "cancelled"


MOVES: Mapping[tuple[Status, Action], Status] = {
    (Status.DRAFT, Action.EDIT): Status.DRAFT,
    (Status.DRAFT, Action.SUBMIT): Status.SUBMITTED,
    (Status.SUBMITTED, Action.EDIT): Status.DRAFT,
    (Status.SUBMITTED, Action.APPROVE): Status.ISSUED,
    (Status.SUBMITTED, Action.REJECT): Status.REJECTED,
    (Status.REJECTED, Action.EDIT): Status.DRAFT,
    (Status.ISSUED, Action.UPDATE): Status.ISSUED,
    (Status.ISSUED, Action.CANCEL): Status.CANCELLED,
}
"""Where an act leads; a pair that is absent is not allowed. Approving issues: there is no approved alert that waits. An
update is a draft of its own, and the alert holds until it is approved.
"""


class AlertDraft(Frozen):
    """An alert that may still lack its English and its end."""

    category: str
    vi: AlertText
    en: AlertText | None = None
    urgency: AlertUrgency
    severity: Severity
    certainty: Certainty
    area: Area
    audiences: Audiences
    expires_at: AwareDatetime | None = None

    def content(self, now: datetime) -> AlertContent:
        """What can be approved. Raises Incomplete; an end that has passed is missing too."""
        missing = [] if self.en else ["en"]
        if self.expires_at is None or self.expires_at <= now:
            missing.append("expires_at")
        if missing:
            raise Incomplete(*missing)
        return AlertContent.model_validate(self.model_dump())


@dataclass(frozen=True, slots=True)
class Approval:
    by: str
    digest: bytes
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Cancellation:
    """`cancel_id` is the id of the CAP message of type Cancel."""

    cancel_id: UUID
    by: str
    cancelled_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that went out; its id is also that of its CAP message."""

    message_id: UUID
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """One message: an alert, or an update of one."""

    alert_id: UUID
    station: str
    proposal_id: UUID | None
    status: Status
    draft: AlertDraft
    authors: tuple[str, ...]
    """Everybody who wrote or submitted it, the proposing officer included."""
    changed_at: datetime
    rejection: str | None = None
    approval: Approval | None = None
    cancellation: Cancellation | None = None
    earlier: tuple[Sent, ...] = ()
    """What it holds instead of, oldest first."""

    @property
    def first_id(self) -> UUID:
        """By which the public knows the alert and all its updates."""
        return self.earlier[0].message_id if self.earlier else self.alert_id

    @property
    def supersedes(self) -> UUID | None:
        return self.earlier[-1].message_id if self.earlier else None

    def after(self, action: Action, officer: Officer) -> Self:
        """The alert once the officer has done this. Raises NotAllowed, OwnAlert."""
        if not officer.may(action):
            raise NotAllowed("role")
        if (self.status, action) not in MOVES:
            raise NotAllowed("state")
        if action is Action.APPROVE and officer.subject in self.authors:
            raise OwnAlert
        return replace(self, status=MOVES[self.status, action])

    def written_by(self, officer: Officer, at: datetime) -> Self:
        return replace(self, authors=tuple(dict.fromkeys((*self.authors, officer.subject))), changed_at=at)

    def issued_by(self, officer: Officer, shown: bytes, at: datetime) -> "Issued":
        """What goes out. Raises NotAllowed, OwnAlert, Incomplete, and Changed where `shown` is another's digest."""
        self.after(Action.APPROVE, officer)
        content = self.draft.content(at)
        if not compare_digest(content.digest(), shown):
            raise Changed
        return Issued(self.alert_id, self.station, content, Approval(officer.subject, shown, at), None, self.earlier)

    def updated_by(self, officer: Officer, alert_id: UUID, at: datetime) -> Self:
        """A draft that says what this alert says, to hold instead of it. Raises NotAllowed, NotInForce."""
        self.after(Action.UPDATE, officer)
        if self.approval is None or not self.is_in_force(at):
            raise NotInForce
        earlier = (*self.earlier, Sent(self.alert_id, self.approval.issued_at))
        return type(self)(
            alert_id, self.station, None, Status.DRAFT, self.draft, (officer.subject,), at, earlier=earlier
        )

    def allows(self, action: Action, officer: Officer) -> bool:
        try:
            self.after(action, officer)
        except NotAllowed:
            return False
        return True

    def is_in_force(self, now: datetime) -> bool:
        expires_at = self.draft.expires_at
        return self.status is Status.ISSUED and expires_at is not None and now < expires_at


@dataclass(frozen=True, slots=True)
class Issued:
    """An alert that went out: nothing of it is missing any more."""

    alert_id: UUID
    station: str
    content: AlertContent
    approval: Approval
    cancellation: Cancellation | None
    earlier: tuple[Sent, ...] = ()

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """Raises AlertNotFound for one that never went out, and Changed where it is not what was approved."""
        if alert.approval is None:
            raise AlertNotFound
        content = AlertContent.model_validate(alert.draft.model_dump())
        if not compare_digest(content.digest(), alert.approval.digest):
            raise Changed
        return cls(alert.alert_id, alert.station, content, alert.approval, alert.cancellation, alert.earlier)

    @property
    def first(self) -> Sent:
        """The message that began it: its id stays, whatever is updated."""
        return self.earlier[0] if self.earlier else self._sent

    @property
    def first_id(self) -> UUID:
        return self.first.message_id

    @property
    def updated_at(self) -> datetime | None:
        return self.approval.issued_at if self.earlier else None

    @property
    def referred(self) -> tuple[Sent, ...]:
        """The messages that the one that holds now refers to, oldest first."""
        return (*self.earlier, self._sent) if self.cancellation else self.earlier

    @property
    def _sent(self) -> Sent:
        return Sent(self.alert_id, self.approval.issued_at)

    @property
    def changed_at(self) -> datetime:
        return self.cancellation.cancelled_at if self.cancellation else self.approval.issued_at

    def text(self, language: str) -> AlertText:
        return self.content.en if language == "en" else self.content.vi
