"""Which role may do what, cell by cell: the table below is the product's promise, not a copy of the code's."""

import pytest
from tinbao_triage.officer import Officer
from tinbao_triage.rights import Action, Role

from tests.support.triage import an_officer

PROMISED = """
                  list  claim  assign  open  classify  answer  note  close  oversee  propose
duty_officer      yes   yes    no      yes   yes       yes     yes   no     no      yes
investigator      yes   yes    no      yes   yes       yes     yes   yes    no      yes
chief             yes   yes    yes     yes   yes       yes     yes   yes    no      yes
province_officer  yes   yes    yes     yes   yes       yes     yes   yes    yes      yes
auditor           no    no     no      no    no        no      no    no     yes      no
"""


def cells() -> list[tuple[str, str, bool]]:
    head, *rows = [line.split() for line in PROMISED.strip().splitlines()]
    return [(role, action, word == "yes") for role, *words in rows for action, word in zip(head, words, strict=True)]


@pytest.mark.parametrize(("role", "action", "allowed"), cells())
def test_a_role_may_do_what_the_table_says(role: str, action: str, allowed: bool) -> None:
    assert an_officer(role).may(Action(action)) is allowed


def test_the_table_has_a_cell_for_every_role_and_action() -> None:
    assert {(role, action) for role, action, _ in cells()} == {(r.value, a.value) for r in Role for a in Action}


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("duty_officer", False),
        ("investigator", False),
        ("chief", True),
        ("province_officer", True),
        ("auditor", False),
    ],
)
def test_only_chief_and_province_act_on_what_is_assigned_to_somebody_else(role: str, acts: bool) -> None:
    assert an_officer(role).acts_for_others is acts


def test_two_roles_give_the_rights_of_both() -> None:
    both = Officer("ha", "Hà", frozenset({Role.DUTY_OFFICER, Role.AUDITOR}), frozenset())

    assert both.may(Action.CLAIM)
    assert both.may(Action.OVERSEE)
    assert not both.may(Action.CLOSE)


def test_an_officer_without_a_role_may_nothing() -> None:
    nobody = Officer("x", "X", frozenset(), frozenset({"08944"}))

    assert [action for action in Action if nobody.may(action)] == []
    assert nobody.first_role == "none"
