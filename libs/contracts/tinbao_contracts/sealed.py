"""Sealed content as it travels, and what is inside once opened.

`Sealed` is all that intake's database, Kafka, notify and audit ever hold of a tip's words. `Slip` and `Content` exist
only in the memory of intake while it seals, and of a triage service that holds a private key.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from tinbao_contracts.frozen import Frozen

RECOVERY = "recovery"
"""The recipient whose private half is kept offline; every tip is sealed to it too."""


class Part(StrEnum):
    """The slip opens on arrival; the content opens only for an officer who gives a reason."""

    SLIP = "slip"
    CONTENT = "content"


class Grant(Frozen):
    """The data keys of one `Sealed`, sealed with HPKE (RFC 9180, MLKEM768-X25519) to one recipient.

    `sealed` holds the 32-byte data keys of the parts, concatenated in the order of the parts' names.
    """

    recipient: str = Field(description="A station's code, or 'recovery'.")
    key_id: str
    sealed: bytes


class Sealed(Frozen):
    """Padded parts under AES-256-GCM (12-byte nonce first); station and version are bound as associated data.

    `station` is the station the tip was first addressed to, whoever the grants are for.
    `version` is 1 for the tip itself and grows with each supplement.
    """

    station: str
    version: int = Field(ge=1)
    parts: Mapping[Part, bytes]
    grants: tuple[Grant, ...]


class ReporterRole(StrEnum):
    """How the reporter stands to the place. Never who they are."""

    RESIDENT = "resident"
    LANDLORD = "landlord"
    SHOP = "shop"
    MOTEL = "motel"
    KARAOKE = "karaoke"
    OTHER = "other"


class Slip(Frozen):
    """What a station's list may show before anybody opens the text."""

    kind: Literal["slip"] = "slip"
    place: str | None = None
    neighbourhood: str | None = None
    reporter_role: ReporterRole | None = None
    is_happening_now: bool = False


class Contact(Frozen):
    """How the reporter agreed to be reached. `phone` is E.164."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None


class Content(Frozen):
    """The tip's own words, and the key under which answers are encrypted for the holder of the receipt code."""

    kind: Literal["content"] = "content"
    text: str
    happened_at: str | None = Field(default=None, description="As the reporter wrote it.")
    contact: Contact | None = None
    secrecy_requested: bool = True
    protection_requested: bool = False
    mailbox_key: bytes


class Supplement(Frozen):
    """What a reporter added later."""

    kind: Literal["supplement"] = "supplement"
    text: str
