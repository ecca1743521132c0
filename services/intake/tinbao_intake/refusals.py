"""Why a form comes back: the field, the reader's words and the status, for everything that can be wrong with a tip."""

from http import HTTPStatus

from pydantic import ValidationError
from tinbao_runtime.idempotency import KeyReused
from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.postgres import Unavailable

from tinbao_intake import wording
from tinbao_intake.commune import UnknownCommune
from tinbao_intake.directory import CannotSeal, NoStation
from tinbao_intake.doors import UnknownCategory
from tinbao_intake.tip_form import mistakes
from tinbao_intake.wording import Gettext

FIXED: dict[type[Exception], tuple[str, str, HTTPStatus]] = {
    NoStation: ("commune", wording.NO_STATION, HTTPStatus.UNPROCESSABLE_ENTITY),
    UnknownCategory: ("category", wording.CHOOSE_CATEGORY, HTTPStatus.UNPROCESSABLE_ENTITY),
    RecordTooLarge: ("text", wording.TOO_LONG, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    KeyReused: ("form", wording.SENT_BEFORE, HTTPStatus.CONFLICT),
    Unavailable: ("form", wording.TRY_LATER, HTTPStatus.SERVICE_UNAVAILABLE),
    CannotSeal: ("form", wording.TRY_LATER, HTTPStatus.SERVICE_UNAVAILABLE),
}
REFUSALS: tuple[type[Exception], ...] = (ValidationError, UnknownCommune, *FIXED)


def refusal(error: Exception, gettext: Gettext) -> tuple[dict[str, str], int]:
    """Field to message, and the status. `form` is a message that belongs to no field."""
    if isinstance(error, ValidationError):
        return mistakes(error, gettext), HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, UnknownCommune):
        return {"commune": _ask_back(error, gettext)}, HTTPStatus.UNPROCESSABLE_ENTITY
    field, words, status = FIXED[type(error)]
    return {field: gettext(words)}, status


def _ask_back(error: UnknownCommune, gettext: Gettext) -> str:
    names = ", ".join(commune.name for commune in error.suggestions[:5])
    return f"{gettext(wording.WHICH_COMMUNE)} {names}?" if names else gettext(wording.UNKNOWN_COMMUNE)
