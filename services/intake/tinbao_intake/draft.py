"""What a person sends, checked and normalised, before it is sealed."""

import re
from typing import Annotated

import phonenumbers
from phonenumbers import PhoneNumberType
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from tinbao_contracts.frozen import Strict
from tinbao_contracts.sealed import ReporterRole
from tinbao_contracts.text import to_nfc

from tinbao_intake.receipt import EXAMPLE

NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters other than tab and newline, and surrogates without their other half."""

SUBSCRIBERS = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,  # where a country's plan does not tell them apart
        PhoneNumberType.VOIP,
    }
)


def clean(sent: object) -> object:
    """Text as NFC with one kind of line end. Raises ValueError for characters that no text has.

    Runs before lengths are counted: the same words are longer as macOS sends them (NFD). What is no text passes.
    """
    if not isinstance(sent, str):
        return sent
    text = to_nfc(sent.replace("\r\n", "\n").replace("\r", "\n"))
    if NO_TEXT.search(text):
        raise ValueError("contains control characters")
    return text


def e164(phone: str) -> str:
    """A Vietnamese or international subscriber's number as E.164. Raises ValueError.

    Nobody can be reached at an emergency or service number (113, 1900 …). `phonenumbers` would read letters as a
    keypad does, and E.164 would lose an extension without a word: both are refused.
    """
    try:
        number = phonenumbers.parse(phone, "VN")
    except phonenumbers.NumberParseException:
        raise ValueError("is not a phone number") from None
    is_whole = number.extension is None and not any(map(str.isalpha, phone))
    if not is_whole or phonenumbers.number_type(number) not in SUBSCRIBERS:
        raise ValueError("is not a phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _strip(max_length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=max_length)


Text = Annotated[str, _strip(10_000), BeforeValidator(clean)]
Line = Annotated[str, _strip(500), BeforeValidator(clean)]
Phone = Annotated[str, _strip(40), BeforeValidator(clean), AfterValidator(e164)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    BeforeValidator(clean),
]


class ContactDraft(Strict):
    """All optional: who gives none stays anonymous."""

    name: Line | None = None
    phone: Phone | None = None
    email: Email | None = None


class TipDraft(Strict):
    """A tip as it is sent. Only commune, category and text are needed (TT 28/2020 Art. 5.3)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "commune": "Xã Bình Tuyền",
                    "category": "gambling",
                    "text": "Nhóm khoảng 6 người đánh bạc ăn tiền ở dãy trọ sau khu công nghiệp.",
                    "place": "Dãy trọ sau khu công nghiệp",
                    "neighbourhood": "Tổ dân phố 4",
                    "happened_at": "từ 22 giờ hằng ngày",
                    "reporter_role": "landlord",
                    "contact": {"phone": "0912 345 678"},
                },
                {"commune": "08944", "category": "noise", "text": "Loa kẹo kéo mở to đến nửa đêm."},
            ]
        }
    )

    commune: Line = Field(description="Code or full name of a commune of today.")
    category: Line = Field(description="A code of GET /v1/categories.")
    text: Text
    place: Line | None = None
    neighbourhood: Line | None = None
    happened_at: Line | None = Field(default=None, description="In your words.")
    happening_now: bool = False
    reporter_role: ReporterRole | None = None
    contact: ContactDraft | None = None
    secrecy_requested: bool = True
    protection_requested: bool = False


class MessageDraft(Strict):
    """What a reporter adds to a tip."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"receipt_code": EXAMPLE, "text": "Hôm nay có thêm một ô tô màu trắng."}]}
    )

    receipt_code: Annotated[str, StringConstraints(max_length=64)]
    text: Text
