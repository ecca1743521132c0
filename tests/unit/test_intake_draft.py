"""What a person sends is normalised at the door, and what no text or number is never passes it."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tinbao_intake.draft import MessageDraft, TipDraft

from tests.support.intake import a_tip

CODE = "0000-0000-0000-0000-0001-1"


def a_draft(**fields: Any) -> TipDraft:
    return TipDraft.model_validate(a_tip(**fields))


def refused(**fields: Any) -> list[tuple[str, str]]:
    """Each field that is refused, with the kind of its error."""
    with pytest.raises(ValidationError) as refusal:
        a_draft(**fields)
    return [(".".join(map(str, e["loc"])), e["type"]) for e in refusal.value.errors()]


def phone_of(typed: str) -> str | None:
    contact = a_draft(contact={"phone": typed}).contact
    return contact.phone if contact else None


def test_commune_category_and_text_are_enough() -> None:
    draft = a_draft()

    assert draft.contact is None
    assert draft.secrecy_requested
    assert not draft.happening_now
    assert not draft.protection_requested


@pytest.mark.parametrize("field", ["text", "place", "neighbourhood", "happened_at", "commune"])
def test_text_is_composed_at_the_door(field: str) -> None:
    decomposed = unicodedata.normalize("NFD", "Đặng Thị Ưởng")

    assert getattr(a_draft(**{field: decomposed}), field) == "Đặng Thị Ưởng"


def test_lines_end_in_one_way_and_space_around_a_text_is_dropped() -> None:
    assert a_draft(text="  một\r\nhai\rba\tbốn \r\n").text == "một\nhai\nba\tbốn"


@settings(deadline=None)
@given(st.sampled_from([*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))]))
def test_a_control_character_is_refused_but_for_tab_and_line_end(character: str) -> None:
    text = f"trước{character}sau"

    if character in "\t\n\r":
        assert a_draft(text=text).text.startswith("trước")
    else:
        assert refused(text=text) == [("text", "value_error")]


@pytest.mark.parametrize("field", ["commune", "category", "text", "place", "neighbourhood", "happened_at"])
def test_a_nul_is_refused_in_every_field(field: str) -> None:
    assert refused(**{field: "a\x00b"}) == [(field, "value_error")]


@pytest.mark.parametrize("contact", [{"name": "a\x00b"}, {"email": "a\x00b@c.vn"}, {"phone": "0912\x00345678"}])
def test_a_nul_is_refused_in_a_contact(contact: dict[str, str]) -> None:
    assert refused(contact=contact) == [(f"contact.{next(iter(contact))}", "value_error")]


@pytest.mark.parametrize("surrogate", ["\\ud800", "\\udfff", "\\udc00\\ud800"])
def test_half_a_surrogate_pair_is_refused(surrogate: str) -> None:
    assert refused(text=json.loads(f'"a{surrogate}b"')) == [("text", "value_error")]


def test_a_whole_surrogate_pair_in_json_is_one_character() -> None:
    assert a_draft(text=json.loads('"\\ud83d\\ude97"')).text == "\N{AUTOMOBILE}"


@pytest.mark.parametrize(
    ("field", "most"), [("text", 10_000), ("commune", 500), ("category", 500), ("place", 500), ("happened_at", 500)]
)
def test_a_field_has_a_length(field: str, most: int) -> None:
    assert getattr(a_draft(**{field: "x" * most}), field) == "x" * most
    assert refused(**{field: "x" * (most + 1)}) == [(field, "string_too_long")]
    assert refused(**{field: " \n "}) == [(field, "string_too_short")]


def test_a_length_is_counted_as_people_count_letters() -> None:
    decomposed = unicodedata.normalize("NFD", "ữ" * 10_000)

    assert len(decomposed) == 30_000
    assert len(a_draft(text=decomposed).text) == 10_000


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("0912 345 678", "+84912345678"),
        ("0912.345.678", "+84912345678"),
        ("(+84) 912-345-678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("０９１２３４５６７８", "+84912345678"),
        ("0210 3846 123", "+842103846123"),
        ("024 3825 1234", "+842438251234"),
        ("+1 650 253 0000", "+16502530000"),
    ],
)
def test_a_phone_number_is_kept_as_e164(typed: str, stored: str) -> None:
    assert phone_of(typed) == stored


@pytest.mark.parametrize(
    "typed",
    ["113", "114", "115", "111", "112", "1900 1234", "1800 1166", "069 2345", "12345", "0912 345 67", "0912 345 6789"],
)
def test_a_number_where_nobody_can_be_reached_is_refused(typed: str) -> None:
    assert refused(contact={"phone": typed}) == [("contact.phone", "value_error")]


@pytest.mark.parametrize("typed", ["không chín một hai", "0912 345 678 ext 5", "0912 345 678#5", "0912 ABC DEF", "+"])
def test_a_number_that_would_lose_or_gain_something_is_refused(typed: str) -> None:
    assert refused(contact={"phone": typed}) == [("contact.phone", "value_error")]


@pytest.mark.parametrize("typed", ["a@b", "a b@c.vn", "@c.vn", "a@b@c.vn"])
def test_what_is_no_email_address_is_refused(typed: str) -> None:
    assert refused(contact={"email": typed}) == [("contact.email", "string_pattern_mismatch")]


@pytest.mark.parametrize("place", [{}, {"contact": {}}])
def test_an_unknown_field_is_refused(place: dict[str, Any]) -> None:
    contact = "contact" in place
    fields = {"contact": {"phon": "0912345678"}} if contact else {"phon": "0912345678"}

    assert refused(**fields) == [("contact.phon" if contact else "phon", "extra_forbidden")]


@pytest.mark.parametrize("field", ["text", "commune", "category", "place"])
@pytest.mark.parametrize("value", [5, True, [], {"a": 1}, 1.5])
def test_a_field_that_is_no_text_is_refused(field: str, value: object) -> None:
    assert refused(**{field: value}) == [(field, "string_type")]


def test_a_role_that_is_not_on_the_list_is_refused() -> None:
    assert refused(reporter_role="informer") == [("reporter_role", "enum")]


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refusal:
        a_draft(contact={"phone": "0912 345 67", "name": "Bình\x00"}, text="bí mật" * 2_000)

    assert not any(word in str(refusal.value) for word in ("0912", "Bình", "bí mật"))


def test_a_message_is_checked_like_a_tips_text() -> None:
    assert MessageDraft(receipt_code=CODE, text=" thêm\r\nnữa ").text == "thêm\nnữa"
    for text in ("", " ", "a\x00b", "x" * 10_001):
        with pytest.raises(ValidationError):
            MessageDraft(receipt_code=CODE, text=text)


def test_a_receipt_code_is_not_shown_by_a_messages_error() -> None:
    with pytest.raises(ValidationError) as refusal:
        MessageDraft(receipt_code=CODE * 4, text="x")

    assert CODE not in str(refusal.value)
