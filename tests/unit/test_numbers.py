from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.numbers import EVERYWHERE, load_numbers, numbers_for


def test_every_page_shows_police_fire_ambulance_and_the_child_line() -> None:
    assert [each.number for each in numbers_for()] == ["113", "114", "115", "111"]


def test_a_category_shows_its_own_numbers_first() -> None:
    assert [each.number for each in numbers_for("disaster_rescue")][:2] == ["114", "112"]
    assert [each.number for each in numbers_for("domestic_violence")][:2] == ["113", "111"]
    assert [each.number for each in numbers_for("human_trafficking")][:2] == ["113", "111"]


def test_no_number_is_shown_twice_on_a_page() -> None:
    for code in load_catalogue():
        shown = [each.number for each in numbers_for(code)]
        assert len(shown) == len(set(shown))


def test_numbers_are_tied_to_categories_that_exist() -> None:
    tied = {code for each in load_numbers() for code in each.shown_for}
    assert tied - {EVERYWHERE} <= set(load_catalogue())
