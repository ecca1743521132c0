"""Zipkin is what explains the product: it keeps nobody from starting it, nor from stopping it."""

import asyncio
import io
import threading
from pathlib import Path
from typing import Any

import pytest
from jgo.maven import MavenContext
from rich.console import Console
from tinbao_local import up
from tinbao_local.checks import wanted_ports
from tinbao_local.installation import Installation
from tinbao_local.jars import JarsMissingError
from tinbao_local.processes import SERVICES, environment
from tinbao_local.screen import Screen
from tinbao_local.secret_file import SecretFile
from tinbao_local.supervisor import Supervisor
from tinbao_local.zipkin import Zipkin


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    return Installation(tmp_path, 0, None, SecretFile(tmp_path / "secrets.json"))


def starting(at: Installation, said: io.StringIO) -> "asyncio.Task[bool]":
    screen = Screen(Console(file=said))
    return asyncio.create_task(up._start_zipkin(at, screen, Supervisor(screen.tell)))


def test_a_first_start_without_network_says_that_it_needs_one(
    at: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: Any) -> Any:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(MavenContext, "project", unreachable)

    with pytest.raises(JarsMissingError, match=r"Zipkin could not be fetched .* needs the network"):
        at.zipkin.prepare()


async def test_what_cannot_be_started_is_said_and_ends_nothing(
    at: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    monkeypatch.setattr(
        Zipkin, "prepare", lambda at: at.program().folder.mkdir()
    )  # no argument file: Java will not run

    assert await starting(at, said) is False

    assert "No traces are kept, all else runs. zipkin ended before it was ready." in said.getvalue()


async def test_a_folder_that_cannot_be_written_is_said_and_ends_nothing(at: Installation) -> None:
    said = io.StringIO()
    (at.state / "zipkin").write_text("no folder")

    assert await starting(at, said) is False

    assert "No traces are kept, all else runs." in said.getvalue()


async def test_stopping_does_not_wait_for_a_download(at: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    began, arrived = threading.Event(), threading.Event()

    def download(_: Zipkin) -> None:
        began.set()
        arrived.wait(60)

    monkeypatch.setattr(Zipkin, "prepare", download)
    task = starting(at, io.StringIO())
    await asyncio.to_thread(began.wait, 10)

    task.cancel()

    assert (await asyncio.wait([task], timeout=10))[0] == {task}
    assert not arrived.is_set()
    arrived.set()


def test_services_send_their_spans_to_it_unless_the_shell_says_where(
    at: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = SERVICES[0]
    assert environment(at, intake)["OTEL_EXPORTER_ZIPKIN_ENDPOINT"] == "http://127.0.0.1:9411/api/v2/spans"
    assert wanted_ports(at, SERVICES)[9411] == "Zipkin"

    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")

    assert not [name for name in environment(at, intake) if name.startswith("OTEL_")]
    assert 9411 not in wanted_ports(at, SERVICES)
