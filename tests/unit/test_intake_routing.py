"""Where a tip goes: its urgency, the commune that was meant, the station and the keys it is sealed to."""

import unicodedata
from collections.abc import Callable
from datetime import timedelta

import pytest
from tinbao_contracts.catalogue import Urgency, load_catalogue
from tinbao_contracts.places import Commune, load_communes
from tinbao_contracts.sealed import RECOVERY
from tinbao_intake.commune import UnknownCommune, resolve_commune
from tinbao_intake.directory import CannotSeal, NoStation
from tinbao_intake.urgency import urgency_of
from tinbao_runtime.clock import now
from tinbao_runtime.keys import PrivateKey

from tests.support.intake import (
    BINH_TUYEN,
    HOI_THINH,
    PROVINCE,
    TAM_DUONG,
    a_directory,
    expired_key,
    future_key,
    keys,
)
from tests.support.runtime import a_key


def understood(typed: str) -> list[Commune]:
    """The commune that is taken, or those that are offered."""
    try:
        return [resolve_commune(typed)]
    except UnknownCommune as refusal:
        return refusal.suggestions


def suggested(typed: str) -> list[str]:
    with pytest.raises(UnknownCommune) as refusal:
        resolve_commune(typed)
    return [commune.name for commune in refusal.value.suggestions]


@pytest.mark.parametrize("code", load_catalogue())
def test_a_category_alone_says_how_urgent_a_tip_is(code: str) -> None:
    category = load_catalogue()[code]

    assert urgency_of(category, is_happening_now=False) is category.urgency


@pytest.mark.parametrize("code", load_catalogue())
def test_what_happens_now_is_never_less_urgent_and_never_normal(code: str) -> None:
    category = load_catalogue()[code]

    now_urgency = urgency_of(category, is_happening_now=True)

    order = list(Urgency)
    assert order.index(now_urgency) <= order.index(category.urgency)
    assert now_urgency is not Urgency.NORMAL


@pytest.mark.parametrize(
    ("category", "while_it_happens"),
    [
        ("violence", Urgency.IMMEDIATE),
        ("domestic_violence", Urgency.IMMEDIATE),
        ("weapons", Urgency.IMMEDIATE),
        ("fire_risk", Urgency.IMMEDIATE),
        ("gambling", Urgency.URGENT),
        ("theft_damage", Urgency.URGENT),
        ("officer_misconduct", Urgency.URGENT),
        ("noise", Urgency.ADMINISTRATIVE),
    ],
)
def test_caught_in_the_act_is_urgent_and_a_life_in_danger_immediate(category: str, while_it_happens: Urgency) -> None:
    assert urgency_of(load_catalogue()[category], is_happening_now=True) is while_it_happens


@pytest.mark.parametrize(
    "typed",
    [
        "08944", "Xã Bình Tuyền", "xã bình tuyền", "XÃ BÌNH TUYỀN", "xa binh tuyen", "Bình Tuyền", "binh tuyen",
        "Xã  Bình Tuyền, tỉnh Phú Thọ", "xa binh tuyen, phu tho", "Bình Tuyền,",
    ],
)  # fmt: skip
def test_a_commune_is_known_by_code_or_name_with_its_accents_or_none(typed: str) -> None:
    assert resolve_commune(typed).code == BINH_TUYEN
    assert resolve_commune(unicodedata.normalize("NFD", typed)).code == BINH_TUYEN


@pytest.mark.parametrize("commune", load_communes().values(), ids=lambda commune: commune.name)
def test_every_commune_is_known_by_its_full_name_and_at_least_offered_for_its_bare_one(commune: Commune) -> None:
    assert resolve_commune(commune.name) == commune
    assert commune in understood(commune.name.partition(" ")[2])


def test_the_tone_may_stand_where_older_spelling_puts_it() -> None:
    assert resolve_commune("Phường Hoà Bình") == resolve_commune("Phường Hòa Bình")


@pytest.mark.parametrize(
    ("typed", "other_meaning"),
    [
        ("Bình Xuyên", "Xã Bình Tuyền"),  # the district that was
        ("binh xuyen", "Xã Bình Tuyền"),
        ("huyện Bình Xuyên", "Xã Bình Tuyền"),
        ("Tam Dương", "Xã Hội Thịnh"),
        ("Hoà Bình", "Phường Thống Nhất"),  # the city, and the province
        ("Xã Hiền Lương, Đà Bắc", "Xã Đà Bắc"),  # another Hiền Lương than today's
        ("Thống Nhất", "Xã An Bình"),
    ],
)
def test_a_name_that_also_meant_another_place_is_asked_back(typed: str, other_meaning: str) -> None:
    assert other_meaning in suggested(typed)


