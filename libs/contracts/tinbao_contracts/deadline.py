"""Until when a station must have passed a tip on, and how much of that time is left (BLTTHS Art. 134, TTLT 01/2017).

Two dates: the strict one, which alarms use, and the legal one, which a day off moves to the next working day.
"24:00 of the last day" is the next day's 00:00 in Vietnam, exclusive.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, PositiveInt

from tinbao_contracts.calendar import ONE_DAY, Calendar
from tinbao_contracts.catalogue import Urgency

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

REPORT = "commune.report"
TRANSFER_URGENT = "commune.transfer.urgent"
TRANSFER_NORMAL = "commune.transfer.normal"

TRANSFER_CLOCKS: Mapping[Urgency, str] = {
    Urgency.IMMEDIATE: TRANSFER_URGENT,
    Urgency.URGENT: TRANSFER_URGENT,
    Urgency.NORMAL: TRANSFER_NORMAL,
    Urgency.ADMINISTRATIVE: TRANSFER_NORMAL,  # the sender's choice is no finding: it may still prove a crime
}
"""Which clock a tip starts. One that turns out urgent changes clock from that moment: give it as `received_at`."""


class Unit(StrEnum):
    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"


class Clock(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    amount: PositiveInt
    remote_amount: PositiveInt | None = None
    """For remote mountain or island communes, where the law gives them longer."""
    unit: Unit
    valid_from: date
    source: str


class Counting(BaseModel):
    """How days are counted. Hours run through nights and holidays; months always roll (Art. 134)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count_first_day: bool
    roll_days: bool
    valid_from: date
    source: str


class UnknownClock(LookupError):
    """No rule of this name holds on that day."""


class Rules(BaseModel):
    """Every rule with the day from which it holds; the latest that has begun counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clocks: tuple[Clock, ...]
    countings: tuple[Counting, ...]

    def clock(self, key: str, on: date) -> Clock:
        held = [clock for clock in self.clocks if clock.key == key and clock.valid_from <= on]
        if not held:
            raise UnknownClock(f"no clock {key!r} holds on {on}")
        return max(held, key=lambda clock: clock.valid_from)

    def counting(self, on: date) -> Counting:
        held = [counting for counting in self.countings if counting.valid_from <= on]
        if not held:
            raise UnknownClock(f"no rule of counting holds on {on}")
        return max(held, key=lambda counting: counting.valid_from)


@dataclass(frozen=True)
class Deadline:
    key: str
    strict_at: datetime
    """UTC. For working days in a year that is not published: Monday to Friday, so never later than the law's."""
    legal_at: datetime | None
    """UTC; None while the year's days off are not published."""
    source: str


def deadline_for(key: str, received_at: datetime, *, remote: bool, rules: Rules, calendar: Calendar) -> Deadline:
    """When the clock `key` ends for what was received then. Raises UnknownClock; ValueError for a time without zone."""
    if received_at.tzinfo is None:
        raise ValueError("received_at has no time zone")
    first = received_at.astimezone(VIETNAM).date()
    clock = rules.clock(key, first)
    amount = clock.remote_amount if remote and clock.remote_amount else clock.amount
    if clock.unit is Unit.HOURS:
        at = received_at.astimezone(UTC) + timedelta(hours=amount)
        return Deadline(key, at, at, clock.source)
    strict, legal = _last_days(clock.unit, first, amount, rules.counting(first), calendar)
    return Deadline(key, _end_of(strict), _end_of(legal) if legal else None, clock.source)


def hours_left(ends_at: datetime, now: datetime) -> int:
    """Whole hours rounded down: 0 is less than an hour left, -1 is up to an hour overdue."""
    return (ends_at - now) // timedelta(hours=1)


def _last_days(
    unit: Unit, first: date, amount: int, counting: Counting, calendar: Calendar
) -> tuple[date, date | None]:
    """The last day as it is counted, and as the law moves it."""
    before = first - ONE_DAY if counting.count_first_day else first
    if unit is Unit.WORKING_DAYS:
        legal = calendar.add_working_days(before, amount)
        return legal or _add_weekdays(before, amount), legal
    if unit is Unit.MONTHS:
        last = _add_months(first, amount) - (first - before)
        return last, calendar.next_working(last)
    last = before + timedelta(days=amount)
    return last, calendar.next_working(last) if counting.roll_days else last


def _add_months(first: date, months: int) -> date:
    """The same day number, else the last day of that month."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))


def _add_weekdays(day: date, count: int) -> date:
    while count:
        day += ONE_DAY
        count -= day.weekday() < 5
    return day


def _end_of(day: date) -> datetime:
    return datetime.combine(day + ONE_DAY, time(), VIETNAM).astimezone(UTC)
