"""Events as Kafka records: CloudEvents 1.0 in binary mode (Kafka protocol binding 1.0.2), headers in ASCII."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import ValidationError
from tinbao_contracts.events import EVENTS, Event

E_co = TypeVar("E_co", bound=Event, covariant=True)
Headers = Sequence[tuple[str, bytes | None]]

KNOWN = {event.__name__: event for event in EVENTS}

TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context section 3.2. What follows from a record carries it on, so nothing else may pass."""

NEVER = datetime.min.replace(tzinfo=UTC)


class Malformed(Exception):
    """The record can never be read. The message names the reason and nothing of the content."""


class UnknownType(Exception):
    """A type or version that this release does not know; a later one may."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers of a record say. `type` may be one that this release does not know."""

    id: UUID
    type: str
    occurred_at: datetime
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Received(Generic[E_co]):
    """An event with the trace context that what follows from it continues."""

    id: UUID
    event: E_co
    traceparent: str | None = None
    occurred_at: datetime = NEVER
    """What the record's headers say, which every event has."""
    value_hash: bytes = b""
    """SHA-256 of the record's value, byte for byte as it was published."""


def to_headers(envelope: Envelope, source: str, subject: str) -> list[tuple[str, bytes]]:
    """`source` is the URI reference of the writing deployment, `subject` the record's key."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(envelope.id),
        "ce_type": envelope.type,
        "ce_source": source,
        "ce_time": envelope.occurred_at.isoformat(),
        "ce_subject": subject,
        "content-type": "application/json",
    }
    if envelope.traceparent:
        headers["traceparent"] = envelope.traceparent
    return [(name, value.encode("ascii")) for name, value in headers.items()]


def read_headers(headers: Headers) -> Envelope:
    """Raises Malformed for headers that are missing, not printable ASCII, or not what CloudEvents says."""
    text = {name: _text(value) for name, value in headers}
    try:
        if text["ce_specversion"] != "1.0":
            raise Malformed("CloudEvents version is not 1.0")
        return Envelope(
            id=UUID(text["ce_id"]),
            type=text["ce_type"],
            occurred_at=datetime.fromisoformat(text["ce_time"]),
            traceparent=_traceparent(text.get("traceparent", "")),
        )
    except KeyError as error:
        raise Malformed(f"header {error} is missing") from None
    except ValueError:
        raise Malformed("a header is not readable") from None


def read_event(envelope: Envelope, topic: str, value: bytes | None) -> Event:
    """Raises Malformed, or UnknownType. An event in a topic that is not its own is malformed: the broker's ACLs let a
    station write only its own topics, so this keeps it from speaking for another."""
    if value is None:
        raise Malformed("the record is a tombstone")
    kind = KNOWN.get(envelope.type)
    if kind is None:
        raise UnknownType(envelope.type)
    try:
        event = kind.model_validate_json(value)
    except ValidationError as error:
        raise Malformed(f"{envelope.type} is not valid: {_fields(error)}") from None
    if event.topic() != topic:
        raise Malformed(f"{envelope.type} does not belong to this topic")
    return event


def _text(value: bytes | None) -> str:
    """A control character would pass as ASCII, and Postgres refuses text with a NUL."""
    text = value.decode("ascii", errors="replace") if value else ""
    if not text or not text.isascii() or not text.isprintable():
        raise Malformed("a header is not readable")
    return text


def _traceparent(text: str) -> str | None:
    return text if TRACEPARENT.fullmatch(text) else None


def _fields(error: ValidationError) -> str:
    """Names of the event's own fields. What is below them may be a key that the sender chose."""
    return ", ".join(sorted({str(e["loc"][0]) if e["loc"] else "value" for e in error.errors()}))
