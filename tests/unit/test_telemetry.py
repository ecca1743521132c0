"""Logs are JSON with trace ids, and neither logs nor spans hold what people wrote.

`configure` is for a whole process, so each test asks a process of its own.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tinbao_runtime import kafka, metrics, requests
from tinbao_runtime.tolerant_exporter import TolerantExporter

from tests.support.runtime import a_settings_object

SECRET = "anh Ba ban ma tuy 0912345678"
START = f"""
import asyncio, logging, structlog
from opentelemetry import trace
from tinbao_runtime import telemetry
telemetry.configure("triage-08944-worker")
log = structlog.get_logger("test")
SECRET = "{SECRET}"

def fail():
    phone = SECRET
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        error.add_note(SECRET)
        raise KeyError(phone) from error
"""


def logged(program: str, **environment: str) -> list[dict[str, Any]]:
    """What a process writes that runs this; nothing of it may hold the secret."""
    done = subprocess.run(
        [sys.executable, "-c", START + program],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_is_json_with_its_service_time_level_and_values() -> None:
    (line,) = logged('log.info("case opened", station="Bá Hiến", number=7)')

    assert line["message"] == "case opened"
    assert line["station"] == "Bá Hiến"
    assert line["number"] == 7
    assert (line["service"], line["level"], line["logger"]) == ("triage-08944-worker", "info", "test")
    assert line["timestamp"].endswith("Z")


def test_a_logged_exception_is_its_classes_and_places_only() -> None:
    (line,) = logged("""
try:
    fail()
except KeyError:
    log.exception("failed")
""")

    assert [stack["type"] for stack in line["exception"]] == ["KeyError", "ValueError"]
    assert line["exception"][0]["frames"][-1].endswith(" fail")


def test_the_exceptions_of_a_group_are_told_one_by_one() -> None:
    (line,) = logged("""
try:
    raise ExceptionGroup(SECRET, [ValueError(SECRET), OSError(SECRET)])
except ExceptionGroup:
    log.exception("failed")
""")

    assert [chain[0]["type"] for chain in line["exception"][0]["exceptions"]] == ["ValueError", "OSError"]


def test_libraries_that_log_an_exception_show_as_little() -> None:
    (line,) = logged("""
try:
    fail()
except KeyError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
""")

    assert line["logger"] == "uvicorn.error"
    assert line["exception"][0]["type"] == "KeyError"


def test_a_task_that_nobody_waited_for_shows_as_little() -> None:
    (line,) = logged("""
async def main():
    async def broken():
        fail()
    asyncio.create_task(broken())
    await asyncio.sleep(0)
asyncio.run(main())
""")

    assert line["message"] == "Task exception was never retrieved"
    assert line["exception"][0]["type"] == "KeyError"


def test_what_ends_the_process_is_logged_as_little() -> None:
    (line,) = logged("fail()")

    assert (line["message"], line["level"]) == ("process ends", "critical")


def test_a_line_inside_a_span_has_its_trace() -> None:
    program = """
from opentelemetry.sdk.trace import TracerProvider
with TracerProvider().get_tracer("x").start_as_current_span("request") as span:
    log.info("inside")
    logging.getLogger("other").warning("also inside")
log.info("outside", expected=trace.format_trace_id(span.get_span_context().trace_id))
"""
    inside, also, outside = logged(program)

    assert inside["trace_id"] == also["trace_id"] == outside["expected"]
    assert len(inside["span_id"]) == 16
    assert "trace_id" not in outside


def test_nothing_is_traced_unless_an_exporter_is_named() -> None:
    (line,) = logged('log.info("x", recording=trace.get_tracer("x").start_span("y").is_recording())')

    assert line["recording"] is False


def test_the_standard_variable_names_the_exporter() -> None:
    (line,) = logged(
        'log.info("x", recording=trace.get_tracer("x").start_span("y").is_recording())',
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )

    assert line["recording"] is True


def test_an_exporter_that_we_do_not_have_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START],
        capture_output=True,
        text=True,
        env={"OTEL_TRACES_EXPORTER": "paper"},
        timeout=60,
        check=False,
    )

    assert "OTEL_TRACES_EXPORTER is none, otlp, console or an installed exporter, not paper" in done.stderr


SPANS_UNTIL_IT_IS_KNOWN = """
import time
from tinbao_runtime.tolerant_exporter import TolerantExporter
exports, export = [], TolerantExporter.export
TolerantExporter.export = lambda *arguments: exports.append(export(*arguments))
deadline = time.monotonic() + 30
while len(exports) < 5 and time.monotonic() < deadline:
    trace.get_tracer("x").start_span("y").end()
    time.sleep(0.01)
