"""Events that leave with the transaction that caused them: stored in it, published by the relay afterwards."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from opentelemetry import trace
from tinbao_contracts.events import Event, TipEvent
from uuid_utils.compat import uuid7

from tinbao_runtime.clock import now
from tinbao_runtime.envelope import Received
from tinbao_runtime.kafka import MAX_RECORD_BYTES
from tinbao_runtime.postgres import Connection
from tinbao_runtime.tracing import tag_tip, traceparent_of

Row = tuple[UUID, str, str, str, bytes, datetime, str | None]


class RecordTooLarge(Exception):
    """Kafka would refuse the record. Raised before the commit, so that nothing accepted is stuck."""


async def enqueue(conn: Connection, *events: Event) -> None:
    """Store events to be published once the transaction commits, in this order, under the current trace.

    What announces something about a tip is about that tip: its span is tagged so.
    Order within a tip holds only while the caller holds the lock of that tip's or case's row. Raises RecordTooLarge.
    """
    span = trace.get_current_span()
    for event in events:
        if isinstance(event, TipEvent):
            tag_tip(span, event.tip_id)
    traceparent = traceparent_of(span)
    await _insert(conn, [_row(event, traceparent) for event in events])


async def enqueue_following(conn: Connection, followed: Iterable[tuple[Received[Event], Event]]) -> None:
    """Store what follows from received events, each under the trace of its own cause."""
    await _insert(conn, [_row(event, received.traceparent) for received, event in followed])


def _row(event: Event, traceparent: str | None) -> Row:
    value = event.model_dump_json().encode()
    if len(value) > MAX_RECORD_BYTES:
        raise RecordTooLarge(type(event).__name__)
    if not event.key().isascii():
        raise ValueError("a key must be ASCII")
    return uuid7(), type(event).__name__, event.topic(), event.key(), value, now(), traceparent


# Appends the rows in the order given, and notes that they wait for the relay.
INSERT = """
    WITH stored AS (
        INSERT INTO outbox_events (event_id, event_type, topic, key, value, occurred_at, traceparent)
        SELECT event_id, event_type, topic, key, value, occurred_at, traceparent
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::text[])
             WITH ORDINALITY AS new (event_id, event_type, topic, key, value, occurred_at, traceparent, place)
        ORDER BY place
        RETURNING seq, stored_on, topic
    )
    INSERT INTO outbox (seq, stored_on, topic) SELECT seq, stored_on, topic FROM stored
"""


# Lets the relay publish again the events of these keys in topics that begin so. What waits already stays as it is.
AGAIN = """
    INSERT INTO outbox (seq, stored_on, topic)
    SELECT seq, stored_on, topic FROM outbox_events
    WHERE stored_on >= $1::date AND key = ANY ($2::text[]) AND starts_with(topic, $3)
    ON CONFLICT (seq) DO NOTHING
"""


async def publish_again(conn: Connection, keys: Sequence[str], topics: str, since: datetime) -> None:
    """Publish once more, under their own ids, all events of these keys that were stored since then and are kept yet.

    `topics` is how the names of their topics begin. Order within a key holds while the caller locks its tip.
    """
    await conn.execute(AGAIN, since, list(keys), topics)


# Lets the relay publish again everything that was stored since then and is kept yet, under its own id.
REPLAY = """
    INSERT INTO outbox (seq, stored_on, topic)
    SELECT seq, stored_on, topic FROM outbox_events WHERE stored_on >= $1::date AND occurred_at >= $2
    ON CONFLICT (seq) DO NOTHING
"""


async def replay(conn: Connection, since: datetime) -> int:
    """Publish once more all that this service announced since then; how many events. For a broker that lost them.

    Readers that have them drop them by their ids. The oldest that can be published again is `outbox_kept` old.
    """
    status = await conn.execute(REPLAY, since.astimezone(UTC).date(), since)
    return int(status.rsplit(" ", 1)[1])


async def _insert(conn: Connection, rows: list[Row]) -> None:
    if rows:
        await conn.execute(INSERT, *(list(column) for column in zip(*rows, strict=True)))
