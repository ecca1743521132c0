"""The supervisor keeps small programs running and leaves none behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from tinbao_local.children import Child, ChildFailedError, Program
from tinbao_local.lock import AlreadyRunningError, held, holder, stop_holder
from tinbao_local.supervisor import Supervisor, next_delay

from tests.support.eventually import eventually

OBEYS = """
import signal, sys, time
def stop(*_):
    print("stopped {name}", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
open("{name}.ready", "w").close()
while True: time.sleep(60)
"""
IGNORES_TERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("{name}.ready", "w").close()
while True: time.sleep(60)
"""
ENDS = "raise SystemExit('no database')"


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tell=lambda _: None)
    yield supervisor
    await supervisor.stop()


def program(folder: Path, name: str, script: str = OBEYS) -> Program:
    async def is_ready() -> bool:
        return (folder / f"{name}.ready").exists()

    command = (sys.executable, "-c", script.format(name=name))
    return Program(name=name, command=command, folder=folder, log=folder / "all.log", is_ready=is_ready)


async def test_a_child_that_is_killed_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    supervisor = Supervisor(tell=told.append)
    await supervisor.start([program(tmp_path, "one")], wave=1)
    child = supervisor.children()[0]
    first = child.pid
    assert first

    os.kill(first, signal.SIGKILL)

    await eventually(lambda: child.pid not in {None, first})
    assert told == ["one ended (status -9); starting it again in 0.5 s."]
    await supervisor.stop()


def test_the_delay_doubles_to_ten_seconds_and_starts_anew_after_a_steady_run() -> None:
    delays: list[float] = []
    for lived in (1, 1, 1, 1, 1, 1, 1, 31, 1):
        delays.append(next_delay(delays[-1] if delays else None, lived))

    assert delays == [0.5, 1, 2, 4, 8, 10, 10, 0.5, 1]


async def test_waves_are_stopped_from_the_highest_however_they_were_started(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    for wave, name in [(4, "service"), (1, "postgres"), (3, "oidc"), (2, "kafka")]:
        await supervisor.start([program(tmp_path, name)], wave)

    await supervisor.stop()

    stopped = [line.removeprefix("stopped ") for line in (tmp_path / "all.log").read_text().splitlines()]
    assert stopped == ["service", "oidc", "kafka", "postgres"]


async def test_a_child_that_ends_before_it_is_ready_is_named_with_its_last_words(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    with pytest.raises(ExceptionGroup) as failure:
        await supervisor.start([program(tmp_path, "broken", ENDS), program(tmp_path, "fine")], wave=1)

    assert failure.group_contains(ChildFailedError, match=r"broken ended before it was ready\.\nno database")


async def test_a_child_that_ignores_term_is_killed_when_its_grace_is_over(tmp_path: Path) -> None:
    child = Child(program(tmp_path, "deaf", IGNORES_TERM))
    await child.start()
    await child.wait_ready()

    await child.stop(grace=timedelta(seconds=0.3))

    assert await child.wait() == -signal.SIGKILL


SUPERVISING = """
import asyncio, sys
from pathlib import Path
from tests.integration.test_supervisor import program
from tinbao_local.supervisor import Supervisor

async def main():
    folder = Path(sys.argv[1])
    await Supervisor(print).start([program(folder, "one"), program(folder, "two")], wave=1)
    (folder / "up").touch()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_no_child_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    supervising = await asyncio.create_subprocess_exec(sys.executable, "-c", SUPERVISING, str(tmp_path))
    await eventually((tmp_path / "up").exists)
    children = psutil.Process(supervising.pid).children()
    assert [is_alive(child) for child in children] == [True, True]

    supervising.kill()
    await supervising.wait()

    await eventually(lambda: not any(is_alive(child) for child in children))


HOLDING = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from tinbao_local.lock import held
    with held(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(60)
""")


def holding(path: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(path)], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_start_in_the_same_folder_says_who_runs_there(tmp_path: Path) -> None:
    lock = tmp_path / "up.pid"
    with holding(lock) as first:
        with (
            pytest.raises(AlreadyRunningError, match=f"tinbao already runs here \\(process {first.pid}\\)"),
            held(lock),
        ):
            pytest.fail("two hold one lock")
        first.kill()


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "up.pid"
    with holding(lock) as first:
        assert holder(lock) == first.pid
        first.kill()
        first.wait()

    with held(lock):
        assert holder(lock) == os.getpid()
    assert holder(lock) is None


def test_down_stops_the_holder_and_waits_for_it(tmp_path: Path) -> None:
    lock = tmp_path / "up.pid"
    with holding(lock) as running:
        started = time.monotonic()

        assert stop_holder(lock, within=timedelta(seconds=10))

        assert holder(lock) is None
        assert time.monotonic() - started < 10
        assert running.wait() == -signal.SIGTERM
    assert not stop_holder(lock, within=timedelta(seconds=10))
