"""Who can read a tip: its holders and the recovery key, each only with a grant of its own."""

import pytest
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import Event, TipEscalatedV1, TipSubmittedV1
from tinbao_contracts.sealed import RECOVERY, ReporterRole
from tinbao_intake.directory import CannotSeal, Directory, DirectoryStation, NoStation
from tinbao_intake.receipt import ReceiptCode
from tinbao_intake.sealed_tip import SealedTip
from tinbao_runtime.clock import now
from tinbao_runtime.sealing import NoKey

from tests.support.intake import (
    BINH_TUYEN,
    HOI_THINH,
    PROVINCE,
    TAM_DUONG,
    a_directory,
    a_sealed_tip,
    keys,
    open_content,
    open_slip,
)

WORDS = "Nhóm khoảng 6 người đánh bạc ăn tiền."


def recipients(event: Event) -> list[str]:
    assert isinstance(event, TipSubmittedV1 | TipEscalatedV1)
    return [grant.recipient for grant in event.sealed.grants]


def submission(tip: SealedTip) -> TipSubmittedV1:
    event = tip.events()[0]
    assert isinstance(event, TipSubmittedV1)
    return event


def test_a_tip_is_for_its_station_and_the_recovery_key() -> None:
    tip = a_sealed_tip()

    (event,) = tip.events()
    assert tip.holders == (BINH_TUYEN,)
    assert event.topic() == "tips.08944"
    assert event.key() == str(tip.tip_id)
    assert recipients(event) == [BINH_TUYEN, RECOVERY]


@pytest.mark.parametrize("reader", [BINH_TUYEN, RECOVERY])
def test_a_holder_reads_all_that_was_sent(reader: str) -> None:
    contact = {"name": "Nguyễn Thị Bình", "phone": "0912 345 678", "email": "binh@thu.vn"}
    event = submission(
        a_sealed_tip(
            text=WORDS,
            place="Dãy trọ",
            neighbourhood="Tổ 4",
            happened_at="từ 22 giờ",
            happening_now=True,
            reporter_role="landlord",
            contact=contact,
            secrecy_requested=False,
            protection_requested=True,
        )
    )

    slip, content = open_slip(event, keys()[reader]), open_content(event, keys()[reader])

    assert (slip.place, slip.neighbourhood, slip.reporter_role) == ("Dãy trọ", "Tổ 4", ReporterRole.LANDLORD)
    assert slip.is_happening_now
    assert content.text == WORDS
    assert content.happened_at == "từ 22 giờ"
    assert content.contact is not None
    assert content.contact.model_dump() == contact | {"phone": "+84912345678"}
    assert not content.secrecy_requested
    assert content.protection_requested


def test_the_station_receives_the_mailbox_key_of_the_receipt_code(monkeypatch: pytest.MonkeyPatch) -> None:
    code = ReceiptCode(123)
    monkeypatch.setattr(ReceiptCode, "generate", lambda: code)

    tip = a_sealed_tip()

    assert tip.lookup == code.lookup
    assert open_content(submission(tip), keys()[BINH_TUYEN]).mailbox_key == code.mailbox_key


@pytest.mark.parametrize("stranger", [HOI_THINH, PROVINCE])
def test_nobody_else_reads_it(stranger: str) -> None:
    with pytest.raises(NoKey):
        open_slip(submission(a_sealed_tip()), keys()[stranger])


@pytest.mark.parametrize("category", ["violence", "child_abuse"])
def test_where_a_life_is_in_danger_the_province_is_told_at_once(category: str) -> None:
    tip = a_sealed_tip(category=category)

    submitted, escalated = tip.events()
    assert tip.urgency is Urgency.IMMEDIATE
    assert isinstance(submitted, TipSubmittedV1)
    assert isinstance(escalated, TipEscalatedV1)
    assert (submitted.topic(), escalated.topic()) == ("tips.08944", "tips.25")
    assert escalated.holder == BINH_TUYEN
    assert open_content(escalated, keys()[PROVINCE]) == open_content(submitted, keys()[BINH_TUYEN])


def test_each_holders_event_has_only_its_own_grant_and_that_of_recovery() -> None:
    submitted, escalated = a_sealed_tip(category="violence").events()

    assert recipients(submitted) == [BINH_TUYEN, RECOVERY]
    assert recipients(escalated) == [PROVINCE, RECOVERY]


