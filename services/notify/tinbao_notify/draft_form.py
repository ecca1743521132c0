"""The draft form's fields as a browser sends them, and what is wrong with them in the reader's words."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tinbao_runtime.idempotency_fields import KeyText
from tinbao_web.texts import Gettext
from tinbao_web.times import ZONE

from tinbao_notify.alert import AlertDraft
from tinbao_notify.draft_changes import DraftChanges, DraftIn
from tinbao_notify.wording import BOTH_ENGLISH, NEEDED, NOT_RIGHT, TOO_LONG

LOCAL = "%Y-%m-%dT%H:%M"
"""What `datetime-local` sends; the clock is Asia/Ho_Chi_Minh."""

FIELDS = {
    ("vi", "headline"): "headline_vi",
    ("vi", "description"): "description_vi",
    ("en", "headline"): "headline_en",
    ("en", "description"): "description_en",
}
WORDS = {"string_too_short": NEEDED, "too_short": NEEDED, "missing": NEEDED, "string_too_long": TOO_LONG}


class DraftForm(BaseModel):
    """Everything is text here."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    category: str = ""
    headline_vi: str = ""
    description_vi: str = ""
    headline_en: str = ""
    description_en: str = ""
    urgency: str = ""
    severity: str = ""
    certainty: str = ""
    area: list[str] = Field(default_factory=list)
    expires_at: str = ""
    idempotency_key: KeyText

    @classmethod
    def values_of(cls, draft: AlertDraft) -> dict[str, Any]:
        """A draft as the form shows it."""
        return {
            "category": draft.category,
            "headline_vi": draft.vi.headline,
            "description_vi": draft.vi.description,
            "headline_en": draft.en.headline if draft.en else "",
            "description_en": draft.en.description if draft.en else "",
            "urgency": draft.urgency.value,
            "severity": draft.severity.value,
            "certainty": draft.certainty.value,
            "area": list(draft.area),
            "expires_at": draft.expires_at.astimezone(ZONE).strftime(LOCAL) if draft.expires_at else "",
        }

    def values(self) -> dict[str, Any]:
        """What was typed, to be shown again."""
        return self.model_dump(exclude={"idempotency_key"})

    def said(self) -> DraftIn:
        """Raises ValidationError; `mistakes` says it in the form's words."""
        english = {"headline": self.headline_en, "description": self.description_en}
        return DraftIn.model_validate(
            {
                "category": self.category,
                "vi": {"headline": self.headline_vi, "description": self.description_vi},
                "en": english if any(text.strip() for text in english.values()) else None,
                "urgency": self.urgency,
                "severity": self.severity,
                "certainty": self.certainty,
                "area": self.area,
                "expires_at": self._end(),
            }
        )

    def changes(self) -> DraftChanges:
        """Raises ValidationError."""
        return DraftChanges.model_validate(self.said().model_dump(exclude_none=True))

    def _end(self) -> datetime | str | None:
        try:
            return datetime.strptime(self.expires_at, LOCAL).replace(tzinfo=ZONE) if self.expires_at else None
        except ValueError:
            return self.expires_at  # pydantic says what is wrong with it

    @staticmethod
    def mistakes(error: ValidationError, gettext: Gettext) -> dict[str, str]:
        return dict(_mistake(each["loc"], each["type"], gettext) for each in error.errors())


def _mistake(place: tuple[int | str, ...], kind: str, gettext: Gettext) -> tuple[str, str]:
    first, second = str(place[0]), str(place[1]) if len(place) > 1 else ""
    field = FIELDS.get((first, second), first)
    if first == "en" and WORDS.get(kind) == NEEDED:
        return field, gettext(BOTH_ENGLISH)
    return field, gettext(WORDS.get(kind, NOT_RIGHT))
