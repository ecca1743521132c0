"""What a broadcaster writes, as a whole or in part, and the draft that it makes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from tinbao_contracts.alerts import AlertText, AlertUrgency, Area, Audiences, Certainty, Severity

from tinbao_notify.alert import Alert, AlertDraft
from tinbao_notify.audience import TOPICS, audiences_of


def _topic(code: str) -> str:
    if code not in {topic.code for topic in TOPICS}:
        raise ValueError("No such topic")
    return code


Topic = Annotated[str, AfterValidator(_topic)]


class DraftIn(BaseModel):
    """A new alert. Without audiences it is for everybody in the area who wants its topic."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    category: Topic
    vi: AlertText
    en: AlertText | None = None
    urgency: AlertUrgency
    severity: Severity
    certainty: Certainty
    area: Area
    audiences: Audiences | None = None
    expires_at: AwareDatetime | None = None

    def draft(self, stations: Mapping[str, str]) -> AlertDraft:
        audiences = self.audiences or audiences_of(self.area, self.category, stations)
        return AlertDraft.model_validate({**self.model_dump(), "audiences": audiences})


class DraftChanges(BaseModel):
    """What is left out stays; audiences that were derived from area and topic follow them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    category: Topic | None = None
    vi: AlertText | None = None
    en: AlertText | None = None
    urgency: AlertUrgency | None = None
    severity: Severity | None = None
    certainty: Certainty | None = None
    area: Area | None = None
    audiences: Audiences | None = None
    expires_at: AwareDatetime | None = None

    def applied_to(self, alert: Alert, stations: Mapping[str, str]) -> Alert:
        before = alert.draft
        said = {**before.model_dump(), **self.model_dump(exclude_none=True)}
        derived = sorted(map(repr, audiences_of(before.area, before.category, stations)))
        if self.audiences is None and sorted(map(repr, before.audiences)) == derived:
            said["audiences"] = audiences_of(said["area"], said["category"], stations)
        return replace(alert, draft=AlertDraft.model_validate(said))
