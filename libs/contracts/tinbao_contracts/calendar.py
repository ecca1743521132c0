"""Days off and working days, as the yearly notices fix them. Three answers: yes, no, and not known yet.

A year without a notice is never guessed: what depends on it stays unknown until its table is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

SATURDAY = 5
ONE_DAY = timedelta(days=1)


class DayKind(StrEnum):
    OFF = "off"
    MAKEUP_OFF = "makeup_off"
    """For a holiday that met a weekly day off (Labour Code Art. 111.3)."""
    WORKED_SATURDAY = "worked_saturday"
    UNDECIDED = "undecided"
    """The Prime Minister's notice for the year will say: days around Tết, the second day of 2 September."""


@dataclass(frozen=True)
class Calendar:
    """`days` holds what differs from the week, by local date; a year with no day in it is not known at all."""

    days: Mapping[date, DayKind]

    def is_working(self, day: date) -> bool | None:
        """None: not known yet."""
        kind = self.days.get(day)
        if kind is DayKind.UNDECIDED or not self._has(day.year):
            return None
        if kind is None:
            return day.weekday() < SATURDAY
        return kind is DayKind.WORKED_SATURDAY

    def next_working(self, day: date) -> date | None:
        """`day` itself if it is worked, else the first worked day after it; None where an unknown day comes before."""
        while (working := self.is_working(day)) is False:
            day += ONE_DAY
        return day if working else None

    def add_working_days(self, day: date, count: int) -> date | None:
        """The `count`-th working day after `day`; None where an unknown day comes before it."""
        last: date | None = day
        for _ in range(count):
            last = self.next_working(last + ONE_DAY) if last else None
        return last

    def is_published(self, year: int) -> bool:
        """Whether the notice for the year is loaded; by 1 December next year's should be."""
        return self._has(year) and not any(
            day.year == year and kind is DayKind.UNDECIDED for day, kind in self.days.items()
        )

    def _has(self, year: int) -> bool:
        return date(year, 1, 1) in self.days
