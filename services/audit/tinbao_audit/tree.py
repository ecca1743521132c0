"""The right edge of the growing tree: all that is needed to add leaves and to know the root."""

from collections.abc import Iterable

from tinbao_audit.merkle import EMPTY_ROOT, leaf_hash, root_of
from tinbao_audit.tiles import WIDTH, Tile, pack_entries


class GrowingTree:
    """Its state follows from the leaves alone: whoever adds the same ones gets the same tiles."""

    def __init__(self) -> None:
        self.size = 0
        self._entries: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]

    @property
    def root(self) -> bytes:
        root = None
        for hashes in self._levels:
            if nodes := [*hashes, *([root] if root else [])]:
                root = root_of(nodes)
        return root or EMPTY_ROOT

    def append(self, leaves: Iterable[bytes]) -> dict[Tile, bytes]:
        """Add leaves; the tiles and bundles that are full now, which will never change."""
        full: dict[Tile, bytes] = {}
        for leaf in leaves:
            self._entries.append(leaf)
            self._add(0, leaf_hash(leaf), full)
            self.size += 1
            if len(self._entries) == WIDTH:
                full[Tile(None, self.size // WIDTH - 1)] = pack_entries(self._entries)
                self._entries.clear()
        return full

    def edge(self) -> dict[Tile, bytes]:
        """The partial tiles and the partial bundle of this size."""
        partial: dict[Tile, bytes] = {}
        if self._entries:
            partial[Tile(None, self.size // WIDTH, len(self._entries))] = pack_entries(self._entries)
        for level, hashes in enumerate(self._levels):
            if hashes:
                number = self.size >> 8 * (level + 1)
                partial[Tile(level, number, len(hashes))] = b"".join(hashes)
        return partial

    def _add(self, level: int, node: bytes, full: dict[Tile, bytes]) -> None:
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(node)
        if len(hashes) == WIDTH:
            number = self.size >> 8 * (level + 1)  # its last leaf is not counted yet
            full[Tile(level, number)] = b"".join(hashes)
            above = root_of(hashes)
            hashes.clear()
            self._add(level + 1, above, full)
