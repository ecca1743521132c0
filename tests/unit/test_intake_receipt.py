"""A receipt code is read as people write it, a mistyped one is noticed, and nothing shows it by accident."""

import re
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinbao_intake.receipt import BITS, CHECK_SYMBOLS, SYMBOLS, NotACode, ReceiptCode

numbers = st.integers(0, 2**BITS - 1)


def symbols_of(code: ReceiptCode) -> str:
    return str(code).replace("-", "")


def test_a_code_is_five_groups_of_four_letters_and_digits_and_one_more() -> None:
    written = {str(ReceiptCode.generate()) for _ in range(500)}

    assert all(re.fullmatch(rf"([{SYMBOLS}]{{4}}-){{5}}[{SYMBOLS}]", code) for code in written)
    assert len(written) == 500


@pytest.mark.parametrize(
    ("number", "written"),
    [(0, "0000-0000-0000-0000-0000-0"), (1, "0000-0000-0000-0000-0001-1"), (37, "0000-0000-0000-0000-0015-0")],
)
def test_a_number_is_written_as_crockford_says(number: int, written: str) -> None:
    assert str(ReceiptCode(number)) == written


def test_every_bit_of_a_code_is_drawn() -> None:
    drawn = [ReceiptCode.generate().number for _ in range(200)]

    assert all(any(number >> bit & 1 for number in drawn) for bit in range(BITS))
    assert not all(number >> bit & 1 for bit in range(BITS) for number in drawn)


@settings(deadline=None)
@given(numbers)
def test_a_written_code_is_read_back(number: int) -> None:
    assert ReceiptCode.parse(str(ReceiptCode(number))) == ReceiptCode(number)


@settings(deadline=None)
@given(numbers, st.sampled_from(["", " ", "-", "\N{NO-BREAK SPACE}", " - ", "\N{EN DASH}", "\N{NON-BREAKING HYPHEN}"]))
def test_case_spaces_and_dashes_do_not_matter(number: int, between: str) -> None:
    code = ReceiptCode(number)
    typed = f" {between.join(symbols_of(code).lower())}\n"

    assert ReceiptCode.parse(typed) == code


@settings(deadline=None)
@given(numbers, st.sampled_from(["Oo", "IiLl"]), st.integers(0, 3))
def test_letters_that_look_like_digits_are_those_digits(number: int, alike: str, which: int) -> None:
    code = ReceiptCode(number)
    typed = symbols_of(code).replace("0" if alike == "Oo" else "1", alike[which % len(alike)])

    assert ReceiptCode.parse(typed) == code


@settings(deadline=None)
@given(numbers, st.integers(0, 20), st.sampled_from(CHECK_SYMBOLS))
def test_any_single_mistyped_symbol_is_noticed(number: int, place: int, symbol: str) -> None:
    symbols = symbols_of(ReceiptCode(number))
    typed = symbols[:place] + symbol + symbols[place + 1 :]

    if typed != symbols:
        with pytest.raises(NotACode):
            ReceiptCode.parse(typed)


@settings(deadline=None)
@given(numbers, st.integers(0, 19))
def test_two_exchanged_neighbours_are_noticed(number: int, place: int) -> None:
    symbols = symbols_of(ReceiptCode(number))
    typed = symbols[:place] + symbols[place + 1] + symbols[place] + symbols[place + 2 :]

    if typed != symbols:
        with pytest.raises(NotACode):
            ReceiptCode.parse(typed)


@pytest.mark.parametrize(
    "typed", ["", "-", "K7M2", "0" * 20, "0" * 22, "0" * 20 + "1", "not a receipt code at all", "Đ"]
)
def test_what_is_no_code_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(NotACode) as refusal:
        ReceiptCode.parse(typed)

    assert not typed or typed not in str(refusal.value)


def test_repr_hides_the_code() -> None:
    code = ReceiptCode.generate()

    assert repr(code) == "ReceiptCode()"
    assert str(code.number) not in repr(code)


def test_a_code_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ReceiptCode(1).number = 2  # type: ignore[misc]  # the point of the test


def test_what_is_derived_is_always_the_same() -> None:
    derived = ReceiptCode.parse("0000-0000-0000-0000-0001-1")

    # A change of these would close every mailbox there is.
    assert derived.lookup.hex() == "c413bbf4c368951a498d26b84432a0cbacdd38e3f1493ac7792dbd6fc266fe02"
    assert derived.mailbox_key.hex() == "a7024abb794d0c24c0899ce7db8342a722a546c0c9bd5d77dc5687ccbfbf57f2"


@settings(deadline=None)
@given(numbers, numbers)
def test_lookup_and_mailbox_key_are_apart_and_differ_for_each_code(one: int, other: int) -> None:
    first, second = ReceiptCode(one), ReceiptCode(other)

    assert len(first.lookup) == len(first.mailbox_key) == 32
    assert first.lookup != first.mailbox_key
    if one != other:
        assert not {first.lookup, first.mailbox_key} & {second.lookup, second.mailbox_key}
