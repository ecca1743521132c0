"""The subscribe form's fields as a browser sends them, and what is wrong with them in the reader's words."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tinbao_runtime.idempotency_fields import KeyText
from tinbao_web.texts import Gettext

from tinbao_notify.subscription import SubscriptionDraft
from tinbao_notify.wording import CONSENT_NEEDED, NEEDED, NOT_AN_ADDRESS, NOT_RIGHT


class SubscribeForm(BaseModel):
    """Everything is text here; nothing ticked means everything."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    email: Annotated[str, Field(max_length=400)] = ""
    communes: list[str] = Field(default_factory=list)
    topics: list[str] = Field(default_factory=list)
    consent: str = ""
    idempotency_key: KeyText

    def draft(self, language: str) -> SubscriptionDraft:
        """Raises ValidationError; `mistakes` says it in the form's words."""
        said = {"email": self.email, "communes": self.communes, "topics": self.topics, "language": language}
        return SubscriptionDraft.model_validate({**said, "consent": bool(self.consent)})

    def mistakes(self, error: ValidationError, gettext: Gettext) -> dict[str, str]:
        fields = {str(each["loc"][0]) for each in error.errors()}
        return {field: gettext(self._words(field)) for field in fields}

    def _words(self, field: str) -> str:
        if field == "consent":
            return CONSENT_NEEDED
        if field == "email":
            return NOT_AN_ADDRESS if self.email.strip() else NEEDED
        return NOT_RIGHT
