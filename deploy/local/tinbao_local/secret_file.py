"""Passwords and keys of this machine, made once and kept in one file that only its owner may read."""

import json
import os
import secrets
from pathlib import Path


class SecretFile:
    """`secrets.json`, mode 0600. A name that is asked for the first time gets a new random value (256 bits)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def __getitem__(self, name: str) -> str:
        if name not in self._values:
            self._values[name] = secrets.token_urlsafe(32)
            self._write()
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def _write(self) -> None:
        write_private(self._path, json.dumps(self._values, indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read (0600), whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.rename(path)
