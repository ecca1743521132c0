"""Applies a batch of records inside one transaction: each event once, each failure by itself."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from typing import Any, TypeAlias

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode
from tinbao_contracts.events import Event, TipEvent

from tinbao_runtime import inbox, letters
from tinbao_runtime.envelope import Envelope, Malformed, Received, UnknownType, read_event, read_headers
from tinbao_runtime.inbox import Claim
from tinbao_runtime.letters import RawRecord
from tinbao_runtime.postgres import TRANSIENT, Connection
from tinbao_runtime.tracing import context_of, continued, tag_tip, traceparent_of

tracer = trace.get_tracer(__name__)

OUTCOME = "tinbao.record.outcome"
"""Of a record that was not simply applied: parked, dead, or rolled back (with its batch, to be taken again)."""

Handler: TypeAlias = Callable[[Connection, Sequence[Received[Any]]], Awaitable[None]]
"""Applies consecutive events of one class, in their order, inside the caller's transaction."""

Handlers: TypeAlias = Mapping[type[Event], Handler]


class Rejected(Exception):
    """An event that breaks a rule and always will: it becomes a dead letter with this reason."""


class NotYet(Exception):
    """An event whose cause has not arrived: it is parked and tried again."""


class TooManyDeadLetters(Exception):
    """So many at once mean that the reader is wrong, not the records: the process ends and the offsets stay."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A record of this batch whose event this release knows and nobody has taken before."""

    record: RawRecord
    received: Received[Event]
    span: Span = trace.INVALID_SPAN


def each(verb: Callable[[Connection, Received[Any]], Awaitable[None]]) -> Handler:
    """A handler out of a verb that takes one event; each call continues its event's trace."""

    async def handler(conn: Connection, events: Sequence[Received[Any]]) -> None:
        for event in events:
            with continued(event.traceparent):
                await verb(conn, event)

    return handler


class Batch:
    """The records that one transaction takes. Make a new one for each try."""

    def __init__(self, conn: Connection, handlers: Handlers, dead_letters_at_once: int) -> None:
        self._conn = conn
        self._handlers = handlers
        self._dead_letters_left = dead_letters_at_once

    async def apply(self, records: Sequence[RawRecord], *, one_by_one: bool) -> None:
        """Apply all that is new. `one_by_one` gives each event a savepoint, so that one failure harms no other.

        Raises what a handler raises unless one_by_one; TooManyDeadLetters.
        """
        fresh = await self._claim(await self._read_envelopes(records))
        with _traced(fresh) as traced:
            for kind, run in groupby(traced, key=lambda item: type(item.received.event)):
                await self._apply_run(self._handlers[kind], list(run), one_by_one=one_by_one)

    async def replay(self, record: RawRecord) -> bool:
        """Try a parked record again, whose id is claimed already; True once it is settled."""
        item = await self._read(record, read_headers(record.headers))
        if item is None:
            return True
        with _traced([item]) as (traced,):
            return await self._apply_one(self._handlers[type(traced.received.event)], traced)

    async def _read_envelopes(self, records: Iterable[RawRecord]) -> list[tuple[RawRecord, Envelope, bytes]]:
        readable = []
        for record in records:
            try:
                envelope = read_headers(record.headers)
            except Malformed as error:
                await self._bury(record, str(error))
                continue
            if record.value is None:
                await self._bury(record, "the record is a tombstone")
            else:
                readable.append((record, envelope, record.value))
        return readable

    async def _claim(self, readable: Sequence[tuple[RawRecord, Envelope, bytes]]) -> list[Readable]:
        claims = await inbox.claim(self._conn, [(envelope.id, value) for _, envelope, value in readable])
        fresh = []
        for (record, envelope, _), claim in zip(readable, claims, strict=True):
            if claim is Claim.CONFLICTING:
                await self._bury(record, "this event id was used before with another body")
            elif claim is Claim.NEW and (item := await self._read(record, envelope)):
                fresh.append(item)
        return fresh

    async def _read(self, record: RawRecord, envelope: Envelope) -> Readable | None:
        """None for an event that is dead, parked, or of no interest to this service."""
        try:
            event = read_event(envelope, record.topic, record.value)
        except Malformed as error:
            await self._bury(record, str(error))
        except UnknownType:
            await letters.park(self._conn, record, envelope.id, envelope.type)
        else:
            if type(event) in self._handlers:
                value_hash = sha256(record.value or b"").digest()
                received = Received(envelope.id, event, envelope.traceparent, envelope.occurred_at, value_hash)
                return Readable(record, received)
        return None

    async def _apply_run(self, handler: Handler, run: Sequence[Readable], *, one_by_one: bool) -> None:
        if one_by_one:
            for item in run:
                await self._apply_one(handler, item)
        else:
            await handler(self._conn, [item.received for item in run])

    async def _apply_one(self, handler: Handler, item: Readable) -> bool:
        try:
            async with self._conn.transaction():
                await handler(self._conn, [item.received])
        except TRANSIENT:
            raise
        except NotYet:
            item.span.set_attribute(OUTCOME, "parked")
            await letters.park(self._conn, item.record, item.received.id, type(item.received.event).__name__)
            return False
        except Rejected as error:
            _fail(item.span, "dead")
            await self._bury(item.record, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a single event does to its verb, its neighbours go on
            _fail(item.span, "dead")
            await self._bury(item.record, f"{type(error).__name__} in {type(item.received.event).__name__}")
        return True

    async def _bury(self, record: RawRecord, reason: str) -> None:
        if self._dead_letters_left == 0:
            raise TooManyDeadLetters(reason)
        self._dead_letters_left -= 1
        await letters.bury(self._conn, record, reason)


@contextmanager
def _traced(items: Sequence[Readable]) -> Iterator[list[Readable]]:
    """The same items, each under a span of its own, child of the one that published it."""
    traced = [_continue(item, _start_span(item)) for item in items]
    try:
        yield traced
    except BaseException:
        for item in traced:
            _fail(item.span, "rolled back")
        raise
    finally:
        for item in traced:
            item.span.end()


def _start_span(item: Readable) -> Span:
    event, record = item.received.event, item.record
    parent = context_of(item.received.traceparent)
    span = tracer.start_span(f"process {type(event).__name__}", parent, trace.SpanKind.CONSUMER)
    if span.is_recording():
        span.set_attributes(
            {
                "messaging.destination.name": record.topic,
                "messaging.kafka.message.key": event.key(),
                "messaging.message.id": str(item.received.id),
                "messaging.message.body.size": len(record.value or b""),
            }
        )
    if isinstance(event, TipEvent) and span.is_recording():
        tag_tip(span, event.tip_id)
    return span


def _continue(item: Readable, span: Span) -> Readable:
    if not span.is_recording():
        return item
    return replace(item, received=replace(item.received, traceparent=traceparent_of(span)), span=span)


def _fail(span: Span, outcome: str) -> None:
    """Without the error's words, which may be the sender's."""
    span.set_attribute(OUTCOME, outcome)
    span.set_status(StatusCode.ERROR)
