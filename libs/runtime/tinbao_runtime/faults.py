"""Named points in the code path at which a test may kill or freeze the process. Without the variable they do nothing.

TINBAO_FAULT="relay.acknowledged:KILL:500" sends this process SIGKILL when that point is reached for the 500th time.
"""

import os
import signal
from dataclasses import dataclass


@dataclass(slots=True)
class Fault:
    point: str
    signal: signal.Signals
    left: int

    @classmethod
    def parse(cls, text: str) -> "Fault":
        point, name, count = text.split(":")
        return cls(point, signal.Signals[f"SIG{name}"], int(count))


_fault = Fault.parse(os.environ["TINBAO_FAULT"]) if os.environ.get("TINBAO_FAULT") else None


def reach(point: str, times: int = 1) -> None:
    """Say that the code path is here; `times` counts rows where a batch passes at once."""
    if _fault is None or _fault.point != point:
        return
    _fault.left -= times
    if _fault.left <= 0:
        _fault.left = 1 << 60
        os.kill(os.getpid(), _fault.signal)
