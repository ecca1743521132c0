"""The log as files, named as their URLs: a copy of this folder is all that an auditor needs."""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tinbao_audit.tiles import Tile

CHECKPOINT = "checkpoint"


class Overtaken(Exception):
    """A larger tree was published meanwhile: this process does not lead any more."""


class LogFolder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, tile: Tile) -> bytes:
        """Raises FileNotFoundError."""
        return (self.path / tile.name).read_bytes()

    def has(self, tile: Tile) -> bool:
        return (self.path / tile.name).exists()

    def note(self) -> str | None:
        """The published checkpoint; None before the first."""
        try:
            return (self.path / CHECKPOINT).read_text("utf-8")
        except FileNotFoundError:
            return None

    def write(self, files: Mapping[Tile, bytes]) -> None:
        """When this returns they survive a loss of power. Writing the same again changes nothing."""
        for tile, content in files.items():
            self._place(self.path / tile.name, content)
        self._sync_folders(self.path / tile.name for tile in files)

    def publish(self, note: str, size: int) -> None:
        """Replace the checkpoint, whole or not at all. Raises Overtaken rather than go back to a smaller tree."""
        with self._locked():
            published = self.note()
            if published and _size(published) > size:
                raise Overtaken
            path = self.path / CHECKPOINT
            self._place(path, note.encode())
            self._sync_folders([path])

    def tidy(self, full: Iterable[Tile]) -> None:
        """Remove the partial tiles of tiles that are full, published and no longer asked for."""
        for tile in full:
            shutil.rmtree(self.path / f"{tile.name}.p", ignore_errors=True)

    def names(self) -> Iterator[str]:
        """Everything below `tile/`, in order."""
        files = (path for path in sorted((self.path / "tile").rglob("*")) if path.is_file())
        return (path.relative_to(self.path).as_posix() for path in files)

    def _place(self, path: Path, content: bytes) -> None:
        self._make_folder(path.parent)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)

    def _make_folder(self, folder: Path) -> None:
        """A new folder is an entry of the one above it, which must last as well."""
        if not folder.exists():
            self._make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            _sync(folder.parent)

    def _sync_folders(self, paths: Iterable[Path]) -> None:
        for folder in {path.parent for path in paths}:
            _sync(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._make_folder(self.path)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _size(note: str) -> int:
    return int(note.split("\n")[1])


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
