"""Everything that can be watched of a process: its logs, spans and metrics, as one text to look for words in."""

import logging
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from tinbao_runtime import metrics, requests


@dataclass(frozen=True)
class Watched:
    own_logs: Sequence[MutableMapping[str, Any]]
    other_logs: pytest.LogCaptureFixture
    spans: InMemorySpanExporter

    def everything(self) -> str:
        lines = [*map(str, self.own_logs), *(str(vars(record)) for record in self.other_logs.records)]
        spans = [span.to_json() for span in self.spans.get_finished_spans()]
        return "\n".join([*lines, *spans, generate_latest(metrics.REGISTRY).decode()])

    def assert_free_of(self, *words: str) -> None:
        """Something was watched, and none of the words is in it."""
        assert self.spans.get_finished_spans()
        seen = self.everything()
        assert [word for word in words if word in seen] == []


def watching(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    """For a fixture. Every logger of the process, at its most talkative."""
    provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(requests, "tracer", provider.get_tracer("test"))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)  # for whoever asks only now: a library's own spans
    caplog.set_level(logging.WARNING, "httpx")  # the test's own client
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as own_logs:
        yield Watched(own_logs, caplog, exporter)
    provider.shutdown()
