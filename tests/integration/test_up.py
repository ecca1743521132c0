"""`tinbao up` and its companions, with real servers and small services in the place of intake and triage.

And without Zipkin, as on a machine that cannot fetch it: its starts would cost more than all else here.
"""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parent.parent.parent
COMMAND = """
import sys
from dataclasses import replace
from tinbao_local import cli, zipkin
zipkin.VERSION = "0.0.0"
cli.SERVICES = [replace(each, module="tests.support.small_service") for each in cli.SERVICES[:2]]
cli.app(sys.argv[1:])
"""
PORTS_BEFORE_OFFSET = (5433, 8101, 8102, 8125, 8180, 8201, 8202, 9092, 9093, 9411)


STATIONS = """\
code,name,communes,served_by,remote
25,Công an tỉnh Phú Thọ,,25,0
08905,Công an xã Hội Thịnh,08905,08905,0
08944,Công an xã Bình Tuyền,08944,08944,0
"""


class Tinbao:
    """The command with a state folder and ports of its own; few stations, so that it starts soon."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.output = folder / "output.txt"
        stations = folder / "stations.csv"
        stations.write_text(STATIONS)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TINBAO_HOME": str(self.state),
            "TINBAO_PORT_OFFSET": str(free_offset()),
            "TINBAO_STATIONS_FILE": str(stations),
        }

    def run(self, command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        environment = {**self.environment, **environment}
        return subprocess.run(
            self._command(command), env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    @contextmanager
    def running_up(self, launcher: str = "") -> Iterator["subprocess.Popen[bytes]"]:
        """`tinbao up`, ready; it is stopped when the block ends. `launcher` is shell that replaces itself with it."""
        shell = f'{launcher} exec "$0" "$@"'
        with self.output.open("wb") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", shell, *self._command("up")], env=self.environment, stdout=output, stderr=output
            )
        try:
            eventually(lambda: "Ctrl-C stops everything" in self.said() or process.poll() is not None)
            assert process.poll() is None, self.said()
            yield process
        finally:
            process.terminate()
            process.wait(60)

    def said(self) -> str:
        return self.output.read_text()

    def starts(self) -> list[str]:
        """What each start of the small service found in its database."""
        return (self.state / "logs" / "intake-api.log").read_text().splitlines()

    def port(self, before_offset: int) -> int:
        return before_offset + int(self.environment["TINBAO_PORT_OFFSET"])

    def _command(self, command: str) -> list[str]:
        return [sys.executable, "-c", COMMAND, *command.split()]


@pytest.fixture(scope="module")
def tinbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinbao]:
    """One for all tests here: each starts it anew, on what the one before left behind."""
    tinbao = Tinbao(tmp_path_factory.mktemp("up"))
    yield tinbao
    tinbao.run("clean")


def free_offset() -> int:
    while True:
        offset = 10_000 + secrets.randbelow(12_000)  # below 32768, where outgoing connections begin
        if all(is_free(port + offset) for port in PORTS_BEFORE_OFFSET):
            return offset


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def eventually(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_up_starts_everything_says_where_it_is_and_stops_with_all_its_children(tinbao: Tinbao) -> None:
    with tinbao.running_up() as up:
        assert f"http://127.0.0.1:{tinbao.port(8101)}" in tinbao.said()
        assert "binhtuyen.truc" in tinbao.said()
        assert len(re.findall("^ready ", tinbao.run("status").stdout, re.MULTILINE)) == 8
        assert tinbao.run("topics apply").stdout.startswith("Nothing to change")
        # Zipkin alone is missing, and that is said.
        eventually(lambda: "No traces are kept, all else runs. Zipkin could not be fetched" in tinbao.said())
        assert re.findall("^NOT READY +(.+)$", tinbao.run("status").stdout, re.MULTILINE) == ["zipkin"]
        children = psutil.Process(up.pid).children(recursive=True)

        up.send_signal(signal.SIGTERM)

        assert up.wait(60) == 0
    assert len(children) >= 8
    assert not [child for child in children if is_alive(child)]


def test_a_second_up_says_who_runs_and_down_stops_it(tinbao: Tinbao) -> None:
    with tinbao.running_up() as up:
        second = tinbao.run("up")
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        assert f"already runs here (process {up.pid})" in second.stderr

        assert tinbao.run("down").stdout == "tinbao has stopped.\n"

        assert up.wait(1) == 0
    assert tinbao.run("down").stdout == "tinbao does not run here.\n"


def test_a_later_up_finds_the_data_of_the_one_before_even_if_that_was_killed(tinbao: Tinbao) -> None:
    with tinbao.running_up() as up:
        before = len(tinbao.starts())
        up.kill()
        up.wait()

    with tinbao.running_up():
        assert tinbao.starts()[-1] == f"start number {before + 1}"


def test_int_stops_it_even_where_a_shell_in_the_background_ignores_int(tinbao: Tinbao) -> None:
    with tinbao.running_up(launcher="trap '' INT;") as up:
        up.send_signal(signal.SIGINT)

        assert up.wait(60) == 0


def test_a_port_in_use_is_named_with_what_needs_it(tinbao: Tinbao) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", tinbao.port(9092)))
        other.listen()

        refused = tinbao.run("up")

    assert refused.returncode == 1
    assert f"Port {tinbao.port(9092)} is in use by another program, and tinbao needs it for Kafka" in refused.stderr


@pytest.mark.parametrize(("entry_point", "sentence"), [("migrate", "could not be migrated"), ("api", "ended before")])
def test_a_service_that_cannot_start_is_named_and_nothing_stays_behind(
    tinbao: Tinbao, entry_point: str, sentence: str
) -> None:
    failed = tinbao.run("up", REFUSE=entry_point)

    assert failed.returncode == 1
    assert sentence in failed.stderr
    assert f"{entry_point} refuses" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert all(is_free(tinbao.port(port)) for port in PORTS_BEFORE_OFFSET)


def test_clean_stops_it_and_leaves_nothing(tinbao: Tinbao) -> None:
    with tinbao.running_up() as up:
        assert tinbao.run("clean").returncode == 0

        assert up.wait(1) == 0
    assert not tinbao.state.exists()
