"""Structured logs with trace ids, and traces by the standard OTEL_* environment variables.

Nothing here logs a request. What must never appear: a tip's words, a phone number, a receipt code, an address of a
sender, a user agent. An exception's message may hold any of them (a broken constraint quotes the row), so exceptions
are logged as classes and places only.
"""

import logging
import os
import sys
import time
from collections.abc import MutableMapping
from importlib.metadata import entry_points
from threading import Thread
from types import TracebackType
from typing import Any, TypeAlias

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor, SpanExporter
from structlog.tracebacks import ExceptionDictTransformer

from tinbao_runtime.tolerant_exporter import TolerantExporter

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]
LogEntry: TypeAlias = MutableMapping[str, Any]

REPEATED_SECONDS = 10.0
LAST_SPANS_SECONDS = 2.0


def configure(service: str) -> None:
    """Call once, first thing in a process. `service` is its name in logs and traces, e.g. `triage-08944-worker`."""
    _configure_traces(service)
    _configure_logs(service)


def end() -> None:
    """Call once, last thing: the last spans leave, if they leave soon. A collector that hangs holds nobody up."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        leaving = Thread(target=provider.shutdown, daemon=True)
        leaving.start()
        leaving.join(LAST_SPANS_SECONDS)


def _configure_traces(service: str) -> None:
    processor = _span_processor(os.environ.get("OTEL_TRACES_EXPORTER", "none"))
    if processor is not None:
        # Not at exit: there it would wait for thirty seconds.
        provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
        provider.add_span_processor(processor)
        trace.set_tracer_provider(provider)


def _span_processor(exporter: str) -> SpanProcessor | None:
    """OTEL_TRACES_EXPORTER: none (default), otlp (OTEL_EXPORTER_OTLP_* say where), console, or an installed one."""
    match exporter:
        case "none":
            return None
        case "console":
            return SimpleSpanProcessor(ConsoleSpanExporter())
        case _:
            return BatchSpanProcessor(TolerantExporter(_exporter(exporter)))


def _exporter(name: str) -> SpanExporter:
    """Loaded only where it is wanted: its protobuf would cost every process a fifth of a second."""
    found = entry_points(group="opentelemetry_traces_exporter", name="otlp_proto_http" if name == "otlp" else name)
    if not found:
        raise ValueError(f"OTEL_TRACES_EXPORTER is none, otlp, console or an installed exporter, not {name}")
    exporter: SpanExporter = next(iter(found)).load()()
    return exporter


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
        foreign_pre_chain=[*shared, _shorten_asyncio],
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
    handler.addFilter(_Rarely("aiokafka", "opentelemetry"))
    logging.basicConfig(handlers=[handler], level=os.environ.get("TINBAO_LOG_LEVEL", "INFO"), force=True)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)  # TolerantExporter says it, and once
    sys.excepthook = _log_uncaught


class _Rarely(logging.Filter):
    """Lets each line of a library pass once in ten seconds. While a broker is away it says so dozens of times a second,
    which would fill a disk."""

    def __init__(self, *libraries: str) -> None:
        super().__init__()
        self._libraries = libraries
        self._said_at: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in self._libraries:
            return True
        line, at = (record.pathname, record.lineno), time.monotonic()
        is_new = at - self._said_at.get(line, -REPEATED_SECONDS) >= REPEATED_SECONDS
        if is_new:
            self._said_at[line] = at
        return is_new


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    structlog.get_logger(__name__).critical("process ends", exc_info=(kind, error, traceback))


def _where_it_failed(exc_info: ExcInfo) -> list[dict[str, Any]]:
    return _places(ExceptionDictTransformer(show_locals=False)(exc_info))


def _places(stacks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Classes and places of an exception chain and of the groups in it, without messages, notes and variables."""
    return [
        {
            "type": stack["exc_type"],
            "frames": [f"{f['filename']}:{f['lineno']} {f['name']}" for f in stack["frames"]],
            **({"exceptions": [_places(s) for s in stack["exceptions"]]} if stack["is_group"] else {}),
        }
        for stack in stacks
    ]


def _shorten_asyncio(_: Any, __: str, event: LogEntry) -> LogEntry:
    """asyncio's message about a lost task goes on with the task's repr, which has the exception's message in it."""
    if event["logger"] == "asyncio":
        event["event"] = event["event"].splitlines()[0]
    return event


def _add_trace_ids(_: Any, __: str, event: LogEntry) -> LogEntry:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event
