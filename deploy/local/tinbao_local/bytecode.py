"""Where our Python processes keep what they compiled."""

import sys
from collections.abc import Mapping
from pathlib import Path


def kept_in(state: Path) -> Mapping[str, str]:
    """Environment for a Python process: where the shell forbids bytecode beside the sources, the state folder has it.

    With nowhere to keep it, each process would compile all that it loads at every start: half of its starting time.
    """
    if not sys.dont_write_bytecode:
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(state / "bytecode")}
