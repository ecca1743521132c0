"""The files of the log's key: the private half for the worker alone, the verifier's half for everybody."""

import os
from pathlib import Path

from tinbao_audit.checkpoint import SigningKey, VerifierKey


def write_new_key(path: Path, origin: str) -> VerifierKey:
    """Make a key for a log called `origin`; its verifier's key is written beside it. Raises FileExistsError rather than
    replace one, NotAKey for a name that no note may carry.
    """
    key = SigningKey.generate(origin)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.text() + "\n")
        file.flush()
        os.fsync(file.fileno())  # what it has signed can be signed by no other
    verifier_file(path).write_text(f"{key.verifier}\n")
    return key.verifier


def read_signing_key(path: Path) -> SigningKey:
    """Raises FileNotFoundError, NotAKey."""
    return SigningKey.parse(path.read_text().strip())


def read_verifier_key(path: Path) -> VerifierKey:
    """`path` is that of the signing key, which is not opened. Raises FileNotFoundError, NotAKey."""
    return VerifierKey.parse(verifier_file(path).read_text())


def verifier_file(path: Path) -> Path:
    return path.with_suffix(".vkey")
