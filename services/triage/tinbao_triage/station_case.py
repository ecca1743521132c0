"""What the province knows of a station's case: that it exists and how it stands. Never a word of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import (
    CaseAssignedV1,
    CaseClassifiedV1,
    CaseClosedV1,
    CaseEvent,
    CaseOpenedV1,
    Outcome,
)

from tinbao_triage.case import Status
from tinbao_triage.clocks import Clocks

STATUS_AFTER: dict[type[CaseEvent], Status] = {
    CaseOpenedV1: Status.OPEN,
    CaseAssignedV1: Status.ASSIGNED,
    CaseClassifiedV1: Status.CLASSIFIED,
    CaseClosedV1: Status.CLOSED,
}
"""The least that an announcement says of the state; no case goes back, whoever it is assigned to later."""

FORWARD = list(STATUS_AFTER.values())
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StationCase:
    """A station's case by its announcements until now; what none of them has said is None.

    `classified_at` is when category and urgency were said last: at the opening, or by an officer since.
    """

    tip_id: UUID
    station: str
    status: Status
    number: int | None = None
    category: str | None = None
    urgency: Urgency | None = None
    classified_at: datetime | None = None
    received_at: datetime | None = None
    deadline_at: datetime | None = None
    outcome: Outcome | None = None
    station_name: str = ""

    @classmethod
    def announced(cls, event: CaseEvent) -> Self:
        """All that one announcement says."""
        return cls(
            tip_id=event.tip_id,
            station=event.station,
            status=STATUS_AFTER[type(event)],
            number=getattr(event, "number", None),
            category=getattr(event, "category", None),
            urgency=getattr(event, "urgency", None),
            classified_at=event.occurred_at if hasattr(event, "category") else None,
            received_at=getattr(event, "received_at", None),
            outcome=getattr(event, "outcome", None),
        )

    def joined(self, other: Self) -> Self:
        """Both pictures in one, in whichever order they came. Only a class can be said twice: the later one counts."""
        later = max(self, other, key=lambda case: case.classified_at or NEVER)
        return replace(
            self,
            status=max(self.status, other.status, key=FORWARD.index),
            number=self.number or other.number,
            category=later.category,
            urgency=later.urgency,
            classified_at=later.classified_at,
            received_at=self.received_at or other.received_at,
            deadline_at=self.deadline_at or other.deadline_at,
            outcome=self.outcome or other.outcome,
        )

    def timed(self, clocks: Clocks, *, is_remote: bool) -> Self:
        """With the clock that the station's own case has: a shorter one runs from when the tip turned out urgent."""
        if self.urgency is None or self.received_at is None or self.classified_at is None:
            return self
        running_at = self.deadline_at or clocks.deadline(self.urgency, self.received_at, is_remote=is_remote).strict_at
        changed = clocks.changed(running_at, self.urgency, self.received_at, self.classified_at, is_remote=is_remote)
        return replace(self, deadline_at=changed.strict_at if changed else running_at)
