"""What an alert says, where it holds and whom it is for. The words of urgency, severity and certainty are CAP 1.2's."""

import json
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from tinbao_contracts.frozen import Frozen
from tinbao_contracts.places import CommuneCode
from tinbao_contracts.text import to_nfc


def _clean(value: object) -> object:
    return to_nfc(value.replace("\r\n", "\n")) if isinstance(value, str) else value


# What XML 1.0 cannot carry is refused at the door: control characters and U+FFFE, U+FFFF.
Headline = Annotated[
    str,
    BeforeValidator(_clean),
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=160, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+$"
    ),
]
Description = Annotated[
    str,
    BeforeValidator(_clean),
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=4_000,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]+$",
    ),
]


class AudienceKind(StrEnum):
    STATION = "station"
    NEIGHBOURHOOD = "neighbourhood"
    """A cluster of neighbours, as the station names it."""
    SECTOR = "sector"
    """Landlords, shops, motels: the reporter's roles of a tip."""
    TOPIC = "topic"
    """A category of the catalogue."""


class Audience(Frozen):
    """Whom an alert is for, in words that outlive any list of addresses."""

    kind: AudienceKind
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class AlertUrgency(StrEnum):
    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class AlertText(Frozen):
    headline: Headline
    description: Description


def _sorted_codes(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(codes)))


def _sorted_audiences(audiences: Iterable[Audience]) -> tuple[Audience, ...]:
    return tuple(sorted(set(audiences), key=lambda each: (each.kind, each.code)))


Area = Annotated[tuple[CommuneCode, ...], AfterValidator(_sorted_codes), Field(min_length=1, max_length=5_000)]
"""Codes of the communes where it holds."""

Audiences = Annotated[tuple[Audience, ...], AfterValidator(_sorted_audiences), Field(min_length=1, max_length=5_000)]


class AlertContent(Frozen):
    """All that a second person approves. Two that mean the same have the same digest, in whatever order they came."""

    category: str
    vi: AlertText
    en: AlertText
    urgency: AlertUrgency
    severity: Severity
    certainty: Certainty
    area: Area
    audiences: Audiences
    expires_at: AwareDatetime

    def digest(self) -> bytes:
        """SHA-256 over the JSON with sorted keys, without spaces, in UTF-8; what approval binds."""
        canonical = json.dumps(
            self.model_dump(mode="json") | {"expires_at": int(self.expires_at.timestamp())},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        return sha256(canonical.encode()).digest()
