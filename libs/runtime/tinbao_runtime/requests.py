"""One server span and one measurement for each request, by route template: no address, no user agent, no query."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from uuid import UUID

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinbao_runtime.metrics import REQUESTS
from tinbao_runtime.tracing import context_of, tag_tip

tracer = trace.get_tracer(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Anything else is the sender's invention, which must make neither a label nor a name."""

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds by programs: nothing to trace or to measure."""

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""For every `FastAPI(telemetry=…)`: by default its spans hold paths and query strings, and its records hold what failed
validation."""


class RequestTelemetry:
    """ASGI middleware, in the place of FastAPI's own instrumentation."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        parent = context_of(dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1"))
        with self._span(method, parent) as span:
            try:
                await self._app(scope, receive, watch)
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                raise
            finally:
                route = getattr(scope.get("route"), "path", "unknown")
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                _tag(span, scope.get("path_params", {}))
                if status >= 500:
                    span.set_status(StatusCode.ERROR)
                REQUESTS.labels(route, method, str(status)).observe(time.perf_counter() - began)

    def _span(self, method: str, parent: Context | None) -> AbstractContextManager[Span]:
        """An exception's message may repeat what was sent, so the span does not keep it."""
        return tracer.start_as_current_span(
            method, parent, trace.SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        )


def _tag(span: Span, path_params: Mapping[str, object]) -> None:
    """With the tip that the path names, if it is an id: anything else is words of the sender."""
    with suppress(ValueError):
        tag_tip(span, UUID(str(path_params.get("tip_id"))))
