"""A proposal of an officer, as it arrived; and the draft that it becomes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tinbao_contracts.alerts import AlertText, AlertUrgency, Audience, Certainty, Severity

from tinbao_notify.alert import AlertDraft

UNTIL = timedelta(days=7)
"""How long an alert holds if the officer suggested no end."""


class ProposalNotFound(Exception):
    """No such proposal here, or somebody has taken it already."""


@dataclass(frozen=True, slots=True)
class Proposal:
    proposal_id: UUID
    station: str
    category: str
    headline: str
    description: str
    area: tuple[str, ...]
    urgency: AlertUrgency
    severity: Severity
    expires_at: datetime | None
    officer: str
    proposed_at: datetime

    def draft(self, audiences: tuple[Audience, ...], now: datetime) -> AlertDraft:
        return AlertDraft(
            category=self.category,
            vi=AlertText(headline=self.headline, description=self.description),
            urgency=self.urgency,
            severity=self.severity,
            certainty=Certainty.OBSERVED,
            area=self.area,
            audiences=audiences,
            expires_at=self.expires_at or now + UNTIL,
        )
