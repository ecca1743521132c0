"""What stands in the open log: type, day, role and station, and commitments that lead nowhere without the salt."""

import hmac
import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from tinbao_audit.commitment import public_salt
from tinbao_audit.leaf import Leaf, NotALeaf
from tinbao_contracts.events import AlertCancelledV1, CaseViewedV1, Event, StationKeyRevokedV1, ViewReason
from tinbao_runtime.clock import now
from tinbao_runtime.envelope import Received
from uuid_utils.compat import uuid7

from tests.support.runtime import a_tip_event, a_withdrawal

SALT = bytes(range(16))


def received(event: Event, **changes: Any) -> Received[Event]:
    value = event.model_dump_json().encode()
    return Received(uuid7(), event, None, now(), sha256(value).digest(), **changes)


def a_view(role: str = "duty_officer", occurred_at: datetime | None = None) -> CaseViewedV1:
    return CaseViewedV1(
        tip_id=uuid7(),
        station="08944",
        log_salt=SALT,
        occurred_at=occurred_at or now(),
        officer="an-officers-subject",
        role=role,
        reason=ViewReason.DUTY_ASSIGNMENT,
        permitted_until=now(),
    )


def test_a_leaf_says_what_happened_on_which_day_by_which_role_at_which_station() -> None:
    viewed = received(a_view(occurred_at=datetime(2026, 11, 23, 17, 0, tzinfo=UTC)))

    leaf = json.loads(Leaf.of(viewed, SALT).to_bytes())

    assert leaf == {
        "day": "2026-11-24",
        "event": hmac.new(SALT, str(viewed.id).encode(), "sha256").hexdigest(),
        "role": "duty_officer",
        "station": "08944",
        "type": "CaseViewedV1",
        "value": hmac.new(SALT, sha256(viewed.event.model_dump_json().encode()).digest(), "sha256").hexdigest(),
    }


def test_the_leaf_of_an_alert_says_where_they_serve_who_acted_for_a_station() -> None:
    cancelled = AlertCancelledV1(
        alert_id=uuid7(),
        station="08944",
        role="broadcaster",
        by_station="25",
        occurred_at=now(),
        identifier="VN-25-08944-x",
        references="a,b,c",
    )

    leaf = Leaf.of(received(cancelled), SALT)

    assert (leaf.role, leaf.station) == ("broadcaster", "25")


def test_a_leaf_has_one_spelling() -> None:
    leaf = Leaf.of(received(a_view()), SALT).to_bytes()

    assert leaf == json.dumps(json.loads(leaf), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    assert Leaf.from_bytes(leaf).to_bytes() == leaf


def test_a_leaf_holds_nothing_that_leads_to_a_tip_or_a_person() -> None:
    tip = a_tip_event()
    view = a_view()
    arrived = received(tip)

    bytes_of_tip = Leaf.of(arrived, tip.log_salt).to_bytes()
    bytes_of_view = Leaf.of(received(view), SALT).to_bytes()

    for secret in (str(tip.tip_id), str(arrived.id), tip.log_salt.hex(), tip.category, tip.occurred_at.isoformat()):
        assert secret.encode() not in bytes_of_tip
    for secret in (str(view.tip_id), view.officer, view.reason, SALT.hex()):
        assert secret.encode() not in bytes_of_view


def test_two_leaves_of_one_tip_have_nothing_in_common_but_the_open_facts() -> None:
    first = a_withdrawal()
    second = first.model_copy(update={"occurred_at": first.occurred_at.replace(microsecond=1)})

    leaves = [json.loads(Leaf.of(received(event), first.log_salt).to_bytes()) for event in (first, second)]

    same = {name for name in leaves[0] if leaves[0][name] == leaves[1][name]}
    assert same == {"type", "day", "station"}


def test_another_salt_gives_another_commitment() -> None:
    withdrawal = received(a_withdrawal())

    one, another = (Leaf.of(withdrawal, os.urandom(16)).commitment for _ in range(2))

    assert one.event != another.event
    assert one.value != another.value


@pytest.mark.parametrize("role", ["Nguyễn Văn Hùng", "duty officer", "x" * 41, "", "0912345678", "a\nb"])
def test_a_station_can_write_no_text_into_the_open_log(role: str) -> None:
    leaf = json.loads(Leaf.of(received(a_view(role)), SALT).to_bytes())

    assert "role" not in leaf


def test_an_event_that_has_no_time_of_its_own_gets_the_records_day() -> None:
    revoked = StationKeyRevokedV1(station="08944", key_id="0123456789abcdef")
    came = Received(uuid7(), revoked, None, datetime(2026, 11, 24, 16, 59, tzinfo=UTC), bytes(32))

    assert json.loads(Leaf.of(came, public_salt("a/log")).to_bytes())["day"] == "2026-11-24"


def test_the_end_of_time_keeps_no_event_out_of_the_log() -> None:
    leaf = Leaf.of(received(a_view(occurred_at=datetime.max.replace(tzinfo=UTC))), SALT)

    assert leaf.day.isoformat() == "9999-12-31"


@pytest.mark.parametrize("leaf", [b"", b"{}", b"[]", b'{"day":"2026-11-24","event":"zz","value":"","type":"A"}'])
def test_what_is_no_leaf_is_refused(leaf: bytes) -> None:
    with pytest.raises(NotALeaf):
        Leaf.from_bytes(leaf)
