"""Which clock a case has, and what becomes of it when the tip turns out to be of another urgency."""

from datetime import UTC, datetime, timedelta

import pytest
from tinbao_contracts.catalogue import Urgency
from tinbao_triage.main import clocks

RECEIVED = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
"""21:40 in Vietnam."""
DAY = timedelta(hours=24)
END_OF_WEEK = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
"""24:00 of 30/11 in Vietnam: seven days, the first not counted."""


def ends_at(urgency: Urgency, *, is_remote: bool = False) -> datetime:
    return clocks().deadline(urgency, RECEIVED, is_remote=is_remote).strict_at


def changed(running_at: datetime, urgency: Urgency, now: datetime, *, is_remote: bool = False) -> datetime:
    """When the case's clock ends after it was found to be of this urgency."""
    deadline = clocks().changed(running_at, urgency, RECEIVED, now, is_remote=is_remote)
    return deadline.strict_at if deadline else running_at


@pytest.mark.parametrize("urgency", [Urgency.IMMEDIATE, Urgency.URGENT])
def test_an_urgent_tip_has_24_hours_and_48_where_the_commune_is_remote(urgency: Urgency) -> None:
    assert ends_at(urgency) == RECEIVED + DAY
    assert ends_at(urgency, is_remote=True) == RECEIVED + 2 * DAY


@pytest.mark.parametrize("urgency", [Urgency.NORMAL, Urgency.ADMINISTRATIVE])
@pytest.mark.parametrize("is_remote", [False, True])
def test_any_other_tip_has_seven_days(urgency: Urgency, is_remote: bool) -> None:
    assert ends_at(urgency, is_remote=is_remote) == END_OF_WEEK


def test_a_normal_tip_that_turns_out_urgent_has_24_hours_from_that_moment() -> None:
    found = RECEIVED + timedelta(days=2)

    assert changed(END_OF_WEEK, Urgency.URGENT, found) == found + DAY
    assert changed(END_OF_WEEK, Urgency.URGENT, found, is_remote=True) == found + 2 * DAY


def test_a_tip_that_turns_out_urgent_near_its_end_gains_no_time() -> None:
    found = END_OF_WEEK - timedelta(hours=5)

    assert changed(END_OF_WEEK, Urgency.URGENT, found) == END_OF_WEEK


def test_a_tip_that_is_overdue_gains_no_time_by_being_urgent() -> None:
    found = END_OF_WEEK + timedelta(hours=5)

    assert changed(END_OF_WEEK, Urgency.URGENT, found) == END_OF_WEEK


def test_a_tip_that_turns_out_normal_has_seven_days_from_its_receipt() -> None:
    found = RECEIVED + timedelta(hours=20)

    assert changed(RECEIVED + DAY, Urgency.NORMAL, found) == END_OF_WEEK


def test_an_urgent_tip_that_turns_out_immediate_keeps_the_clock_that_runs() -> None:
    found_urgent = RECEIVED + timedelta(days=2)
    running = changed(END_OF_WEEK, Urgency.URGENT, found_urgent)

    assert changed(running, Urgency.IMMEDIATE, found_urgent + timedelta(hours=3)) == running


def test_the_same_urgency_again_changes_nothing() -> None:
    later = RECEIVED + timedelta(hours=3)

    assert changed(RECEIVED + DAY, Urgency.URGENT, later) == RECEIVED + DAY
    assert changed(END_OF_WEEK, Urgency.NORMAL, later) == END_OF_WEEK


def test_there_and_back_gains_nothing_but_the_clock_of_the_urgency() -> None:
    first = changed(END_OF_WEEK, Urgency.URGENT, RECEIVED + timedelta(days=2))
    back = changed(first, Urgency.NORMAL, RECEIVED + timedelta(days=2, hours=1))

    assert back == END_OF_WEEK
    assert changed(back, Urgency.URGENT, RECEIVED + timedelta(days=3)) == RECEIVED + timedelta(days=4)
