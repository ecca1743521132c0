"""What an alert's state and its authors allow, cell by cell; and what its digest binds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError
from tinbao_contracts.alerts import AlertContent, AlertText, Audience, AudienceKind
from tinbao_contracts.catalogue import load_catalogue
from tinbao_notify.alert import Alert, AlertDraft, NotAllowed, Status
from tinbao_notify.audience import audiences_of, from_text, to_text
from tinbao_notify.cap import event_name
from tinbao_notify.delivery import Delivery
from tinbao_notify.draft_form import DraftForm
from tinbao_notify.officer import Officer
from tinbao_notify.rights import Action, Role
from tinbao_notify.wording import BOTH_ENGLISH

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)

# What is in a cell is the state that the act leads to; "-" is not allowed. For a broadcaster who is no author.
PROMISED = """
status      edit   submit     approve  reject    update  cancel
draft       draft  submitted  -        -         -       -
submitted   draft  -          issued   rejected  -       -
rejected    draft  -          -        -         -       -
issued      -      -          -        -         issued  cancelled
superseded  -      -          -        -         -       -
cancelled   -      -          -        -         -       -
"""


def a_draft(**differences: object) -> AlertDraft:
    said = {
        "category": "online_fraud",
        "vi": {"headline": "Giả danh công an", "description": "Không chuyển tiền."},
        "en": {"headline": "Callers pose as police", "description": "Do not transfer money."},
        "urgency": "Expected",
        "severity": "Moderate",
        "certainty": "Observed",
        "area": ["08944", "08905"],
        "audiences": [{"kind": "station", "code": "08944"}, {"kind": "topic", "code": "online_fraud"}],
        "expires_at": NOW + timedelta(days=3),
    }
    return AlertDraft.model_validate({**said, **differences})


def an_alert(status: Status = Status.DRAFT) -> Alert:
    return Alert(uuid4(), "08944", None, status, a_draft(), ("mai",), NOW)


def an_officer(role: str = "broadcaster", subject: str = "long") -> Officer:
    return Officer.of(subject, subject, [role], ["25"])


def cells() -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in PROMISED.strip().splitlines()]
    return [(status, act, to) for status, *tos in rows for act, to in zip(head[1:], tos, strict=True)]


@pytest.mark.parametrize(("status", "action", "result"), cells())
def test_an_act_leads_where_the_table_says(status: str, action: str, result: str) -> None:
    alert = an_alert(Status(status))

    try:
        reached = alert.after(Action(action), an_officer()).status.value
    except NotAllowed:
        reached = "-"

    assert reached == result


def test_the_table_has_every_cell() -> None:
    acts = set(Action) - {Action.LIST, Action.DRAFT}

    assert {(status, act) for status, act, _ in cells()} == {(s.value, a.value) for s in Status for a in acts}


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.LIST])
def test_who_is_no_broadcaster_does_nothing(action: Action) -> None:
    assert an_officer("broadcaster").may(action)
    assert not an_officer("auditor").may(action)
    assert not an_officer("chief").may(action)


def test_only_the_known_roles_read() -> None:
    assert {role for role in Role if an_officer(role.value).may(Action.LIST)} == set(Role)


@pytest.mark.parametrize(
    "change",
    [
        {"category": "drugs"},
        {"vi": {"headline": "Giả danh công an ", "description": "Không chuyển tiền!"}},
        {"en": {"headline": "x", "description": "y"}},
        {"urgency": "Immediate"},
        {"severity": "Severe"},
        {"certainty": "Likely"},
        {"area": ["08944"]},
        {"audiences": [{"kind": "topic", "code": "online_fraud"}]},
        {"expires_at": NOW + timedelta(days=3, minutes=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_changes_with_everything_that_is_approved(change: dict[str, object]) -> None:
    assert a_draft(**change).content(NOW).digest() != a_draft().content(NOW).digest()


def test_the_digest_is_the_same_for_the_same_meaning_in_another_order_form_or_zone() -> None:
    tokyo = (NOW + timedelta(days=3)).astimezone(tz=datetime.fromisoformat("2026-01-01T00:00:00+09:00").tzinfo)
    same = a_draft(
        area=["08905", "08944", "08905"],
        audiences=[{"kind": "topic", "code": "online_fraud"}, {"kind": "station", "code": "08944"}],
        vi={"headline": " Gia\u0309 danh công an", "description": "Không chuyển tiền.\r\n"},
        expires_at=tokyo,
    )

    assert same.content(NOW).digest() == a_draft().content(NOW).digest()


def test_the_digest_survives_the_wire() -> None:
    content = a_draft().content(NOW)

    assert AlertContent.model_validate_json(content.model_dump_json()).digest() == content.digest()


@given(st.text(min_size=1, max_size=40))
def test_whatever_text_is_taken_fits_into_xml_and_a_headline_into_a_mails_header(text: str) -> None:
    try:
        said = AlertText(headline=text, description=text)
    except ValidationError:
        return

    element = etree.Element("x")
    element.text = said.description
    assert etree.fromstring(etree.tostring(element)).text == said.description
    assert said.headline.splitlines() == [said.headline]


def test_every_category_has_a_short_event_name_for_cap() -> None:
    for category in load_catalogue().values():
        assert len(event_name(category.code, "vi")) <= 35
        assert len(event_name(category.code, "en")) <= 35


def test_an_areas_audiences_are_its_stations_and_the_topic() -> None:
    audiences = audiences_of(["08944", "08950", "08905"], "drugs", {"08950": "08944"})

    assert [(audience.kind.value, audience.code) for audience in audiences] == [
        ("station", "08905"),
        ("station", "08944"),
        ("topic", "drugs"),
    ]


@pytest.mark.parametrize("kind", AudienceKind)
def test_an_audience_is_read_back_as_it_was_written(kind: AudienceKind) -> None:
    audience = Audience(kind=kind, code="08944: Tổ dân phố 4")

    assert from_text(to_text(audience)) == audience


@pytest.mark.parametrize(
    "half", [{"headline_en": "Callers pose as police"}, {"description_en": "Do not transfer money."}]
)
def test_half_an_english_text_is_answered_with_a_request_for_both_halves(half: dict[str, str]) -> None:
    typed = {"headline_vi": "Giả danh công an", "description_vi": "Không chuyển tiền.", "area": ["08944"], **half}
    codes = {"category": "online_fraud", "urgency": "Expected", "severity": "Moderate", "certainty": "Observed"}
    form = DraftForm.model_validate({**typed, **codes, "idempotency_key": "kJr3Yp0tQm6W1c9Vb2Nn8A"})

    with pytest.raises(ValidationError) as raised:
        form.said()

    assert list(DraftForm.mistakes(raised.value, str).values()) == [BOTH_ENGLISH]


def a_delivery(attempts: int, due_until: datetime | None = None) -> Delivery:
    return Delivery(uuid4(), uuid4(), uuid4(), "an@example.org", NOW, "vi", attempts, due_until)


def test_the_pause_before_a_retry_doubles_and_ends_with_the_alert() -> None:
    first, minute = timedelta(seconds=30), timedelta(minutes=1)

    pauses = [(a_delivery(attempts).next_try(NOW, first) or NOW) - NOW for attempts in range(1, 12)]

    assert all(0.8 * first * 2**n <= pause <= 1.2 * first * 2**n for n, pause in enumerate(pauses[:9]))
    assert max(pauses) <= timedelta(hours=7.2)
    assert a_delivery(12).next_try(NOW, first) is None
    assert a_delivery(3, NOW + minute).next_try(NOW, first) is None


def test_an_alert_is_in_force_until_its_end_or_its_cancellation() -> None:
    assert an_alert(Status.ISSUED).is_in_force(NOW)
    assert not an_alert(Status.ISSUED).is_in_force(NOW + timedelta(days=3))
    assert not replace(an_alert(), status=Status.CANCELLED).is_in_force(NOW)
