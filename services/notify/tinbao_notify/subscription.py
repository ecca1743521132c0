"""A subscription: an address that somebody confirmed, what they want, and the consent behind it."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Annotated, Literal
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints
from tinbao_contracts.frozen import Frozen
from tinbao_contracts.places import CommuneCode

from tinbao_notify.audience import TOPICS

PURPOSE = "alerts"
LETTERS_A_DAY = 3
"""Confirmation letters to one address: whoever types a stranger's address cannot flood them."""

Language = Literal["vi", "en"]


class SubscriptionNotFound(Exception):
    """The link is not ours, too old, or of a subscription that has ended."""


def _address(text: str) -> str:
    """Lower-case and in ASCII. Only the shape is checked: the letter itself proves that the address works."""
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise ValueError("Not an e-mail address") from None
    return (checked.ascii_email or "").lower()


def _topic(code: str) -> str:
    if code not in {topic.code for topic in TOPICS}:
        raise ValueError("No such topic")
    return code


Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_address)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class SubscriptionDraft(Frozen):
    """What somebody asks for. Empty communes or topics mean all of them."""

    email: Address
    communes: tuple[CommuneCode, ...] = Field(default=(), max_length=200)
    topics: tuple[Annotated[str, AfterValidator(_topic)], ...] = Field(default=(), max_length=200)
    sectors: tuple[Word, ...] = Field(default=(), max_length=20)
    neighbourhoods: tuple[Word, ...] = Field(default=(), max_length=20)
    language: Language = "vi"
    consent: Literal[True] = Field(description="The person agrees to the text of GET /v1/consent.")


@dataclass(frozen=True, slots=True)
class ConsentText:
    version: str
    vi: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.vi

    def hash_of(self, language: str) -> bytes:
        return sha256(self.in_language(language).encode()).digest()


@cache
def consent_text() -> ConsentText:
    """What subscribers agree to today. Never changed: a new text has a new version."""
    table = tomllib.loads(resources.files(__package__).joinpath("consent.toml").read_text("utf-8"))
    return ConsentText(version=table["version"], vi=table["vi"].strip(), en=table["en"].strip())


@dataclass(frozen=True, slots=True)
class Subscription:
    subscription_id: UUID
    address: str | None
    """None once it has ended."""
    language: str
    confirmed_at: datetime | None
    ended_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.confirmed_at is not None and self.ended_at is None
