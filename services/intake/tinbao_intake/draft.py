"""What a person sends, checked and normalised, before it is sealed."""

import unicodedata
from typing import Annotated

import phonenumbers
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from tinbao_contracts.sealed import ReporterRole
from tinbao_contracts.text import to_nfc

ALLOWED_CONTROLS = "\n\t"


def clean(text: str) -> str:
    """NFC, one kind of line end. Raises ValueError for characters that no text has."""
    text = to_nfc(text.replace("\r\n", "\n").replace("\r", "\n"))
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in ALLOWED_CONTROLS for c in text):
        raise ValueError("contains control characters")
    return text


def e164(phone: str) -> str:
    """A Vietnamese or international subscriber's number as E.164. Raises ValueError.

    Emergency and service numbers are no subscribers: `phonenumbers` would read 113 as +84113.
    """
    try:
        number = phonenumbers.parse(phone, "VN")
    except phonenumbers.NumberParseException:
        raise ValueError("is not a phone number") from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError("is not a phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _strip(max_length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=max_length)


Text = Annotated[str, _strip(10_000), AfterValidator(clean)]
Line = Annotated[str, _strip(500), AfterValidator(clean)]
Phone = Annotated[str, _strip(40), AfterValidator(e164)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class Strict(BaseModel):
    """Unknown fields are refused: a misspelt one would be lost without a word."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ContactDraft(Strict):
    """All optional: who gives none stays anonymous."""

    name: Line | None = None
    phone: Phone | None = Field(default=None, examples=["0912 345 678"])
    email: Email | None = None


class TipDraft(Strict):
    """A tip as it is sent. Only commune, category, place and text are needed (TT 28/2020 Art. 5.3)."""

    commune: Line = Field(description="Code or name of a commune of today.", examples=["08944", "Xã Bình Tuyền"])
    category: Line = Field(description="A code of GET /v1/categories.", examples=["gambling"])
    text: Text = Field(examples=["Nhóm khoảng 6 người đánh bạc ăn tiền ở dãy trọ sau khu công nghiệp."])
    place: Line | None = Field(default=None, examples=["Dãy trọ sau khu công nghiệp"])
    neighbourhood: Line | None = Field(default=None, examples=["Tổ dân phố 4"])
    happened_at: Line | None = Field(default=None, description="In your words.", examples=["từ 22 giờ hằng ngày"])
    happening_now: bool = False
    reporter_role: ReporterRole | None = None
    contact: ContactDraft | None = None
    secrecy_requested: bool = True
    protection_requested: bool = False


class MessageDraft(Strict):
    """What a reporter adds to a tip."""

    receipt_code: Annotated[str, StringConstraints(max_length=64)]
    text: Text
