"""One `tinbao up` for each state folder. The kernel frees the lock when its holder is gone, however it went."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

POLL_SECONDS = 0.1


class AlreadyRunningError(Exception):
    """Another process holds the lock; `pid` is its id."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"tinbao already runs here (process {pid}); stop it with Ctrl-C there, or with make down.")
        self.pid = pid


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold the lock while the block runs; gives whether the holder before was killed. Raises AlreadyRunningError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunningError(int(file.read() or 0)) from None
        file.seek(0)
        was_killed = bool(file.read())
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield was_killed
        finally:
            file.truncate(0)


def holder(path: Path) -> int | None:
    """The process that holds the lock now."""
    if not path.exists():
        return None
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read() or 0)
    return None


def stop_holder(path: Path, within: timedelta) -> bool:
    """Ask the holder to stop and wait until it has; kill it when the time is over. False if nobody held the lock."""
    pid = holder(path)
    if not pid:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + within.total_seconds()
    while holder(path) == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)  # its children end with it
            break
        time.sleep(POLL_SECONDS)
    return True
