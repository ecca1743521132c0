"""Names and contents of tiles and entry bundles (c2sp.org/tlog-tiles)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

WIDTH = 256
MAX_LEAF_BYTES = 0xFFFF

_NAME = re.compile(
    r"tile/(?P<level>0|[1-9][0-9]?|entries)/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class NotATile(Exception):
    """No tile has this name, or these bytes."""


@dataclass(frozen=True, slots=True)
class Tile:
    """`level` is None for an entry bundle. `width` counts hashes or entries; 256 is a full one."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def name(self) -> str:
        level = "entries" if self.level is None else str(self.level)
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{_digits(self.number)}{partial}"

    @classmethod
    def named(cls, name: str) -> Self:
        """Raises NotATile for any but the one right spelling."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise NotATile(name)
        level = None if match["level"] == "entries" else int(match["level"])
        tile = cls(level, int(re.sub("[x/]", "", match["number"])), int(match["width"] or WIDTH))
        if tile.name != name or (level or 0) > 63:
            raise NotATile(name)
        return tile

    @property
    def full(self) -> "Tile":
        return Tile(self.level, self.number)

    @property
    def first(self) -> int:
        """The position of its first hash in its level, or of its first entry in the log."""
        return self.number * WIDTH


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and bundle of a tree of this size, bundles first."""
    yield from _row(None, size)
    level = 0
    while size:
        yield from _row(level, size)
        size, level = size // WIDTH, level + 1


def _row(level: int | None, hashes: int) -> Iterator[Tile]:
    yield from (Tile(level, number) for number in range(hashes // WIDTH))
    if hashes % WIDTH:
        yield Tile(level, hashes // WIDTH, hashes % WIDTH)


def tile_holding(level: int, position: int, size: int) -> Tile:
    """The tile of a tree of `size` leaves that has the hash at `position` of `level`."""
    hashes = size >> (8 * level)
    number = position // WIDTH
    return Tile(level, number, min(WIDTH, hashes - number * WIDTH))


def bundle_holding(index: int, size: int) -> Tile:
    number = index // WIDTH
    return Tile(None, number, min(WIDTH, size - number * WIDTH))


def pack_entries(leaves: Sequence[bytes]) -> bytes:
    """Each with its length before it, as a big-endian uint16. Raises OverflowError for a leaf that is too long."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def unpack_entries(packed: bytes) -> list[bytes]:
    """Raises NotATile where the lengths do not add up."""
    leaves, place = [], 0
    while place < len(packed):
        start = place + 2
        place = start + int.from_bytes(packed[start - 2 : start], "big")
        if place > len(packed) or start > len(packed):
            raise NotATile("an entry is cut off")
        leaves.append(packed[start:place])
    return leaves


def _digits(number: int) -> str:
    """1234067 is x001/x234/067."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    return "/".join(reversed(groups))
