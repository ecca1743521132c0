"""The published log out of its files: entries, and the hashes that proofs are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinbao_audit import merkle
from tinbao_audit.checkpoint import Checkpoint, VerifierKey
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.merkle import HASH_BYTES
from tinbao_audit.tiles import WIDTH, Tile, bundle_holding, tile_holding, unpack_entries


class NotPublished(Exception):
    """There is no checkpoint yet."""


class OutOfLog(Exception):
    """The published log has no such index or size."""


@dataclass(frozen=True, slots=True)
class Published:
    """The log as it was when its checkpoint was read; it only grows."""

    folder: LogFolder
    note: str
    checkpoint: Checkpoint

    @property
    def size(self) -> int:
        return self.checkpoint.size

    def entry(self, index: int) -> bytes:
        """Raises OutOfLog."""
        self._check(0 <= index < self.size)
        return unpack_entries(self._read(bundle_holding(index, self.size)))[index % WIDTH]

    def last_entries(self, count: int) -> list[tuple[int, bytes]]:
        """The newest first, with their indexes."""
        return [(index, self.entry(index)) for index in range(self.size - 1, max(-1, self.size - 1 - count), -1)]

    def inclusion_proof(self, index: int, size: int) -> Sequence[bytes]:
        """Raises OutOfLog."""
        self._check(0 <= index < size <= self.size)
        return merkle.inclusion_proof(self._subtree, index, size)

    def consistency_proof(self, old: int, new: int) -> Sequence[bytes]:
        """Raises OutOfLog."""
        self._check(0 <= old <= new <= self.size)
        return merkle.consistency_proof(self._subtree, old, new)

    def root(self, size: int) -> bytes:
        """Raises OutOfLog."""
        self._check(0 <= size <= self.size)
        return merkle.range_root(self._subtree, 0, size)

    def _subtree(self, height: int, position: int) -> bytes:
        level, inside = divmod(height, 8)
        first = position << inside
        hashes = self._read(tile_holding(level, first, self.size))
        start = first % WIDTH * HASH_BYTES
        wanted = hashes[start : start + (HASH_BYTES << inside)]
        return merkle.root_of([wanted[i : i + HASH_BYTES] for i in range(0, len(wanted), HASH_BYTES)])

    def _read(self, tile: Tile) -> bytes:
        """A partial tile may have been filled, and removed, since the checkpoint was read."""
        try:
            return self.folder.read(tile)
        except FileNotFoundError:
            return self.folder.read(tile.full)

    def _check(self, is_inside: bool) -> None:
        if not is_inside:
            raise OutOfLog(f"the published log has {self.size} entries")


def read_published(folder: LogFolder, key: VerifierKey) -> Published:
    """Raises NotPublished, BadCheckpoint."""
    note = folder.note()
    if note is None:
        raise NotPublished
    return Published(folder, note, Checkpoint.open(note, key))
