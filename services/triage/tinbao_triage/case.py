"""A case: one station's handling of one tip, and which acts its state allows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.deadline import Deadline
from tinbao_contracts.events import Outcome
from tinbao_contracts.sealed import ReporterRole

from tinbao_triage.officer import Officer
from tinbao_triage.rights import Action


class CaseNotFound(Exception):
    """No such case here. Says the same for a tip of another station and for one that does not exist."""


class NotAllowed(Exception):
    """The officer's roles do not allow this act, or another station handles the tip."""


class NotNow(NotAllowed):
    """The case's state or its assignee do not allow it, or no longer: perhaps somebody else was faster."""


class Status(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    CLASSIFIED = "classified"
    CLOSED = "closed"


class Standing(StrEnum):
    """A tip that two hold is handled by one and watched by the other."""

    OWNING = "owning"
    WATCHING = "watching"


MOVES: Mapping[tuple[Status, Action], Status] = {
    (Status.OPEN, Action.CLAIM): Status.ASSIGNED,
    (Status.OPEN, Action.ASSIGN): Status.ASSIGNED,
    (Status.ASSIGNED, Action.ASSIGN): Status.ASSIGNED,
    (Status.ASSIGNED, Action.CLASSIFY): Status.CLASSIFIED,
    (Status.ASSIGNED, Action.ANSWER): Status.ASSIGNED,
    (Status.CLASSIFIED, Action.ASSIGN): Status.CLASSIFIED,
    (Status.CLASSIFIED, Action.CLASSIFY): Status.CLASSIFIED,
    (Status.CLASSIFIED, Action.ANSWER): Status.CLASSIFIED,
    (Status.CLASSIFIED, Action.CLOSE): Status.CLOSED,
    (Status.CLOSED, Action.ANSWER): Status.CLOSED,
} | {(status, action): status for status in Status for action in (Action.OPEN_CONTENT, Action.NOTE, Action.PROPOSE)}
"""Where an act leads; a pair that is absent is not allowed."""

ASSIGNEES_ACTS = frozenset({Action.CLASSIFY, Action.ANSWER, Action.CLOSE})
WATCHERS_ACTS = frozenset({Action.OPEN_CONTENT, Action.NOTE})


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the register. What is encrypted is not part of it."""

    tip_id: UUID
    station: str
    number: int
    standing: Standing
    status: Status
    category: str
    urgency: Urgency
    received_at: datetime
    deadline_at: datetime
    legal_at: datetime | None
    place: str | None
    neighbourhood: str | None
    reporter_role: ReporterRole | None
    is_happening_now: bool
    log_salt: bytes
    assignee: str | None
    assignee_name: str | None
    outcome: Outcome | None
    closed_at: datetime | None
    withdrawn_at: datetime | None
    has_news: bool
    """The reporter added something, or withdrew, and nobody has read the text since."""

    @property
    def is_erased(self) -> bool:
        """Nothing is left to read or to answer. A watcher's copy stays: whether its holder was right can be checked."""
        return self.outcome is Outcome.OUTSIDE_SCOPE and self.standing is Standing.OWNING

    def after(self, action: Action, officer: Officer) -> Self:
        """The case once the officer has done this. Raises NotAllowed; NotNow where only the state is the reason."""
        if not officer.may(action):
            raise NotAllowed("role")
        if self.standing is Standing.WATCHING and action not in WATCHERS_ACTS:
            raise NotAllowed("another station handles this tip")
        if self.is_erased or (self.status, action) not in MOVES:
            raise NotNow("state")
        if action in ASSIGNEES_ACTS and self.assignee != officer.subject and not officer.acts_for_others:
            raise NotNow("assigned to somebody else")
        return replace(self, status=MOVES[self.status, action])

    def claimed_by(self, officer: Officer) -> Self:
        """Raises NotAllowed; NotNow if somebody else was faster."""
        claimed = self.after(Action.CLAIM, officer)
        return replace(claimed, assignee=officer.subject, assignee_name=officer.name)

    def timed(self, deadline: Deadline) -> Self:
        return replace(self, deadline_at=deadline.strict_at, legal_at=deadline.legal_at)

    def withdrawn(self, at: datetime) -> Self:
        """The first withdrawal counts. It ends nothing."""
        return self if self.withdrawn_at else replace(self, withdrawn_at=at, has_news=not self.is_erased)

    def allowed_actions(self, officer: Officer) -> frozenset[Action]:
        return frozenset(action for action in Action if self._allows(action, officer))

    def _allows(self, action: Action, officer: Officer) -> bool:
        try:
            self.after(action, officer)
        except NotAllowed:
            return False
        return True
