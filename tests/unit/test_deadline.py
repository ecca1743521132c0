from datetime import UTC, date, datetime, timedelta

import pytest
from tinbao_contracts.calendar import Calendar, DayKind
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.deadline import (
    REPORT,
    TRANSFER_CLOCKS,
    TRANSFER_NORMAL,
    TRANSFER_URGENT,
    VIETNAM,
    Clock,
    Counting,
    Deadline,
    Rules,
    Unit,
    UnknownClock,
    deadline_for,
    hours_left,
)
from tinbao_contracts.rules import load_calendar, load_rules

RULES = load_rules()
CALENDAR = load_calendar()
LONG_AGO = date(2018, 1, 1)


def local(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=VIETNAM)


def end_of(text: str) -> datetime:
    return local(f"{text} 00:00") + timedelta(days=1)


def one_clock(amount: int, unit: Unit, *, count_first_day: bool = False, roll_days: bool = True) -> Rules:
    clock = Clock(key="clock", amount=amount, unit=unit, valid_from=LONG_AGO, source="test")
    counting = Counting(count_first_day=count_first_day, roll_days=roll_days, valid_from=LONG_AGO, source="test")
    return Rules(clocks=(clock,), countings=(counting,))


def ends(rules: Rules, received: str, calendar: Calendar = CALENDAR) -> Deadline:
    return deadline_for("clock", local(received), remote=False, rules=rules, calendar=calendar)


def of_commune(key: str, received: str, *, remote: bool = False) -> Deadline:
    return deadline_for(key, local(received), remote=remote, rules=RULES, calendar=CALENDAR)


def test_an_urgent_tip_has_24_hours_through_night_and_holiday() -> None:
    deadline = of_commune(TRANSFER_URGENT, "23/11/2026 21:40")
    assert deadline.strict_at == deadline.legal_at == local("24/11/2026 21:40")


def test_a_remote_commune_has_48_hours() -> None:
    assert of_commune(TRANSFER_URGENT, "23/11/2026 21:40", remote=True).strict_at == local("25/11/2026 21:40")


@pytest.mark.parametrize(("remote", "until"), [(False, "24/11/2026 09:40"), (True, "24/11/2026 21:40")])
def test_the_report_to_the_province_is_due_in_12_or_24_hours(remote: bool, until: str) -> None:
    assert of_commune(REPORT, "23/11/2026 21:40", remote=remote).strict_at == local(until)


@pytest.mark.parametrize("received", ["23/11/2026 00:00", "23/11/2026 12:00", "23/11/2026 23:59"])
@pytest.mark.parametrize("remote", [False, True])
def test_a_normal_tip_has_seven_days_that_end_at_midnight(received: str, remote: bool) -> None:
    deadline = of_commune(TRANSFER_NORMAL, received, remote=remote)
    assert deadline.strict_at == deadline.legal_at == end_of("30/11/2026")


def test_the_day_of_receipt_is_the_day_in_vietnam() -> None:
    received_at = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)  # 01:00 on the 23rd there
    deadline = deadline_for(TRANSFER_NORMAL, received_at, remote=False, rules=RULES, calendar=CALENDAR)
    assert deadline.strict_at == datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
    assert deadline.strict_at.utcoffset() == timedelta(0)


def test_a_last_day_that_is_off_moves_the_legal_date_only() -> None:
    deadline = of_commune(TRANSFER_NORMAL, "17/11/2026 08:00")
    assert deadline.strict_at == end_of("24/11/2026")
    assert deadline.legal_at == end_of("25/11/2026")


def test_three_working_days_pass_over_weekend_and_holiday() -> None:
    deadline = ends(one_clock(3, Unit.WORKING_DAYS), "20/11/2026 10:00")
    assert deadline.strict_at == deadline.legal_at == end_of("26/11/2026")


def test_a_saturday_that_is_worked_counts() -> None:
    deadline = ends(one_clock(2, Unit.WORKING_DAYS), "20/08/2026 10:00")
    assert deadline.legal_at == end_of("22/08/2026")


def test_two_months_from_the_31st_end_on_the_last_of_february() -> None:
    deadline = ends(one_clock(2, Unit.MONTHS), "31/12/2026 10:00")
    assert deadline.strict_at == end_of("28/02/2027")
    assert deadline.legal_at == end_of("01/03/2027")


def test_months_end_on_the_same_day_number() -> None:
    assert ends(one_clock(2, Unit.MONTHS), "15/01/2026 10:00").strict_at == end_of("15/03/2026")
    assert ends(one_clock(1, Unit.MONTHS), "31/01/2028 10:00").strict_at == end_of("29/02/2028")
    assert ends(one_clock(14, Unit.MONTHS), "15/12/2026 10:00").strict_at == end_of("15/02/2028")


