"""One operating system process of ours: how it is started, when it is ready, how it is stopped."""

import asyncio
import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
READINESS_POLL_SECONDS = 0.1


class ChildFailedError(Exception):
    """A process ended before it was ready, or was not ready in time. The text ends with its last log lines."""


@dataclass(frozen=True)
class Program:
    """What to run.

    `account` is for root only: whom to run as. `environment` is added to ours. `is_ready` makes one attempt
    and never raises. `log` is appended to.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    is_ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: pwd.struct_passwd | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphaned_signal: signal.Signals = signal.SIGKILL
    """What it gets when we are gone without having stopped it."""
    ready_within: timedelta = timedelta(seconds=60)


class Child:
    """A running `Program`. It may be started again after it ended."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        program, account = self.program, self.program.account
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **program.environment},
                cwd=program.folder,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle, in order
                preexec_fn=_dies_with_parent(program.orphaned_signal),
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )

    async def wait_ready(self) -> None:
        """Raises ChildFailedError."""
        within = self.program.ready_within
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not await self.program.is_ready():
                    if not self.is_running:
                        raise ChildFailedError(f"{self.program.name} ended before it was ready.\n{self.last_words()}")
                    await asyncio.sleep(READINESS_POLL_SECONDS)
        except TimeoutError:
            raise ChildFailedError(f"{self.program.name} was not ready after {within}.\n{self.last_words()}") from None

    async def wait(self) -> int:
        """Until it ends; its exit status, negative for a signal."""
        if self._process is None:
            raise RuntimeError(f"{self.program.name} was never started")
        return await self._process.wait()

    async def stop(self, grace: timedelta = timedelta(seconds=20)) -> None:
        """Ask it to stop; kill it, and what it started, when the grace is over. Does nothing if it has ended."""
        if not self.is_running or self._process is None:
            return
        self._process.send_signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(grace.total_seconds()):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL to its whole session, as a power cut would."""
        if self.is_running and self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    def last_words(self, lines: int = 8) -> str:
        text = self.program.log.read_text(errors="replace") if self.program.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def _dies_with_parent(orphaned_signal: signal.Signals) -> Callable[[], None] | None:
    """Linux tells the child when its parent is gone, so that even a killed supervisor leaves no orphan.

    The kernel means the *thread* that started the child: start children from one that lives as long as they should.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork, where loading would be unsafe

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, orphaned_signal.value, 0, 0, 0)

    return ask
