"""The legal clocks of this deployment's cases."""

from dataclasses import dataclass
from datetime import datetime

from tinbao_contracts.calendar import Calendar
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.deadline import TRANSFER_CLOCKS, Deadline, Rules, deadline_for

from tinbao_triage.case import Case


@dataclass(frozen=True, slots=True)
class Clocks:
    """`is_remote` in its methods: a mountain or island commune, for which the law gives longer (TTLT Art. 8.5a)."""

    rules: Rules
    calendar: Calendar

    def deadline(self, urgency: Urgency, received_at: datetime, *, is_remote: bool) -> Deadline:
        """By when the station must have passed the tip on, or ended its handling."""
        key = TRANSFER_CLOCKS[urgency]
        return deadline_for(key, received_at, remote=is_remote, rules=self.rules, calendar=self.calendar)

    def changed(self, case: Case, urgency: Urgency, now: datetime, *, is_remote: bool) -> Deadline:
        """The clock of a case that turns out to be of another urgency.

        A shorter clock runs from now, but never beyond what already ran; a longer one runs from receipt.
        """
        from_receipt = self.deadline(urgency, case.received_at, is_remote=is_remote)
        if from_receipt.strict_at >= case.deadline_at:
            return from_receipt
        from_now = self.deadline(urgency, now, is_remote=is_remote)
        running = self.deadline(case.urgency, case.received_at, is_remote=is_remote)
        return min(from_now, running, key=lambda deadline: deadline.strict_at)
