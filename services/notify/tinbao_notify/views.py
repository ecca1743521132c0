"""What templates are given: alerts in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace

from tinbao_contracts.catalogue import load_catalogue
from tinbao_web.texts import Gettext

from tinbao_notify.alert import Alert, Issued, Status
from tinbao_notify.cap import area_name, event_name
from tinbao_notify.newsroom import AlertFile
from tinbao_notify.proposal import Proposal
from tinbao_notify.wording import CERTAINTIES, SEVERITIES, STATUSES, URGENCIES


@dataclass(frozen=True, slots=True)
class Reader:
    """In which language, and when, a page is read."""

    language: str
    gettext: Gettext
    now: datetime

    def published(self, issued: Issued, station_name: str) -> SimpleNamespace:
        """An alert that went out, for everybody."""
        text = issued.text(self.language)
        return SimpleNamespace(
            alert_id=str(issued.first_id),
            headline=text.headline,
            description=text.description,
            category_name=event_name(issued.content.category, self.language),
            icon=load_catalogue()[issued.content.category].icon,
            severity_text=self.gettext(SEVERITIES[issued.content.severity]),
            is_severe=issued.content.severity.value in ("Extreme", "Severe"),
            area=area_name(issued.content.area),
            station_name=station_name,
            issued_at=issued.first.sent_at,
            updated_at=issued.updated_at,
            expires_at=issued.content.expires_at,
            cancelled_at=issued.cancellation.cancelled_at if issued.cancellation else None,
            is_over=issued.content.expires_at <= self.now,
        )

    def row(self, alert: Alert, station_names: Mapping[str, str]) -> SimpleNamespace:
        """An alert for the console's lists."""
        return SimpleNamespace(
            alert_id=str(alert.alert_id),
            headline=alert.draft.vi.headline,
            category_name=event_name(alert.draft.category, self.language),
            area=area_name(alert.draft.area),
            station_name=station_names.get(alert.station, alert.station),
            status=alert.status.value,
            status_text=self.gettext(STATUSES[alert.status]),
            changed_at=alert.changed_at,
            is_in_force=alert.is_in_force(self.now),
            is_update=alert.supersedes is not None,
        )

    def proposal(self, proposal: Proposal, station_names: Mapping[str, str]) -> SimpleNamespace:
        return SimpleNamespace(
            proposal_id=str(proposal.proposal_id),
            headline=proposal.headline,
            description=proposal.description,
            category_name=event_name(proposal.category, self.language),
            area=area_name(proposal.area),
            station_name=station_names.get(proposal.station, proposal.station),
            proposed_at=proposal.proposed_at,
        )

    def file(self, file: AlertFile) -> SimpleNamespace:
        """One alert on its own page of the console."""
        draft = file.alert.draft
        return SimpleNamespace(
            **vars(self.row(file.alert, {file.alert.station: file.station_name})),
            vi=draft.vi,
            en=draft.en,
            urgency_text=self.gettext(URGENCIES[draft.urgency]),
            severity_text=self.gettext(SEVERITIES[draft.severity]),
            certainty_text=self.gettext(CERTAINTIES[draft.certainty]),
            audiences=[(audience.kind.value, audience.code) for audience in draft.audiences],
            expires_at=draft.expires_at,
            rejection=file.alert.rejection if file.alert.status is Status.REJECTED else None,
            is_public=file.alert.approval is not None,
            supersedes=file.alert.supersedes,
            update_id=file.update_id,
            reached=file.reached,
            progress=file.progress,
        )
