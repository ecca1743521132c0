"""What the province makes of a station's announcements, in whichever order they come."""

import os
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import (
    CaseAssignedV1,
    CaseClassifiedV1,
    CaseClosedV1,
    CaseEvent,
    CaseOpenedV1,
    Outcome,
)
from tinbao_triage.case import Status
from tinbao_triage.main import clocks
from tinbao_triage.station_case import StationCase
from uuid_utils.compat import uuid7

RECEIVED = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
END_OF_WEEK = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
TIP = uuid7()


def about(hours: float) -> dict[str, Any]:
    return {
        "tip_id": TIP,
        "station": "08944",
        "log_salt": os.urandom(16),
        "occurred_at": RECEIVED + timedelta(hours=hours),
    }


def opened(hours: float = 0.1) -> CaseOpenedV1:
    return CaseOpenedV1(**about(hours), number=7, category="theft_damage", urgency=Urgency.NORMAL, received_at=RECEIVED)


def assigned(hours: float = 1) -> CaseAssignedV1:
    return CaseAssignedV1(**about(hours), officer="ha")


def classified(hours: float = 2, urgency: Urgency = Urgency.URGENT) -> CaseClassifiedV1:
    return CaseClassifiedV1(**about(hours), category="robbery", urgency=urgency, officer="ha")


def closed(hours: float = 3) -> CaseClosedV1:
    return CaseClosedV1(**about(hours), outcome=Outcome.TRANSFERRED, officer="ha")


def picture(*events: CaseEvent) -> StationCase:
    first, *others = map(StationCase.announced, events)
    known = first.timed(clocks(), is_remote=False)
    for said in others:
        known = known.joined(said).timed(clocks(), is_remote=False)
    return known


@pytest.mark.parametrize("events", list(permutations([opened(), assigned(), classified(), closed()])))
def test_the_picture_is_the_same_in_whichever_order_the_announcements_come(events: tuple[CaseEvent, ...]) -> None:
    seen = picture(*events)

    assert (seen.number, seen.received_at) == (7, RECEIVED)
    assert (seen.category, seen.urgency) == ("robbery", Urgency.URGENT)
    assert (seen.status, seen.outcome) == (Status.CLOSED, Outcome.TRANSFERRED)
    assert seen.classified_at == RECEIVED + timedelta(hours=2)


def test_a_case_that_is_given_to_another_officer_stays_classified() -> None:
    assert picture(opened(), assigned(1), classified(2), assigned(4)).status is Status.CLASSIFIED


def test_repeating_an_announcement_changes_nothing() -> None:
    assert picture(opened(), opened()) == picture(opened())


def test_the_clock_runs_from_receipt() -> None:
    assert picture(opened()).deadline_at == END_OF_WEEK


def test_a_case_that_turns_out_urgent_has_24_hours_from_that_moment_as_at_its_station() -> None:
    urgent = picture(opened(), classified(hours=30))

    assert urgent.deadline_at == RECEIVED + timedelta(hours=54)
    assert picture(opened(), classified(hours=30), assigned(hours=40)).deadline_at == urgent.deadline_at


def test_a_case_that_turns_out_normal_again_has_its_seven_days_back() -> None:
    assert picture(opened(), classified(2), classified(3, Urgency.NORMAL)).deadline_at == END_OF_WEEK


def test_a_case_of_which_nothing_but_a_change_is_known_has_no_clock() -> None:
    assert picture(assigned()).deadline_at is None
    assert picture(classified()).deadline_at is None
