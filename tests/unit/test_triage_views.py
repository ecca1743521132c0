"""What the console's pages are given, in the reader's words."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Outcome
from tinbao_contracts.places import PROVINCE
from tinbao_triage.case import Standing, Status
from tinbao_triage.case_text import Added, Written
from tinbao_triage.read_case import CaseFile, OpenText
from tinbao_triage.records import TimelineEntry
from tinbao_triage.station_case import StationCase
from tinbao_triage.views import Reader, tallies
from tinbao_web.texts import load_texts
from uuid_utils.compat import uuid7

from tests.support.triage import a_case, a_content

NOW = a_case().received_at + timedelta(hours=2)
TEXTS = load_texts(["tinbao_web", "tinbao_triage"])


def reader(language: str = "vi") -> Reader:
    return Reader(language, TEXTS[language].gettext, NOW)


def an_opened_text(**of_content: Any) -> OpenText:
    return OpenText(
        content=a_content("Mất một xe máy.", **of_content),
        supplements=[Added("Xe màu trắng.", NOW)],
        answers=[Written("Đã tiếp nhận.", "Trần Thị Thu Hà", NOW)],
        notes=[Written("Đã gọi.", "Nguyễn Văn Hùng", NOW)],
        permitted_until=NOW + timedelta(minutes=15),
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", {"status_text": "Đã kết thúc", "outcome_text": "Không có dấu hiệu tội phạm"}),
        ("en", {"status_text": "Closed", "outcome_text": "No sign of a crime"}),
        ("vi", {"category_name": "Trộm cắp", "reporter_role_text": "chủ nhà trọ"}),
        ("en", {"category_name": "Theft", "reporter_role_text": "landlord"}),
    ],
)
def test_a_row_speaks_the_readers_language(language: str, words: Mapping[str, str]) -> None:
    row = reader(language).row(a_case(status=Status.CLOSED, outcome=Outcome.NO_SIGN))

    assert {name: getattr(row, name).split(",")[0] for name in words} == words


def test_a_row_shows_hours_left_and_none_once_closed() -> None:
    case = a_case(deadline_at=NOW + timedelta(hours=3, minutes=20))

    assert reader().row(case).hours_left == 3
    assert reader().row(a_case(deadline_at=NOW - timedelta(minutes=1))).hours_left == -1
    assert reader().row(a_case(status=Status.CLOSED)).hours_left is None


def test_a_category_that_this_release_does_not_know_is_shown_as_its_code() -> None:
    row = reader().row(a_case(category="of_tomorrow"))

    assert (row.category_name, row.basis) == ("of_tomorrow", ())


@pytest.mark.parametrize(
    ("station", "standing", "is_provincial"),
    [
        (PROVINCE, Standing.OWNING, True),
        (PROVINCE, Standing.WATCHING, False),
        ("08944", Standing.OWNING, False),
    ],
)
def test_the_provinces_own_case_has_no_clock_of_passing_on(
    station: str, standing: Standing, is_provincial: bool
) -> None:
    assert reader().row(a_case(station=station, standing=standing)).is_provincial is is_provincial


def test_a_sealed_case_shows_nothing_of_its_text() -> None:
    shown = reader().file(CaseFile(a_case(), [], text=None))

    assert (shown["content"], shown["opened_until"], shown["messages"], shown["notes"]) == (None, None, [], [])
    assert (shown["case"].secrecy, shown["case"].protection) == (False, False)


def test_an_opened_case_shows_text_additions_answers_and_notes() -> None:
    shown = reader().file(CaseFile(a_case(), [], an_opened_text(protection_requested=True)))

    assert shown["content"].text == "Mất một xe máy."
    assert shown["content"].contact_phone is None
    assert [each.text for each in shown["content"].supplements] == ["Xe màu trắng."]
    assert [(m.author, m.text, m.officer_name) for m in shown["messages"]] == [
        ("station", "Đã tiếp nhận.", "Trần Thị Thu Hà")
    ]
    assert [note.text for note in shown["notes"]] == ["Đã gọi."]
    assert (shown["case"].secrecy, shown["case"].protection) == (True, True)


@pytest.mark.parametrize(
    ("language", "words"), [("vi", ["Đã nhận xử lý", "of_tomorrow"]), ("en", ["Taken", "of_tomorrow"])]
)
def test_a_timeline_speaks_the_readers_language(language: str, words: list[str]) -> None:
    steps = [TimelineEntry("claim", "Hà", NOW), TimelineEntry("of_tomorrow", None, NOW)]

    assert [step.text for step in reader(language).file(CaseFile(a_case(), steps, None))["timeline"]] == words


def a_station_case(name: str, hours_left: float | None = 30, status: Status = Status.OPEN, **more: Any) -> StationCase:
    deadline_at = None if hours_left is None else NOW + timedelta(hours=hours_left)
    return StationCase(uuid7(), "08944", status, deadline_at=deadline_at, station_name=name, **more)


def test_the_provinces_row_shows_the_clock_and_no_clock_once_closed() -> None:
    row = reader("en").station_row(
        a_station_case("Xã Bình Tuyền", 5.5, category="theft_damage", urgency=Urgency.NORMAL, number=7)
    )

    assert (row.hours_left, row.status_text, row.number) == (5, "Waiting to be taken", 7)
    assert row.category_name.startswith("Theft")
    assert reader().station_row(a_station_case("x", status=Status.CLOSED)).hours_left is None
    assert reader().station_row(a_station_case("x", hours_left=None)).hours_left is None


def test_tallies_count_each_stations_cases_in_hand_due_soon_and_overdue() -> None:
    rows = [
        reader().station_row(case)
        for case in (
            a_station_case("Xã B", 23.5),
            a_station_case("Xã A", 24.5),
            a_station_case("Xã B", -0.5),
            a_station_case("Xã B", status=Status.CLOSED),
            a_station_case("Xã B", hours_left=None),
        )
    ]

    counted = [(tally.station_name, tally.open, tally.due_soon, tally.overdue) for tally in tallies(rows)]

    assert counted == [("Xã A", 1, 0, 0), ("Xã B", 3, 1, 1)]
