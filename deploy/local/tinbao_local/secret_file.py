"""Passwords and keys of this machine, made once and kept in one file that only its owner may read."""

import fcntl
import json
import os
import secrets
from pathlib import Path


class SecretFile:
    """`secrets.json`, mode 0600. A name that is asked for the first time gets a new random value (256 bits).

    Several processes may ask at once: whoever makes a value does it under a lock, and reads the file again first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = self._read()

    def __getitem__(self, name: str) -> str:
        if name not in self._values:
            self._make(name)
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def _read(self) -> dict[str, str]:
        values: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}
        return values

    def _make(self, name: str) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_name(self._path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._values = self._read()
            if name in self._values:
                return
            self._values[name] = secrets.token_urlsafe(32)
            write_private(self._path, json.dumps(self._values, indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read (0600), whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.rename(path)
