"""A tip that nobody opened is published again after N, 2N, 4N …, at most daily."""

from datetime import UTC, datetime, timedelta

from tinbao_intake.reminder import Reminder
from uuid_utils.compat import uuid7

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
N = timedelta(minutes=10)


def waits(counts: range) -> list[timedelta]:
    return [Reminder(uuid7(), AT, count).next_at(AT, N) - AT for count in counts]


def test_each_wait_is_twice_the_one_before() -> None:
    assert waits(range(4)) == [2 * N, 4 * N, 8 * N, 16 * N]


def test_no_wait_is_longer_than_a_day_however_long_a_station_is_away() -> None:
    assert set(waits(range(8, 100_000, 997))) == {timedelta(days=1)}
