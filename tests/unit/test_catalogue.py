from datetime import date

import pytest
from pydantic import ValidationError
from tinbao_contracts.catalogue import Category, Route, Urgency, load_catalogue

CATALOGUE = load_catalogue()


def test_there_are_33_categories_in_the_order_of_the_form() -> None:
    assert len(CATALOGUE) == 33
    assert list(CATALOGUE) == [category.code for category in CATALOGUE.values()]
    assert next(iter(CATALOGUE)) == "violence"
    assert list(CATALOGUE)[-1] == "other"


def test_only_misconduct_of_officers_passes_the_station_by() -> None:
    assert [code for code, category in CATALOGUE.items() if category.goes_to_province] == ["officer_misconduct"]
    assert CATALOGUE["officer_misconduct"].route is Route.PROVINCE


def test_the_categories_that_page_the_duty_officer() -> None:
    assert {code for code, category in CATALOGUE.items() if category.urgency is Urgency.IMMEDIATE} == {
        "violence", "robbery", "kidnapping", "human_trafficking", "child_abuse", "sexual_violence", "missing_person",
        "wanted_person", "racing", "traffic_danger", "disaster_rescue",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "urgency"),
    [
        ("online_fraud", Urgency.URGENT),
        ("fire_risk", Urgency.URGENT),
        ("theft_damage", Urgency.NORMAL),
        ("noise", Urgency.ADMINISTRATIVE),
        ("residence_business", Urgency.ADMINISTRATIVE),
    ],
)
def test_urgency_follows_the_law_of_the_category(code: str, urgency: Urgency) -> None:
    assert CATALOGUE[code].urgency is urgency


def test_every_category_but_two_names_its_legal_basis() -> None:
    assert [code for code, category in CATALOGUE.items() if not category.basis] == ["missing_person", "other"]
    assert all(category.source and category.valid_from <= date(2026, 11, 24) for category in CATALOGUE.values())


def test_online_fraud_alone_has_kinds_and_each_has_its_own_code() -> None:
    assert [code for code, category in CATALOGUE.items() if category.kinds] == ["online_fraud"]
    kinds = [kind.code for kind in CATALOGUE["online_fraud"].kinds]
    assert len(kinds) == len(set(kinds)) == 19


def test_no_two_categories_look_alike_on_the_form() -> None:
    for words in ("short_vi", "short_en", "name_vi", "name_en", "icon"):
        seen = [getattr(category, words) for category in CATALOGUE.values()]
        assert sorted(set(seen)) == sorted(seen)


def test_the_catalogue_cannot_be_changed_while_the_product_runs() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["opinion"] = CATALOGUE["other"]  # type: ignore[index]  # the point of the test
    with pytest.raises(ValidationError):
        CATALOGUE["other"].code = "opinion"  # type: ignore[misc]  # mypy knows it too


def test_a_row_with_an_unknown_word_is_refused() -> None:
    row = CATALOGUE["noise"].model_dump() | {"urgency": "soon"}
    with pytest.raises(ValidationError, match="urgency"):
        Category.model_validate(row)
