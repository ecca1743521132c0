"""Structured logs with trace ids, and traces by the standard OTEL_* environment variables.

Nothing here logs a request. What must never appear: a tip's words, a phone number, a receipt code, an address of a
sender, a user agent.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TypeAlias

import structlog
import structlog.tracebacks
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(service: str) -> None:
    """Call once, first thing in a process. `service` is its name in logs and traces, e.g. `triage-08944-worker`."""
    _configure_traces(service)
    _configure_logs(service)


def _configure_traces(service: str) -> None:
    """OTEL_TRACES_EXPORTER: none (default), otlp (OTEL_EXPORTER_OTLP_* say where), or console."""
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "none")
    if exporter == "none":
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if exporter == "console":
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    else:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _configure_logs(service: str) -> None:
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace_ids,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.EventRenamer("message"),
            lambda _logger, _method, event: {"service": service, **event},
            structlog.processors.ExceptionRenderer(_where_it_failed),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=os.environ.get("TINBAO_LOG_LEVEL", "INFO"), force=True)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)


def _where_it_failed(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """Classes and places of an exception chain, without messages and local variables: both may hold a tip's words."""
    return [
        {"type": stack["exc_type"], "frames": [f"{f['filename']}:{f['lineno']} {f['name']}" for f in stack["frames"]]}
        for stack in structlog.tracebacks.ExceptionDictTransformer(show_locals=False)(exc_info)
    ]


def _add_trace_ids(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event
