"""The legal clocks of this deployment's cases."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tinbao_contracts.calendar import Calendar
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.deadline import TRANSFER_CLOCKS, Deadline, Rules, deadline_for

SOON = timedelta(hours=24)
"""A case is due soon when less than this is left."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """`is_remote` in its methods: a mountain or island commune, for which the law gives longer (TTLT Art. 8.5a)."""

    rules: Rules
    calendar: Calendar

    def deadline(self, urgency: Urgency, received_at: datetime, *, is_remote: bool) -> Deadline:
        """By when the station must have passed the tip on, or ended its handling."""
        key = TRANSFER_CLOCKS[urgency]
        return deadline_for(key, received_at, remote=is_remote, rules=self.rules, calendar=self.calendar)

    def changed(
        self, running_at: datetime, urgency: Urgency, received_at: datetime, now: datetime, *, is_remote: bool
    ) -> Deadline | None:
        """The clock of a case that is of this urgency now; None while the one that ends at `running_at` goes on.

        A shorter clock runs from now, but never beyond what already runs; a longer one runs from receipt.
        """
        from_receipt = self.deadline(urgency, received_at, is_remote=is_remote)
        if from_receipt.strict_at >= running_at:
            return from_receipt
        from_now = self.deadline(urgency, now, is_remote=is_remote)
        return from_now if from_now.strict_at < running_at else None
