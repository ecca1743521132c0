"""Which acts a case's state allows, cell by cell, and where each leads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tinbao_contracts.events import Outcome
from tinbao_triage.case import Case, NotAllowed, NotNow, Standing, Status
from tinbao_triage.officer import Officer
from tinbao_triage.rights import Action

from tests.support.triage import AUDITOR, HA, HUNG, VINH, a_case, an_officer

ACTS = (
    Action.CLAIM,
    Action.ASSIGN,
    Action.OPEN_CONTENT,
    Action.CLASSIFY,
    Action.ANSWER,
    Action.NOTE,
    Action.CLOSE,
    Action.PROPOSE,
)
NO_ACTS = (Action.LIST, Action.OVERSEE)
"""Rights that are no act on one case."""

# What is in a cell is the state that the act leads to; "-" is not allowed.
INVESTIGATOR = """
status      assignee  claim     assign  open        classify    answer      note        close  propose
open        nobody    assigned  -       open        -           -           open        -      open
open        me        assigned  -       open        -           -           open        -      open
open        another   assigned  -       open        -           -           open        -      open
assigned    nobody    -         -       assigned    -           -           assigned    -      assigned
assigned    me        -         -       assigned    classified  assigned    assigned    -      assigned
assigned    another   -         -       assigned    -           -           assigned    -      assigned
classified  nobody    -         -       classified  -           -           classified  -      classified
classified  me        -         -       classified  classified  classified  classified  closed classified
classified  another   -         -       classified  -           -           classified  -      classified
closed      nobody    -         -       closed      -           -           closed      -      closed
closed      me        -         -       closed      -           closed      closed      -      closed
closed      another   -         -       closed      -           -           closed      -      closed
"""
CHIEF = """
status      assignee  claim     assign      open        classify    answer      note        close  propose
open        nobody    assigned  assigned    open        -           -           open        -      open
open        me        assigned  assigned    open        -           -           open        -      open
open        another   assigned  assigned    open        -           -           open        -      open
assigned    nobody    -         assigned    assigned    classified  assigned    assigned    -      assigned
assigned    me        -         assigned    assigned    classified  assigned    assigned    -      assigned
assigned    another   -         assigned    assigned    classified  assigned    assigned    -      assigned
classified  nobody    -         classified  classified  classified  classified  classified  closed classified
classified  me        -         classified  classified  classified  classified  classified  closed classified
classified  another   -         classified  classified  classified  classified  classified  closed classified
closed      nobody    -         -           closed      -           closed      closed      -      closed
closed      me        -         -           closed      -           closed      closed      -      closed
closed      another   -         -           closed      -           closed      closed      -      closed
"""
WATCHED = """
status      assignee  claim  assign  open        classify  answer  note        close  propose
open        nobody    -      -       open        -         -       open        -      -
open        me        -      -       open        -         -       open        -      -
open        another   -      -       open        -         -       open        -      -
assigned    nobody    -      -       assigned    -         -       assigned    -      -
assigned    me        -      -       assigned    -         -       assigned    -      -
assigned    another   -      -       assigned    -         -       assigned    -      -
classified  nobody    -      -       classified  -         -       classified  -      -
classified  me        -      -       classified  -         -       classified  -      -
classified  another   -      -       classified  -         -       classified  -      -
closed      nobody    -      -       closed      -         -       closed      -      -
closed      me        -      -       closed      -         -       closed      -      -
closed      another   -      -       closed      -         -       closed      -      -
"""


def cells(table: str) -> list[tuple[str, str, str, str]]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [
        (status, assignee, action, result)
        for status, assignee, *results in rows
        for action, result in zip(head[2:], results, strict=True)
    ]


def case_in(standing: Standing, status: str, assignee: str, officer: Officer) -> Case:
    subject = {"nobody": None, "me": officer.subject, "another": "another"}[assignee]
    return a_case(standing=standing, status=Status(status), assignee=subject)


def where_it_leads(case: Case, action: str, officer: Officer) -> str:
    try:
        return case.after(Action(action), officer).status.value
    except NotAllowed:
        return "-"


@pytest.mark.parametrize(("status", "assignee", "action", "result"), cells(INVESTIGATOR))
def test_an_investigators_act_leads_where_the_table_says(status: str, assignee: str, action: str, result: str) -> None:
    assert where_it_leads(case_in(Standing.OWNING, status, assignee, HA), action, HA) == result


@pytest.mark.parametrize(("status", "assignee", "action", "result"), cells(CHIEF))
def test_a_chiefs_act_leads_where_the_table_says(status: str, assignee: str, action: str, result: str) -> None:
    assert where_it_leads(case_in(Standing.OWNING, status, assignee, VINH), action, VINH) == result


@pytest.mark.parametrize(("status", "assignee", "action", "result"), cells(WATCHED))
def test_who_watches_may_read_and_note_and_no_more(status: str, assignee: str, action: str, result: str) -> None:
    assert where_it_leads(case_in(Standing.WATCHING, status, assignee, VINH), action, VINH) == result


def test_the_tables_have_every_cell() -> None:
    every = {(s.value, a, act.value) for s in Status for a in ("nobody", "me", "another") for act in ACTS}

    for table in (INVESTIGATOR, CHIEF, WATCHED):
        assert {(status, assignee, action) for status, assignee, action, _ in cells(table)} == every
    assert {*ACTS, *NO_ACTS} == set(Action)


@pytest.mark.parametrize("action", NO_ACTS)
@pytest.mark.parametrize("status", Status)
def test_listing_and_overseeing_are_no_acts_on_a_case(status: Status, action: Action) -> None:
    officer = an_officer("province_officer")

    assert officer.may(action)
    assert where_it_leads(a_case(status=status), action, officer) == "-"


@pytest.mark.parametrize("action", ACTS)
def test_a_case_whose_content_is_erased_allows_nothing_more(action: Action) -> None:
    erased = a_case(status=Status.CLOSED, outcome=Outcome.OUTSIDE_SCOPE, assignee=VINH.subject)

    with pytest.raises(NotNow):
        erased.after(action, VINH)


def test_a_watcher_can_still_read_what_its_holder_called_outside_scope() -> None:
    watched = a_case(standing=Standing.WATCHING, status=Status.CLOSED, outcome=Outcome.OUTSIDE_SCOPE)

    assert watched.allowed_actions(VINH) == {Action.OPEN_CONTENT, Action.NOTE}


def test_an_act_keeps_all_but_the_state() -> None:
    case = a_case(status=Status.CLASSIFIED, assignee=HA.subject, has_news=True)

    assert case.after(Action.CLOSE, HA) == replace(case, status=Status.CLOSED)


def test_a_claimed_case_has_its_officer() -> None:
    claimed = a_case().claimed_by(HUNG)

    assert (claimed.status, claimed.assignee, claimed.assignee_name) == (Status.ASSIGNED, "hung", "Nguyễn Văn Hùng")


def test_a_case_that_somebody_has_cannot_be_claimed() -> None:
    with pytest.raises(NotNow):
        a_case().claimed_by(HUNG).claimed_by(HA)


def test_no_right_is_another_answer_than_a_case_that_has_moved_on() -> None:
    with pytest.raises(NotAllowed) as refused:
        a_case().claimed_by(AUDITOR)

    assert not isinstance(refused.value, NotNow)


@pytest.mark.parametrize(
    ("case", "officer", "actions"),
    [
        (a_case(), HUNG, {"claim", "open", "note", "propose"}),
        (a_case(), VINH, {"claim", "assign", "open", "note", "propose"}),
        (a_case(status=Status.ASSIGNED, assignee="hung"), HUNG, {"open", "classify", "answer", "note", "propose"}),
        (a_case(status=Status.ASSIGNED, assignee="hung"), HA, {"open", "note", "propose"}),
        (a_case(status=Status.CLASSIFIED, assignee="hung"), HUNG, {"open", "classify", "answer", "note", "propose"}),
        (
            a_case(status=Status.CLASSIFIED, assignee="ha"),
            HA,
            {"open", "classify", "answer", "note", "close", "propose"},
        ),
        (a_case(status=Status.CLOSED, assignee="ha"), HA, {"open", "answer", "note", "propose"}),
        (a_case(standing=Standing.WATCHING), VINH, {"open", "note"}),
        (a_case(), AUDITOR, set()),
    ],
)
def test_a_page_offers_what_the_officer_may_do_now(case: Case, officer: Officer, actions: set[str]) -> None:
    assert {action.value for action in case.allowed_actions(officer)} == actions


def test_the_first_withdrawal_counts_and_ends_nothing() -> None:
    first = datetime(2026, 11, 24, 8, tzinfo=UTC)
    case = a_case(status=Status.ASSIGNED, assignee="ha")

    withdrawn = case.withdrawn(first)

    assert withdrawn == replace(case, withdrawn_at=first, has_news=True)
    assert withdrawn.withdrawn(first + timedelta(hours=1)) == withdrawn
