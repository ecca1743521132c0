"""The form's fields as a browser sends them, and what is wrong with them in the reader's words."""

from pydantic import BaseModel, ConfigDict, ValidationError
from tinbao_contracts.sealed import ReporterRole
from tinbao_runtime.idempotency_fields import KeyText
from tinbao_web.texts import Gettext

from tinbao_intake.draft import TipDraft
from tinbao_intake.wording import NEEDED, NOT_A_PHONE, NOT_RIGHT, TOO_LONG

FIELD_OF = {"contact.name": "contact_name", "contact.phone": "contact_phone"}


class TipForm(BaseModel):
    """Everything is text here; an empty field is one that was left out."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    category: str = ""
    commune: str = ""
    place: str = ""
    neighbourhood: str = ""
    happened_at: str = ""
    happening_now: str = ""
    reporter_role: str = ""
    text: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    secrecy: str = ""
    idempotency_key: KeyText

    def draft(self) -> TipDraft:
        """Raises ValidationError; `mistakes` says it in the form's words."""
        known_role = self.reporter_role in {role.value for role in ReporterRole}
        return TipDraft.model_validate(
            {
                "commune": self.commune,
                "category": self.category,
                "text": self.text,
                "place": self.place.strip() or None,
                "neighbourhood": self.neighbourhood.strip() or None,
                "happened_at": self.happened_at.strip() or None,
                "happening_now": bool(self.happening_now),
                "reporter_role": self.reporter_role if known_role else None,
                "contact": self._contact(),
                "secrecy_requested": bool(self.secrecy),
            }
        )

    def values(self) -> dict[str, str]:
        """What was typed, to be shown again."""
        return self.model_dump(exclude={"idempotency_key"})

    def _contact(self) -> dict[str, str | None] | None:
        contact = {"name": self.contact_name.strip() or None, "phone": self.contact_phone.strip() or None}
        return contact if any(contact.values()) else None


def mistakes(error: ValidationError, gettext: Gettext) -> dict[str, str]:
    """Field → what is wrong, for the form."""
    return {_field(each["loc"]): gettext(_words(each["type"], each["loc"])) for each in error.errors()}


def _field(place: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in place)
    return FIELD_OF.get(name, name)


def _words(kind: str, place: tuple[int | str, ...]) -> str:
    if kind == "string_too_short":
        return NEEDED
    if kind == "string_too_long":
        return TOO_LONG
    return NOT_A_PHONE if place[-1] == "phone" else NOT_RIGHT