def test_what_becomes_a_danger_while_it_happens_is_escalated_too() -> None:
    assert a_sealed_tip(category="fire_risk").holders == (BINH_TUYEN,)
    assert a_sealed_tip(category="fire_risk", happening_now=True).holders == (BINH_TUYEN, PROVINCE)


def test_a_station_that_the_province_serves_gets_no_double() -> None:
    tip = a_sealed_tip(commune=TAM_DUONG, category="violence")

    (event,) = tip.events()
    assert event.topic() == f"tips.{TAM_DUONG}"
    assert recipients(event) == [TAM_DUONG, RECOVERY]


@pytest.mark.parametrize("happening_now", [False, True])
def test_a_tip_about_officers_goes_to_the_province_alone(happening_now: bool) -> None:
    tip = a_sealed_tip(category="officer_misconduct", happening_now=happening_now)

    (event,) = tip.events()
    assert event.topic() == "tips.25"
    assert tip.holders == (PROVINCE,)
    assert recipients(event) == [grant.recipient for grant in tip.sealed.grants] == [PROVINCE, RECOVERY]
    for part in (open_slip, open_content):
        with pytest.raises(NoKey):
            part(submission(tip), keys()[BINH_TUYEN])


def test_nothing_in_clear_says_which_station_an_officer_belongs_to() -> None:
    tip = a_sealed_tip(category="officer_misconduct", place="Trụ sở")

    (event,) = tip.events()
    clear = event.model_dump(exclude={"sealed": {"parts", "grants"}})
    assert BINH_TUYEN not in str(clear)


@pytest.mark.parametrize(("place", "told"), [("Trụ sở", "Trụ sở, Xã Bình Tuyền"), (None, "Xã Bình Tuyền")])
def test_the_province_is_told_which_commune_it_is_about(place: str | None, told: str) -> None:
    event = submission(a_sealed_tip(category="officer_misconduct", place=place))

    assert open_slip(event, keys()[PROVINCE]).place == told


def test_a_station_of_several_communes_is_told_which_one_it_is() -> None:
    small = a_directory()
    both = DirectoryStation(BINH_TUYEN, "Công an hai xã", (BINH_TUYEN, HOI_THINH), BINH_TUYEN)
    directory = Directory({BINH_TUYEN: both}, {HOI_THINH: BINH_TUYEN}, small.keys)

    event = submission(a_sealed_tip(directory, commune=HOI_THINH, place="Quán nước"))

    assert open_slip(event, keys()[BINH_TUYEN]).place == "Quán nước, Xã Hội Thịnh"


@pytest.mark.parametrize("missing", [BINH_TUYEN, PROVINCE, RECOVERY])
def test_a_tip_that_one_holder_could_not_read_is_not_taken(missing: str) -> None:
    with pytest.raises(CannotSeal):
        a_sealed_tip(a_directory(without=missing), category="violence")


def test_a_tip_for_a_commune_without_a_station_is_not_taken() -> None:
    with pytest.raises(NoStation):
        a_sealed_tip(commune="04792")


def test_tips_share_neither_id_nor_salt() -> None:
    first, second = a_sealed_tip(), a_sealed_tip()

    assert first.tip_id != second.tip_id
    assert len(first.log_salt) == 16
    assert first.log_salt != second.log_salt


def test_events_and_row_say_the_same_of_a_tip() -> None:
    at = now()
    tip = a_sealed_tip(at=at, category="violence")

    for event in tip.events():
        assert isinstance(event, TipSubmittedV1 | TipEscalatedV1)
        assert event.received_at == event.occurred_at == tip.received_at == at
        assert (event.tip_id, event.category, event.urgency) == (tip.tip_id, "violence", Urgency.IMMEDIATE)
        assert event.log_salt == tip.log_salt


def test_the_words_are_nowhere_but_in_what_is_sealed() -> None:
    tip = a_sealed_tip(text=WORDS, place="Dãy trọ sau khu công nghiệp", contact={"phone": "0912345678"})

    stored = tip.sealed.model_dump_json() + repr(tip)
    assert not any(word in stored for word in ("đánh bạc", "Dãy trọ", "912345678"))