def test_the_full_name_of_today_settles_it() -> None:
    assert resolve_commune("Xã Bình Xuyên").code == "08950"
    assert resolve_commune("xã Tam Dương").code == TAM_DUONG


def test_accents_that_fit_no_commune_of_today_are_not_ignored() -> None:
    assert suggested("Xã Văn Sơn") == ["Xã Vân Sơn", "Xã Thượng Cốc"]


@pytest.mark.parametrize("typed", ["Bá Hiến", "thị trấn Bá Hiến", "TT. Bá Hiến, Bình Xuyên", "xã Trung Mỹ", "ba hien"])
def test_an_old_name_is_answered_with_where_it_went_and_not_taken_for_it(typed: str) -> None:
    assert suggested(typed) == ["Xã Bình Tuyền"]


@pytest.mark.parametrize("typed", ["Quận 1", "Sao Hỏa", ",", "?"])
def test_what_is_no_commune_has_no_suggestion(typed: str) -> None:
    assert suggested(typed) == []


def test_an_address_in_another_province_is_not_taken_for_ours() -> None:
    assert suggested("Xã Bình Tuyền, Hà Nội") == ["Xã Bình Tuyền"]


def test_no_more_is_suggested_than_a_person_reads() -> None:
    assert len(suggested("a")) == 8


def test_a_tip_goes_to_the_station_of_its_commune() -> None:
    assert a_directory().station_for(HOI_THINH, goes_to_province=False).code == HOI_THINH


def test_a_tip_about_officers_goes_to_the_province() -> None:
    assert a_directory().station_for(HOI_THINH, goes_to_province=True).code == PROVINCE


@pytest.mark.parametrize("goes_to_province", [True, False])
def test_a_commune_without_a_station_is_said_to_have_none(goes_to_province: bool) -> None:
    with pytest.raises(NoStation):
        a_directory().station_for("04792", goes_to_province=goes_to_province)


def test_a_tip_is_sealed_to_its_holders_and_always_to_the_recovery_key() -> None:
    recipients = a_directory().recipients(BINH_TUYEN, PROVINCE, at=now())

    assert [key.recipient for key in recipients] == [BINH_TUYEN, PROVINCE, RECOVERY]


def test_the_newest_valid_key_is_used() -> None:
    older, newer = (a_key(BINH_TUYEN, now() - timedelta(minutes=age)) for age in (50, 10))
    directory = a_directory(newer, older, expired_key(BINH_TUYEN), future_key(BINH_TUYEN))

    assert directory.recipients(BINH_TUYEN, at=now())[0] == newer.public
    assert directory.recipients(BINH_TUYEN, at=now() - timedelta(minutes=20))[0] == older.public


@pytest.mark.parametrize("make", [expired_key, future_key])
def test_nothing_is_sealed_to_a_key_out_of_its_time(make: Callable[[str], PrivateKey]) -> None:
    directory = a_directory(make(BINH_TUYEN), without=BINH_TUYEN)

    with pytest.raises(CannotSeal, match=BINH_TUYEN):
        directory.recipients(BINH_TUYEN, at=now())


@pytest.mark.parametrize("missing", [BINH_TUYEN, RECOVERY])
def test_a_recipient_without_a_key_stops_the_sealing(missing: str) -> None:
    with pytest.raises(CannotSeal, match=missing):
        a_directory(without=missing).recipients(BINH_TUYEN, at=now())


def test_a_key_ends_at_its_last_moment() -> None:
    key = keys()[BINH_TUYEN].public

    assert a_directory().recipients(BINH_TUYEN, at=key.valid_until - timedelta(microseconds=1))
    with pytest.raises(CannotSeal):
        a_directory().recipients(BINH_TUYEN, at=key.valid_until)


def test_a_station_that_is_not_registered_is_named_by_its_code() -> None:
    directory = a_directory()

    assert directory.named(BINH_TUYEN).name == "Công an xã Bình Tuyền"
    assert directory.named("99999").name == "99999"
