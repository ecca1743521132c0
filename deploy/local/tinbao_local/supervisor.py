"""Keep programs running: restart the ones that end, and stop them in order."""

import asyncio
import time
from collections.abc import Callable, Iterable

from tinbao_local.children import Child, Program

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 10.0
STEADY_AFTER_SECONDS = 30.0


def next_delay(previous_seconds: float | None, lived_seconds: float) -> float:
    """How long to wait before the next start: it doubles with each run that ended soon."""
    if previous_seconds is None or lived_seconds >= STEADY_AFTER_SECONDS:
        return FIRST_DELAY_SECONDS
    return min(previous_seconds * 2, LONGEST_DELAY_SECONDS)


class Supervisor:
    """`tell` gets a sentence whenever a child ends by itself or is started again."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._waves: dict[int, list[Child]] = {}
        self._watchers: list[asyncio.Task[None]] = []

    async def start(self, programs: Iterable[Program], wave: int) -> None:
        """All at once; returns when each is ready, and from then on starts each again whenever it ends.

        Higher waves are stopped first. Raises an ExceptionGroup of ChildFailedError; what has started is still there.
        """
        children = [Child(program) for program in programs]
        self._waves.setdefault(wave, []).extend(children)
        async with asyncio.TaskGroup() as starting:
            for child in children:
                starting.create_task(self._start(child))

    async def stop(self) -> None:
        """Each child has its grace, then it is killed. A wave waits until the one above it has ended."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for wave in sorted(self._waves, reverse=True):
            await asyncio.gather(*(child.stop() for child in self._waves.pop(wave)))

    def children(self) -> list[Child]:
        return [child for wave in self._waves.values() for child in wave]

    async def _start(self, child: Child) -> None:
        await child.start()
        await child.wait_ready()
        self._watchers.append(asyncio.create_task(self._keep_running(child)))

    async def _keep_running(self, child: Child) -> None:
        delay = None
        while True:
            started = time.monotonic()
            status = await child.wait()
            delay = next_delay(delay, lived_seconds=time.monotonic() - started)
            self._tell(f"{child.program.name} ended (status {status}); starting it again in {delay:g} s.")
            await asyncio.sleep(delay)
            await child.start()
