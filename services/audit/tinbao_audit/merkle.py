"""The Merkle tree of RFC 9162 section 2.1 (RFC 6962's own), with SHA-256."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Subtree: TypeAlias = Callable[[int, int], bytes]
"""The hash of a complete subtree by height and position: of the leaves from position << height on, 1 << height many."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these hashes; they may be leaves' or those of complete subtrees of one height."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def range_root(subtree: Subtree, first: int, end: int) -> bytes:
    """MTH(D[first:end]) for the ranges that the recursions of section 2.1 ask for: they begin at a multiple of the
    largest power of two that fits into them.
    """
    size = end - first
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        return subtree(size.bit_length() - 1, first // size)
    middle = first + _split(size)
    return node_hash(range_root(subtree, first, middle), range_root(subtree, middle, end))


def inclusion_proof(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """Section 2.1.3.1: what leads from a leaf to the root. Needs 0 <= index < size."""
    proof: list[bytes] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(range_root(subtree, middle, end))
            end = middle
        else:
            proof.append(range_root(subtree, first, middle))
            first = middle
    return proof[::-1]


def consistency_proof(subtree: Subtree, old: int, new: int) -> list[bytes]:
    """Section 2.1.4.1: what shows that the tree of `new` leaves begins with that of `old`. Needs 0 <= old <= new.

    Empty where there is nothing to show.
    """
    if old in {0, new}:
        return []
    proof: list[bytes] = []
    first, end, is_whole = 0, new, True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            proof.append(range_root(subtree, middle, end))
            end = middle
        else:
            proof.append(range_root(subtree, first, middle))
            first, is_whole = middle, False
    if not is_whole:
        proof.append(range_root(subtree, first, end))
    return proof[::-1]


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1
