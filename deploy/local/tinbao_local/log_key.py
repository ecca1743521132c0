"""The key that this machine's audit log is signed with, made once."""

import secrets
from pathlib import Path

from tinbao_audit.signing_key import verifier_file, write_new_key


def ensure_log_key(path: Path) -> Path:
    """The key's file; made if there is none, under a name that no other machine's log has.

    Raises FileExistsError where the verifier's half is missing: that key was being made when something broke.
    """
    if not verifier_file(path).exists():
        write_new_key(path, new_origin())
    return path


def new_origin() -> str:
    return f"localhost/tinbao/{secrets.token_hex(4)}"
