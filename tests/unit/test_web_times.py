"""Times as residents and officers read them."""

from datetime import UTC, datetime

import pytest
from tinbao_web.texts import load_texts
from tinbao_web.times import deadline_time, recent_time, time_left, tone_of, written_time

TEXTS = load_texts(["tinbao_web"])
EVENING = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)


def test_a_time_is_written_in_full_as_local_time() -> None:
    assert written_time(EVENING, "vi") == "21 giờ 40, ngày 23/11/2026"
    assert written_time(EVENING, "en") == "21:40 on 23 November 2026"


def test_a_term_that_ends_at_midnight_is_named_by_the_day_that_ends() -> None:
    midnight = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)

    assert deadline_time(midnight, "vi", TEXTS["vi"]) == "hết ngày 30/11/2026"
    assert deadline_time(midnight, "en", TEXTS["en"]) == "the end of 30 November 2026"
    assert deadline_time(EVENING, "vi", TEXTS["vi"]) == "21 giờ 40, ngày 23/11/2026"


@pytest.mark.parametrize(
    ("now", "vietnamese", "english"),
    [
        (datetime(2026, 11, 23, 16, 59, tzinfo=UTC), "21:40 hôm nay", "21:40 today"),
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), "21:40 hôm qua", "21:40 yesterday"),
        (datetime(2026, 11, 24, 17, 0, tzinfo=UTC), "23/11", "23 Nov"),
        (datetime(2027, 1, 2, tzinfo=UTC), "23/11/2026", "23 November 2026"),
    ],
)
def test_a_list_names_the_day_as_people_do(now: datetime, vietnamese: str, english: str) -> None:
    assert recent_time(EVENING, now, "vi", TEXTS["vi"]) == vietnamese
    assert recent_time(EVENING, now, "en", TEXTS["en"]) == english


@pytest.mark.parametrize(
    ("hours", "vietnamese", "english", "tone"),
    [
        (150, "còn 6 ngày", "6 days left", "calm"),
        (48, "còn 2 ngày", "2 days left", "calm"),
        (47, "còn 47 giờ", "47 hours left", "calm"),
        (5, "còn 5 giờ", "5 hours left", "warning"),
        (1, "còn 1 giờ", "1 hour left", "warning"),
        (0, "còn dưới 1 giờ", "less than 1 hour left", "warning"),
        (-2, "quá hạn 2 giờ", "2 hours overdue", "danger"),
        (-50, "quá hạn 2 ngày", "2 days overdue", "danger"),
    ],
)
def test_a_clock_says_what_is_left_and_gets_louder(hours: int, vietnamese: str, english: str, tone: str) -> None:
    assert time_left(hours, TEXTS["vi"]) == vietnamese
    assert time_left(hours, TEXTS["en"]) == english
    assert tone_of(hours) == tone
