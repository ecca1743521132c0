"""Events become CloudEvents in binary mode and come back; what is no event says why, and nothing of its content."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinbao_contracts.events import EVENTS, CaseOpenedV1
from tinbao_runtime import envelope
from tinbao_runtime.envelope import Envelope, Malformed, UnknownType, read_event, read_headers, to_headers
from uuid_utils.compat import uuid7

from tests.support.runtime import a_tip_event, a_withdrawal

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SENT = Envelope(uuid7(), "TipWithdrawnV1", datetime(2026, 11, 24, 1, 15, tzinfo=UTC), TRACEPARENT)


def headers(**changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """Of `SENT`; a change to None takes the header away."""
    written: dict[str, bytes | None] = dict(to_headers(SENT, "/intake", "a-key"))
    return [(name, value) for name, value in (written | changes).items() if value is not None]


def test_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    assert dict(to_headers(SENT, "/intake", "a-key")) == {
        "ce_specversion": b"1.0",
        "ce_id": str(SENT.id).encode(),
        "ce_type": b"TipWithdrawnV1",
        "ce_source": b"/intake",
        "ce_time": b"2026-11-24T01:15:00+00:00",
        "ce_subject": b"a-key",
        "content-type": b"application/json",
        "traceparent": TRACEPARENT.encode(),
    }


def test_headers_come_back_as_they_were_written() -> None:
    assert read_headers(headers()) == SENT


def test_an_event_without_a_trace_has_no_header_for_it() -> None:
    without = Envelope(SENT.id, SENT.type, SENT.occurred_at, None)

    written = to_headers(without, "/intake", "a-key")

    assert "traceparent" not in dict(written)
    assert read_headers(written) == without


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_type", "ce_time"])
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(Malformed, match=rf"^header '{name}' is missing$"):
        read_headers(headers(**{name: None}))


@pytest.mark.parametrize("value", [b"", b"\xff\xfe", "Bá Hiến".encode(), b"a\x00b", b"a\nb", b"\x7f"])
def test_a_header_that_is_not_printable_ascii_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed, match=r"^a header is not readable$"):
        read_headers(headers(ce_type=value))


def test_a_null_header_is_refused() -> None:
    with pytest.raises(Malformed, match=r"^a header is not readable$"):
        read_headers([*headers(), ("x", None)])


@pytest.mark.parametrize("text", ["", "00-zz", "00-" + "0" * 200, f" {TRACEPARENT}", f"{TRACEPARENT}-more"])
def test_a_trace_context_that_is_none_is_left_behind(text: str) -> None:
    changed = headers(traceparent=text.encode() or b"x")

    assert read_headers(changed).traceparent is None


@given(st.lists(st.tuples(st.sampled_from(["ce_id", "ce_type", "ce_time", "ce_specversion", "x"]), st.binary())))
def test_any_headers_are_read_or_refused(changes: list[tuple[str, bytes]]) -> None:
    reason = "read"
    try:
        read_headers([*headers(), *changes])
    except Malformed as error:
        reason = str(error)

    assert reason in {"read", "a header is not readable", "CloudEvents version is not 1.0"}


@given(st.binary())
def test_any_value_is_read_or_refused_by_its_fields_names(value: bytes) -> None:
    with pytest.raises(Malformed) as failure:
        read_event(SENT, "tips.08944", value)

    fields = {"tip_id", "station", "log_salt", "occurred_at", "value"}
    assert set(str(failure.value).removeprefix("TipWithdrawnV1 is not valid: ").split(", ")) <= fields


def test_an_event_comes_back_as_it_was_sent() -> None:
    event = a_withdrawal()

    assert read_event(SENT, "tips.08944", event.model_dump_json().encode()) == event


def test_an_event_is_refused_in_a_topic_that_is_not_its_own() -> None:
    for topic in ("tips.08905", "cases.08944", "stations"):
        with pytest.raises(Malformed, match="does not belong"):
            read_event(SENT, topic, a_withdrawal().model_dump_json().encode())


def test_a_station_cannot_speak_in_another_ones_cases() -> None:
    case = CaseOpenedV1.model_validate(a_tip_event("08905").model_dump() | {"number": 1})
    opened = Envelope(SENT.id, "CaseOpenedV1", SENT.occurred_at, None)

    with pytest.raises(Malformed, match="does not belong"):
        read_event(opened, "cases.08944", case.model_dump_json().encode())


def test_a_type_of_a_later_release_is_not_an_error_of_the_record() -> None:
    later = Envelope(SENT.id, "TipWithdrawnV2", SENT.occurred_at, None)

    with pytest.raises(UnknownType):
        read_event(later, "tips.08944", b"{}")


def test_a_field_of_a_later_release_is_ignored() -> None:
    value = a_withdrawal().model_dump_json().encode().replace(b"{", b'{"added_later":true,', 1)

    assert read_event(SENT, "tips.08944", value)


def test_every_event_is_known_by_its_class_name() -> None:
    assert set(envelope.KNOWN.values()) == set(EVENTS)
    assert all(name == kind.__name__ for name, kind in envelope.KNOWN.items())
