"""Why a form comes back: the field, the reader's words and the status, for everything that can be wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import ValidationError
from tinbao_runtime.idempotency import KeyReused
from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.postgres import Unavailable
from tinbao_web.texts import Gettext

from tinbao_intake import wording
from tinbao_intake.commune import UnknownCommune
from tinbao_intake.directory import CannotSeal, NoStation
from tinbao_intake.doors import UnknownCategory
from tinbao_intake.mailbox import TipNotFound
from tinbao_intake.receipt import NotACode
from tinbao_intake.tip_form import mistakes

FIXED: Mapping[type[Exception], tuple[str, str, HTTPStatus]] = {
    NoStation: ("commune", wording.NO_STATION, HTTPStatus.UNPROCESSABLE_ENTITY),
    UnknownCategory: ("category", wording.CHOOSE_CATEGORY, HTTPStatus.UNPROCESSABLE_ENTITY),
    NotACode: ("receipt_code", wording.MISTYPED_CODE, HTTPStatus.UNPROCESSABLE_ENTITY),
    TipNotFound: ("receipt_code", wording.UNKNOWN_CODE, HTTPStatus.NOT_FOUND),
    RecordTooLarge: ("text", wording.TOO_LONG, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    KeyReused: ("form", wording.SENT_BEFORE, HTTPStatus.CONFLICT),
    Unavailable: ("form", wording.TRY_LATER, HTTPStatus.SERVICE_UNAVAILABLE),
    CannotSeal: ("form", wording.TRY_LATER, HTTPStatus.SERVICE_UNAVAILABLE),
}
REFUSALS: tuple[type[Exception], ...] = (ValidationError, UnknownCommune, *FIXED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`errors`: field to message, in the reader's language; `form` is a message that belongs to no field."""

    errors: Mapping[str, str]
    status: HTTPStatus

    @classmethod
    def of(cls, error: Exception, gettext: Gettext) -> "Refusal":
        """For one of REFUSALS."""
        if isinstance(error, ValidationError):
            return cls(mistakes(error, gettext), HTTPStatus.UNPROCESSABLE_ENTITY)
        if isinstance(error, UnknownCommune):
            return cls({"commune": _ask_back(error, gettext)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        field, words, status = FIXED[type(error)]
        return cls({field: gettext(words)}, status)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "30"} if self.status is HTTPStatus.SERVICE_UNAVAILABLE else {}

    @property
    def wants_new_key(self) -> bool:
        """Else the key stays: what was refused, or not answered, may be sent again without a second effect."""
        return self.status is HTTPStatus.CONFLICT


def _ask_back(error: UnknownCommune, gettext: Gettext) -> str:
    names = ", ".join(commune.name for commune in error.suggestions[:5])
    return f"{gettext(wording.WHICH_COMMUNE)} {names}?" if names else gettext(wording.UNKNOWN_COMMUNE)