def test_a_last_day_in_an_unpublished_tet_has_no_legal_date_yet() -> None:
    deadline = ends(one_clock(20, Unit.DAYS), "18/01/2027 10:00")
    assert deadline.strict_at == end_of("07/02/2027")
    assert deadline.legal_at is None


@pytest.mark.parametrize("unit", [Unit.DAYS, Unit.WORKING_DAYS, Unit.MONTHS])
def test_a_year_without_a_notice_is_never_guessed(unit: Unit) -> None:
    calendar = Calendar({date(2026, 1, 1): DayKind.OFF})
    deadline = ends(one_clock(3, unit), "30/12/2026 10:00", calendar)
    assert deadline.legal_at is None


def test_the_strict_date_of_working_days_stays_known_without_a_notice() -> None:
    calendar = Calendar({date(2026, 1, 1): DayKind.OFF})
    deadline = ends(one_clock(3, Unit.WORKING_DAYS), "30/12/2026 10:00", calendar)  # a Wednesday
    assert deadline.strict_at == end_of("04/01/2027")


def test_hours_need_no_calendar() -> None:
    assert ends(one_clock(24, Unit.HOURS), "31/12/2030 10:00", Calendar({})).legal_at == local("01/01/2031 10:00")


@pytest.mark.parametrize(
    ("amount", "unit", "until"),
    [(7, Unit.DAYS, "29/11/2026"), (3, Unit.WORKING_DAYS, "26/11/2026"), (1, Unit.MONTHS, "22/12/2026")],
)
def test_a_province_may_count_the_first_day(amount: int, unit: Unit, until: str) -> None:
    deadline = ends(one_clock(amount, unit, count_first_day=True), "23/11/2026 10:00")
    assert deadline.strict_at == end_of(until)


def test_a_province_may_leave_days_off_alone() -> None:
    deadline = ends(one_clock(7, Unit.DAYS, roll_days=False), "17/11/2026 08:00")
    assert deadline.legal_at == end_of("24/11/2026")


def test_a_new_rule_holds_from_its_day_and_not_before() -> None:
    new = RULES.clock(TRANSFER_NORMAL, date(2026, 1, 1)).model_copy(
        update={"amount": 5, "valid_from": date(2027, 1, 1), "source": "new"}
    )
    rules = RULES.model_copy(update={"clocks": (new, *RULES.clocks)})
    assert rules.clock(TRANSFER_NORMAL, date(2026, 12, 31)).amount == 7
    assert rules.clock(TRANSFER_NORMAL, date(2027, 1, 1)).amount == 5
    assert deadline_for(
        TRANSFER_NORMAL, local("01/03/2027 00:00"), remote=False, rules=rules, calendar=CALENDAR
    ).source == "new"  # fmt: skip


def test_a_clock_that_no_rule_knows_is_an_error() -> None:
    with pytest.raises(UnknownClock, match=r"commune\.guess"):
        of_commune("commune.guess", "23/11/2026 21:40")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        deadline_for(REPORT, datetime(2026, 11, 23), remote=False, rules=RULES, calendar=CALENDAR)  # noqa: DTZ001  # the mistake itself


def test_every_urgency_has_a_clock_that_a_rule_knows() -> None:
    assert {RULES.clock(TRANSFER_CLOCKS[urgency], date(2026, 11, 24)).key for urgency in Urgency} == {
        TRANSFER_URGENT,
        TRANSFER_NORMAL,
    }


def test_every_rule_says_where_it_comes_from() -> None:
    assert all(clock.source for clock in RULES.clocks)
    assert all(counting.source for counting in RULES.countings)


def test_the_year_is_published_only_with_its_notice() -> None:
    assert CALENDAR.is_published(2026)
    assert not CALENDAR.is_published(2027)
    assert not CALENDAR.is_published(2028)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 24), False),
        (date(2026, 11, 28), False),  # Saturday
        (date(2026, 8, 22), True),  # a Saturday that is worked
        (date(2026, 8, 31), False),  # the Monday it was worked for
        (date(2026, 4, 27), False),  # for Giỗ Tổ on a Sunday
        (date(2027, 2, 8), None),  # Tết, not published
        (date(2027, 3, 1), True),
        (date(2028, 3, 1), None),
    ],
)
def test_a_day_is_worked_or_off_or_not_known_yet(day: date, working: bool | None) -> None:
    assert CALENDAR.is_working(day) is working


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("24/11/2026 10:00", 11),
        ("24/11/2026 21:39", 0),
        ("24/11/2026 21:40", 0),
        ("24/11/2026 21:41", -1),
        ("25/11/2026 00:40", -3),
    ],
)
def test_the_clock_says_how_many_whole_hours_are_left(now: str, hours: int) -> None:
    ends_at = local("24/11/2026 21:40")
    assert hours_left(ends_at, local(now)) == hours
