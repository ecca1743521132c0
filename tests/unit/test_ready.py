"""A container's health check says what the process in the container says of itself."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tinbao_runtime import ready

from tests.support.servers import free_port


class Answers(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the test's screen."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def exit_status(monkeypatch: pytest.MonkeyPatch, http_port: int, *arguments: str) -> object:
    monkeypatch.setenv("TINBAO_HTTP_PORT", str(http_port))
    monkeypatch.setattr(sys, "argv", ["ready", *arguments])
    with pytest.raises(SystemExit) as end:
        ready.main()
    return end.value.code


def test_an_api_that_is_ready_is_healthy(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    assert exit_status(monkeypatch, port, "api") == 0


def test_a_worker_is_asked_on_its_own_port(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    assert exit_status(monkeypatch, port - 100, "worker") == 0


def test_what_is_not_ready_is_not_healthy(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setattr(Answers, "status", 503)

    assert exit_status(monkeypatch, port, "api") == 1


def test_what_does_not_answer_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_status(monkeypatch, free_port(), "api") == 1
