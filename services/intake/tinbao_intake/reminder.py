"""When a tip that no station has opened is published again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

LONGEST_WAIT = timedelta(days=1)
MOST_DOUBLINGS = 20
"""Seconds have become days by then; a larger power would not fit into a timedelta."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A tip that is due; `count` is how often it was published again before."""

    tip_id: UUID
    received_at: datetime
    count: int

    def next_at(self, at: datetime, first_wait: timedelta) -> datetime:
        """Each wait is twice the one before, and none longer than a day."""
        doublings = min(self.count + 1, MOST_DOUBLINGS)
        return at + min(first_wait * (1 << doublings), LONGEST_WAIT)
