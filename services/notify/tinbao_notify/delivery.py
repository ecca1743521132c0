"""A delivery: one letter to one subscriber, and what follows from how its sending went."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

LONGEST_RETRY = timedelta(hours=6)
ATTEMPTS = 12


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    STOPPED = "stopped"
    """The alert was cancelled or the subscription ended before the letter left."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A letter that a worker has taken. `alert_id` None: it asks to confirm the subscription."""

    delivery_id: UUID
    alert_id: UUID | None
    subscription_id: UUID
    address: str
    asked_at: datetime
    language: str
    attempts: int
    """This one included."""
    due_until: datetime | None
    """When the alert ends: a later letter would warn of nothing."""

    def next_try(self, now: datetime, first_retry: timedelta) -> datetime | None:
        """When to try again after a transient failure, with some chance in it; None when it is not worth it."""
        pause = min(first_retry * 2 ** (self.attempts - 1), LONGEST_RETRY) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        at = now + pause
        is_over = self.attempts >= ATTEMPTS or (self.due_until is not None and at >= self.due_until)
        return None if is_over else at


@dataclass(frozen=True, slots=True)
class Progress:
    """How many letters of an alert are where."""

    pending: int = 0
    sent: int = 0
    failed: int = 0
    stopped: int = 0
