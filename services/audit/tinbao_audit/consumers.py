"""What audit listens to: everything."""

from functools import partial

from tinbao_contracts.events import EVENTS
from tinbao_runtime.batch import Handlers

from tinbao_audit.append_leaves import append_leaves

GROUP = "audit"
PATTERN = r"^(tips|cases|proposals)\..+|^stations$|^alerts$"


def handlers(public_salt: bytes) -> Handlers:
    """One for all. An event that this release does not know is parked, and gets its leaf after the upgrade."""
    return dict.fromkeys(EVENTS, partial(append_leaves, public_salt=public_salt))
