"""Traces explain a service and must never trouble it: a collector that is away costs two lines of log, not one a batch.

Exporting is done in a thread of its own (BatchSpanProcessor), which drops the oldest spans when they pile up.
"""

from collections.abc import Sequence

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

log = structlog.get_logger(__name__)


class TolerantExporter(SpanExporter):
    """Never raises. Says once that spans are lost, and once that they are taken again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._works = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result, reason = self._exporter.export(spans), "refused"
        except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on
            result, reason = SpanExportResult.FAILURE, type(error).__name__
        self._tell(result is SpanExportResult.SUCCESS, reason)
        return result

    def _tell(self, works: bool, reason: str) -> None:
        if self._works and not works:
            log.warning("traces are lost until their collector answers", reason=reason)
        if works and not self._works:
            log.info("traces are taken again")
        self._works = works

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)
