"""What a person is told: states, deadlines, and why a form came back, in the reader's words."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Outcome
from tinbao_contracts.places import load_communes
from tinbao_intake import wording
from tinbao_intake.commune import UnknownCommune
from tinbao_intake.deadlines import deadline_of
from tinbao_intake.directory import CannotSeal, NoStation
from tinbao_intake.doors import UnknownCategory
from tinbao_intake.mailbox import StoredTip, TipNotFound, TipStatus
from tinbao_intake.receipt import NotACode
from tinbao_intake.refusals import FIXED, Refusal
from tinbao_intake.tip_form import TipForm
from tinbao_intake.web import new_key
from tinbao_runtime.idempotency import KeyReused
from tinbao_runtime.outbox import RecordTooLarge
from tinbao_runtime.postgres import Unavailable

from tests.support.intake import BINH_TUYEN, PROVINCE, a_form

RECEIVED = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
"""23/11/2026 21:40 in Vietnam."""

TIP = StoredTip(
    tip_id=UUID(int=1), station=BINH_TUYEN, holders=(BINH_TUYEN,), category="gambling", urgency=Urgency.URGENT,
    received_at=RECEIVED, log_salt=b"", version=1, withdrawn_at=None, opened_at=None, classified_at=None,
    answered_at=None, closed_at=None, outcome=None,
)  # fmt: skip


def as_written(text: str) -> str:
    return text


def a_refusal(error: Exception) -> Refusal:
    return Refusal.of(error, as_written)


def mistakes_of(**typed: str) -> dict[str, str]:
    with pytest.raises(ValidationError) as error:
        TipForm.model_validate(a_form(**typed)).draft()
    return dict(a_refusal(error.value).errors)


@pytest.mark.parametrize(
    ("announced", "status"),
    [
        ((), TipStatus.RECEIVED),
        (("opened_at",), TipStatus.OPENED),
        (("opened_at", "classified_at"), TipStatus.CLASSIFIED),
        (("opened_at", "answered_at"), TipStatus.ANSWERED),
        (("opened_at", "classified_at", "answered_at", "closed_at"), TipStatus.CLOSED),
        (("closed_at",), TipStatus.CLOSED),  # its own event came first
        (("answered_at",), TipStatus.ANSWERED),
        (("withdrawn_at",), TipStatus.RECEIVED),  # handling goes on
        (("withdrawn_at", "opened_at"), TipStatus.OPENED),
    ],
)
def test_the_status_is_the_furthest_that_was_announced(announced: tuple[str, ...], status: TipStatus) -> None:
    times: dict[str, Any] = dict.fromkeys(announced, RECEIVED)

    assert replace(TIP, **times).status is status


@pytest.mark.parametrize(
    ("urgency", "is_remote", "ends_at"),
    [
        (Urgency.IMMEDIATE, False, RECEIVED + timedelta(hours=24)),
        (Urgency.URGENT, False, RECEIVED + timedelta(hours=24)),  # though the next day is off
        (Urgency.URGENT, True, RECEIVED + timedelta(hours=48)),
        (Urgency.NORMAL, False, datetime(2026, 11, 30, 17, 0, tzinfo=UTC)),
        (Urgency.NORMAL, True, datetime(2026, 11, 30, 17, 0, tzinfo=UTC)),
        (Urgency.ADMINISTRATIVE, False, datetime(2026, 11, 30, 17, 0, tzinfo=UTC)),
    ],
)
def test_a_person_is_told_by_when_the_law_wants_the_first_check(
    urgency: Urgency, is_remote: bool, ends_at: datetime
) -> None:
    assert deadline_of(BINH_TUYEN, urgency, RECEIVED, is_remote=is_remote) == ends_at


def test_a_date_that_falls_on_a_day_off_is_the_next_working_day() -> None:
    saturday_ends = deadline_of(BINH_TUYEN, Urgency.NORMAL, datetime(2026, 11, 28, 3, tzinfo=UTC), is_remote=False)

    assert saturday_ends == datetime(2026, 12, 7, 17, 0, tzinfo=UTC)


def test_while_the_days_off_are_not_published_the_strict_date_is_told() -> None:
    before_tet = datetime(2027, 1, 28, 3, tzinfo=UTC)

    assert deadline_of(BINH_TUYEN, Urgency.NORMAL, before_tet, is_remote=False) == datetime(2027, 2, 4, 17, tzinfo=UTC)


def test_the_provinces_clock_is_not_a_communes() -> None:
    assert deadline_of(PROVINCE, Urgency.URGENT, RECEIVED, is_remote=False) is None


@pytest.mark.parametrize(
    ("error", "field", "status"),
    [
        (NoStation("08944"), "commune", 422),
        (UnknownCommune([]), "commune", 422),
        (UnknownCategory(), "category", 422),
        (RecordTooLarge("TipSubmittedV1"), "text", 413),
        (KeyReused(), "form", 409),
        (Unavailable("OSError"), "form", 503),
        (CannotSeal("25"), "form", 503),
        (NotACode(), "receipt_code", 422),
        (TipNotFound(), "receipt_code", 404),
    ],
)
def test_each_refusal_names_a_field_and_has_a_status(error: Exception, field: str, status: int) -> None:
    refusal = a_refusal(error)

    assert list(refusal.errors) == [field]
    assert refusal.status == status
    assert ("Retry-After" in refusal.headers) == (status == 503)


def test_only_a_key_that_was_used_for_other_words_is_replaced() -> None:
    assert a_refusal(KeyReused()).wants_new_key
    assert not any(a_refusal(kind()).wants_new_key for kind in FIXED if kind is not KeyReused)


def test_a_commune_with_two_meanings_is_asked_back_by_name() -> None:
    communes = load_communes()
    error = UnknownCommune([communes["08950"], communes["08944"]])

    assert a_refusal(error).errors == {"commune": "Ông/bà muốn nói: Xã Bình Xuyên, Xã Bình Tuyền?"}


def test_no_more_communes_are_asked_back_than_fit_a_line() -> None:
    error = UnknownCommune(list(load_communes().values())[:8])

    assert a_refusal(error).errors["commune"].count(",") == 4


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"text": " "}, {"text": wording.NEEDED}),
        ({"text": "x" * 10_001}, {"text": wording.TOO_LONG}),
        ({"text": "a\x00"}, {"text": wording.NOT_RIGHT}),
        ({"commune": "", "category": ""}, {"commune": wording.NEEDED, "category": wording.NEEDED}),
        ({"place": "x" * 501}, {"place": wording.TOO_LONG}),
        ({"contact_phone": "113"}, {"contact_phone": wording.NOT_A_PHONE}),
        ({"contact_phone": "1" * 41}, {"contact_phone": wording.TOO_LONG}),
        ({"contact_name": "x" * 501}, {"contact_name": wording.TOO_LONG}),
    ],
)
def test_a_mistake_in_the_form_is_told_at_its_field(typed: dict[str, str], told: dict[str, str]) -> None:
    assert mistakes_of(**typed) == told


def test_an_empty_field_is_one_that_was_left_out() -> None:
    draft = TipForm.model_validate(a_form(place=" ", contact_name="", secrecy="")).draft()

    assert draft.place is None
    assert draft.contact is None
    assert not draft.secrecy_requested


def test_a_ticked_box_a_role_and_a_contact_are_taken() -> None:
    typed = a_form(happening_now="true", reporter_role="shop", contact_phone="0912345678")

    draft = TipForm.model_validate(typed).draft()

    assert draft.happening_now
    assert draft.reporter_role == "shop"
    assert draft.contact is not None
    assert draft.contact.phone == "+84912345678"


def test_a_role_that_the_list_does_not_offer_is_left_out() -> None:
    assert TipForm.model_validate(a_form(reporter_role="king")).draft().reporter_role is None


def test_a_form_gives_back_what_was_typed_as_it_was_typed_but_not_its_key() -> None:
    typed = a_form(text="  một\r\nhai ", contact_phone="sai", place="Quán nước", happening_now="true")

    values = TipForm.model_validate(typed).values()

    assert values == {name: value for name, value in typed.items() if name != "idempotency_key"}


@pytest.mark.parametrize("key", ["", "short", "x" * 256])
def test_a_form_without_its_key_was_not_made_by_us(key: str) -> None:
    with pytest.raises(ValidationError):
        TipForm.model_validate(a_form(idempotency_key=key))


def test_a_new_key_carries_enough_random_bits() -> None:
    assert len(new_key()) >= 22


def test_every_status_and_outcome_has_words() -> None:
    assert set(wording.STATUSES) == set(TipStatus)
    assert set(wording.OUTCOMES) == set(Outcome)


def test_what_intake_keeps_of_a_tip_has_no_room_for_words() -> None:
    assert not {field.name for field in fields(StoredTip)} & {"text", "place", "contact", "phone", "name", "code"}
