"""Cursors: where the next page of a list begins."""

import base64
from datetime import UTC, datetime

import pytest
from tinbao_triage.responses import BadCursor, CasePage, cursor_of, read_cursor

from tests.support.triage import a_case


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


TIP = "0193a1b2-0000-7000-8000-000000000000"


def test_a_cursor_says_after_which_case_the_page_begins() -> None:
    case = a_case(received_at=datetime(2026, 11, 23, 14, 40, 1, 234567, tzinfo=UTC))

    assert read_cursor(cursor_of(case)) == (case.deadline_at, case.tip_id)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "Đặng",
        encoded("2026-11-30T17:00:00+00:00"),
        encoded(f"yesterday {TIP}"),
        encoded("2026-11-30T17:00:00+00:00 not-an-id"),
        encoded(f"2026-11-30T17:00:00+00:00 {TIP} more"),
        encoded(f"0001-01-01T00:00:00+14:00 {TIP}"),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        read_cursor(cursor)


def test_a_time_without_zone_is_read_as_an_aware_one() -> None:
    assert read_cursor(encoded(f"2026-11-30T17:00:00 {TIP}"))[0].tzinfo is UTC


def test_a_page_has_a_cursor_only_if_something_follows() -> None:
    cases = [a_case(number=n) for n in range(3)]

    assert CasePage.of(cases, limit=3).next_cursor is None
    assert CasePage.of(cases, limit=2).next_cursor == cursor_of(cases[1])
    assert [case.number for case in CasePage.of(cases, limit=2).cases] == [0, 1]
