"""What the OpenID provider's claims make of an officer, and whose cases they see."""

from typing import Any

import pytest
from tinbao_triage.login import officer_of
from tinbao_triage.officer import Officer
from tinbao_triage.rights import Role
from tinbao_web.login import SignedIn

from tests.support.triage import an_officer


def claims(**more: Any) -> dict[str, Any]:
    return {"sub": "ha", "name": "Trần Thị Thu Hà", "roles": ["investigator"], "stations": ["08944"], **more}


def officer_from(said: dict[str, Any]) -> Officer:
    return officer_of(SignedIn.of(said))


def test_claims_say_who_it_is_with_which_roles_and_stations() -> None:
    officer = officer_from(claims(roles=["investigator", "chief"], stations=["08944", "08905"]))

    assert officer == Officer(
        "ha",
        "Trần Thị Thu Hà",
        frozenset({Role.INVESTIGATOR, Role.CHIEF}),
        frozenset({"08944", "08905"}),
    )


def test_what_the_provider_keeps_in_attributes_goes_before_what_a_client_could_add_at_the_top() -> None:
    attributes = {"name": "Hà", "roles": ["duty_officer"], "stations": ["08905"]}

    officer = officer_from(claims(roles=["chief"], stations=["25"], attributes=attributes))

    assert officer == Officer("ha", "Hà", frozenset({Role.DUTY_OFFICER}), frozenset({"08905"}))


def test_attributes_cannot_make_somebody_else_of_the_subject() -> None:
    assert officer_from(claims(attributes={"sub": "vinh"})).subject == "ha"


def test_roles_that_the_table_does_not_know_give_nothing() -> None:
    assert officer_from(claims(roles=["admin", "CHIEF", "default-roles-realm"])).roles == frozenset()
    assert officer_from(claims(roles=["admin", "chief"])).roles == {Role.CHIEF}


@pytest.mark.parametrize("nothing", [None, [], "chief"])
def test_without_a_list_of_roles_there_are_none(nothing: Any) -> None:
    assert officer_from(claims(roles=nothing)).roles == frozenset()


def test_claims_without_roles_and_stations_give_nothing() -> None:
    officer = officer_from({"sub": "ha"})

    assert (officer.roles, officer.stations, officer.visible_stations("08944")) == (frozenset(), frozenset(), [])


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"sub": "ha", "name": "Hà", "preferred_username": "binhtuyen.ha"}, "Hà"),
        ({"sub": "ha", "preferred_username": "binhtuyen.ha"}, "binhtuyen.ha"),
        ({"sub": "ha"}, "ha"),
    ],
)
def test_an_officer_is_called_by_the_best_name_there_is(said: dict[str, Any], name: str) -> None:
    assert officer_from(said).name == name


@pytest.mark.parametrize(
    ("stations", "home", "visible"),
    [
        (("08944",), "08944", None),
        (("08944",), "25", ["08944"]),
        (("25",), "25", None),
        (("25",), "08944", ["25"]),
        (("08944", "08905"), "25", ["08905", "08944"]),
        ((), "08944", []),
    ],
)
def test_an_officer_of_the_deployment_sees_all_its_cases_and_another_only_their_stations(
    stations: tuple[str, ...], home: str, visible: list[str] | None
) -> None:
    assert an_officer(stations=stations).visible_stations(home) == visible


def test_events_name_the_first_role_in_the_order_of_the_table() -> None:
    both = Officer("ha", "Hà", frozenset({Role.CHIEF, Role.INVESTIGATOR}), frozenset())

    assert both.first_role == "investigator"
