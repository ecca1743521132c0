"""A second reader of the log, written from the specifications alone: c2sp.org/signed-note, c2sp.org/tlog-checkpoint,
c2sp.org/tlog-tiles, RFC 6962 section 2.1 for trees, and RFC 9162 sections 2.1.3.2 and 2.1.4.2 for proofs.

It shares no line with the product, and is as plain as the definitions: slow, and easy to compare with them.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Fetch: TypeAlias = Callable[[str], bytes]
"""The bytes of a resource by its path below the log's prefix."""


def from_folder(folder: Path) -> Fetch:
    return lambda path: (folder / path).read_bytes()


def open_checkpoint(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint whose signature by this key is good. Raises otherwise."""
    name, key_hash, encoded_key = vkey.split("+", 2)
    key = base64.b64decode(encoded_key, validate=True)
    assert key[0] == 1, "signature type 0x01 is Ed25519"
    assert hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_hash
    text, separator, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    assert separator
    assert note.endswith(b"\n")
    verified = 0
    for line in signatures.decode().splitlines():
        dash, signer, encoded = line.split(" ")
        assert dash == "\u2014"
        signature = base64.b64decode(encoded, validate=True)
        if signer == name and signature[:4].hex() == key_hash:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[4:], text)
            verified += 1
    assert verified, "no known key has signed this"
    origin, size, root = text.decode().split("\n")[:3]
    assert origin
    assert size == str(int(size)), "no leading zeroes"
    return origin, int(size), base64.b64decode(root, validate=True)


def resource(level: str, index: int, width: int = 256) -> str:
    """`tile/<L>/<N>[.p/<W>]`: N in groups of three digits, all but the last with an x before them."""
    digits = str(index).zfill((len(str(index)) + 2) // 3 * 3)
    groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


def merkle_tree_hash(hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, over leaf hashes."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + merkle_tree_hash(hashes[:k]) + merkle_tree_hash(hashes[k:])).digest()


def hash_of_leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def read_entries(fetch: Fetch, size: int) -> list[bytes]:
    """Out of the entry bundles: each a big-endian uint16 length and so many bytes."""
    entries: list[bytes] = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        bundle = fetch(resource("entries", index, width))
        while bundle:
            length = bundle[0] * 256 + bundle[1]
            assert len(bundle) >= 2 + length
            entries.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        assert len(entries) == index * 256 + width
    return entries


def check_log(fetch: Fetch, vkey: str) -> list[bytes]:
    """Every tile of the signed tree is what its definition says. Returns the entries; an AssertionError says what not.

    The n-th tile of level l is MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]) with i from 0 to 255, and a
    partial one has floor(s / 256**l) mod 256 of them.
    """
    _, size, root = open_checkpoint(fetch("checkpoint"), vkey)
    entries = read_entries(fetch, size)
    hashes = tuple(hash_of_leaf(entry) for entry in entries)

    @cache
    def subtree(start: int, end: int) -> bytes:
        return merkle_tree_hash(hashes[start:end])

    assert merkle_tree_hash(hashes) == root, "the entries do not give the signed root"
    level = 0
    while size >= 256**level:
        count = size // 256**level
        for n in range((count + 255) // 256):
            width = min(256, count - n * 256)
            expected = b"".join(
                subtree((n * 256 + i) * 256**level, (n * 256 + i + 1) * 256**level) for i in range(width)
            )
            path = resource(str(level), n, width)
            assert fetch(path) == expected, f"{path} is not what its definition says"
        level += 1
    return entries


def is_included(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf_hash
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 section 2.1.4.2, for 0 < old < new."""
    if not proof:
        return False
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = hashlib.sha256(b"\x01" + c + fr).digest()
            sr = hashlib.sha256(b"\x01" + c + sr).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashlib.sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0