log.info("done", exports=len(exports))
telemetry.end()
"""


@pytest.mark.parametrize(
    ("exporter", "where"),
    [("otlp", "OTEL_EXPORTER_OTLP_ENDPOINT"), ("zipkin_json", "OTEL_EXPORTER_ZIPKIN_ENDPOINT")],
)
def test_a_collector_that_is_away_costs_one_line(exporter: str, where: str) -> None:
    away = {where: "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "0.2", "OTEL_BSP_SCHEDULE_DELAY": "10"}

    told, done = logged(SPANS_UNTIL_IT_IS_KNOWN, OTEL_TRACES_EXPORTER=exporter, **away)

    assert (told["level"], told["message"]) == ("warning", "traces are lost until their collector answers")
    assert done["exports"] >= 5


def test_a_collector_that_comes_back_is_told_of_too() -> None:
    class Collector(SpanExporter):
        answers = iter([SpanExportResult.FAILURE, SpanExportResult.FAILURE, SpanExportResult.SUCCESS])

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - the interface
            return next(self.answers)

    exporter = TolerantExporter(Collector())
    with structlog.testing.capture_logs() as told:
        results = [exporter.export([]) for _ in range(3)]

    assert results == [SpanExportResult.FAILURE, SpanExportResult.FAILURE, SpanExportResult.SUCCESS]
    assert [line["event"] for line in told] == [
        "traces are lost until their collector answers",
        "traces are taken again",
    ]


def test_a_collector_that_never_answers_holds_no_process_up() -> None:
    program = """
import time
trace.get_tracer("x").start_span("y").end()
began = time.monotonic()
telemetry.end()
log.info("ended", seconds=time.monotonic() - began)
"""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (line, *_) = logged(program, OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)

    assert line["message"] == "ended"
    assert line["seconds"] < 8, "the exporter's own patience is ten seconds, its processor's thirty"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(requests, "tracer", provider.get_tracer("test"))
    return exporter


def an_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(requests.RequestTelemetry)

    @app.get("/v1/cases/{case_id}")
    def read(case_id: str) -> str:
        if case_id == "broken":
            raise ValueError(SECRET)
        return case_id

    return app


def test_a_request_is_one_span_by_its_route_without_address_agent_or_query(spans: InMemorySpanExporter) -> None:
    with TestClient(an_app()) as client:
        client.get(f"/v1/cases/abc?note={SECRET}", headers={"user-agent": SECRET})

    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind) == ("GET /v1/cases/{case_id}", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {"http.route": "/v1/cases/{case_id}", "http.response.status_code": 200}


def test_a_request_about_a_tip_is_found_by_its_id_and_words_in_the_place_of_an_id_are_not_kept(
    spans: InMemorySpanExporter,
) -> None:
    app, tip_id = an_app(), uuid4()

    @app.get("/v1/tips/{tip_id}")
    def read(tip_id: str) -> str:
        return tip_id

    with TestClient(app) as client:
        client.get(f"/v1/tips/{tip_id}")
        client.get(f"/v1/tips/{SECRET}")

    by_id, by_words = spans.get_finished_spans()
    assert (by_id.attributes or {})["tip.id"] == str(tip_id)
    assert "tip.id" not in (by_words.attributes or {})
    assert SECRET not in by_words.to_json()


def test_what_only_asks_whether_a_service_lives_leaves_no_span(spans: InMemorySpanExporter) -> None:
    with TestClient(an_app()) as client:
        for path in ("/livez", "/readyz", "/metrics"):
            client.get(path)

    assert spans.get_finished_spans() == ()


def test_a_request_continues_the_callers_trace(spans: InMemorySpanExporter) -> None:
    with TestClient(an_app()) as client:
        client.get("/v1/cases/abc", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})

    (span,) = spans.get_finished_spans()
    assert span.parent is not None
    assert (span.parent.trace_id, span.parent.span_id) == (int("a" * 32, 16), int("b" * 16, 16))


def test_a_failed_requests_span_does_not_hold_the_exceptions_message(spans: InMemorySpanExporter) -> None:
    with TestClient(an_app(), raise_server_exceptions=False) as client:
        client.get("/v1/cases/broken")

    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert not span.events
    assert SECRET not in span.to_json()


def test_a_request_is_measured_by_its_route(spans: InMemorySpanExporter) -> None:
    labels = {"route": "/v1/cases/{case_id}", "method": "GET", "status": "200"}
    before = metrics.REGISTRY.get_sample_value("tinbao_request_seconds_count", labels) or 0

    with TestClient(an_app()) as client:
        client.get("/v1/cases/abc")

    assert metrics.REGISTRY.get_sample_value("tinbao_request_seconds_count", labels) == before + 1


async def test_a_broker_over_tls_is_asked_for_its_certificate() -> None:
    settings = a_settings_object("postgresql://none", kafka_security_protocol="SASL_SSL")

    context = kafka.connection(settings)["ssl_context"]

    assert context.check_hostname
    producer = kafka.producer(settings)
    await producer.stop()
