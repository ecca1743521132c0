"""W3C trace context as the one string that travels in outbox rows and record headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()


def traceparent_of(span: Span) -> str | None:
    """None where nothing is traced."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent")


def tag_tip(span: Span, tip_id: UUID) -> None:
    """The tag by which a tip's whole life is found, in whatever traces it was."""
    span.set_attribute("tip.id", str(tip_id))


def context_of(traceparent: str | None) -> Context | None:
    """The context to continue; a malformed value starts a new trace."""
    return _propagator.extract({"traceparent": traceparent}) if traceparent else None


@contextmanager
def continued(traceparent: str | None) -> Iterator[None]:
    """What happens inside, its logs and what it enqueues belong to this trace."""
    token = context.attach(context_of(traceparent) or Context())
    try:
        yield
    finally:
        context.detach(token)
