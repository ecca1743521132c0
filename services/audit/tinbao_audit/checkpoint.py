"""Checkpoints (c2sp.org/tlog-checkpoint) as notes signed with Ed25519 (c2sp.org/signed-note)."""

import base64
import binascii
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tinbao_audit.merkle import HASH_BYTES

ED25519 = b"\x01"
PRIVATE = "PRIVATE+KEY+"


class NotAKey(Exception):
    """The text is no key of a note."""


class BadCheckpoint(Exception):
    """Not a checkpoint, or not signed with the key it should be. The message says which."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Written as `name+id+key`. The name is the log's origin."""

    name: str
    raw: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.raw)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NotAKey."""
        name, raw = _read_key(text.strip())
        key = cls(name, raw)
        if str(key) != text.strip():
            raise NotAKey("the key's id is not that of its name and bytes")
        return key

    def verify(self, signature: bytes, text: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """Written as `PRIVATE+KEY+name+id+key`, as other tools for notes do."""

    name: str
    seed: bytes

    @classmethod
    def generate(cls, name: str) -> Self:
        """Raises NotAKey for a name that no note may carry."""
        _check_name(name)
        return cls(name, secrets.token_bytes(32))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NotAKey."""
        if not text.startswith(PRIVATE):
            raise NotAKey("this is not a private key")
        return cls(*_read_key(text.strip().removeprefix(PRIVATE)))

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self._key.public_key().public_bytes_raw())

    def text(self) -> str:
        return f"{PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{_base64(ED25519 + self.seed)}"

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree's size and root, and the log whose they are."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    def sign(self, key: SigningKey) -> str:
        signature = key.verifier.key_id + key.sign(self.text.encode())
        return f"{self.text}\n— {key.name} {_base64(signature)}\n"

    @classmethod
    def open(cls, note: str, key: VerifierKey) -> Self:
        """What a note says, once its signature is good. Signatures of other keys are passed over, as the note's
        specification demands. Raises BadCheckpoint.
        """
        text, _, signatures = note.rpartition("\n\n")
        checkpoint = cls._read(text + "\n")
        ours = [signature for line in signatures.splitlines() if (signature := _signature(line, key))]
        if not ours:
            raise BadCheckpoint(f"there is no signature of {key.name}'s key {key.key_id.hex()}")
        if not all(key.verify(signature, (text + "\n").encode()) for signature in ours):
            raise BadCheckpoint("the signature does not belong to this text")
        if checkpoint.origin != key.name:
            raise BadCheckpoint(f"it is of another log: {checkpoint.origin}")
        return checkpoint

    @classmethod
    def _read(cls, text: str) -> Self:
        lines = text.split("\n")
        try:
            origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
        except (IndexError, binascii.Error):
            raise BadCheckpoint("it has not the three lines of a checkpoint") from None
        if not (origin and size.isascii() and size.isdigit() and str(int(size)) == size and len(root) == HASH_BYTES):
            raise BadCheckpoint("its lines are not an origin, a size and a root")
        return cls(origin, int(size), root)


def _signature(line: str, key: VerifierKey) -> bytes | None:
    """The signature of this key, if the line has one."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    is_ours = dash == "—" and name == key.name and decoded[:4] == key.key_id
    return decoded[4:] if is_ours else None


def _read_key(text: str) -> tuple[str, bytes]:
    """Name and bytes. The encoded key may itself hold a plus, so it is all that follows the second one."""
    try:
        name, _, encoded = text.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise NotAKey("this is not name+id+key") from None
    _check_name(name)
    if raw[:1] != ED25519 or len(raw) != 33:
        raise NotAKey("this is not an Ed25519 key")
    return name, raw[1:]


def _check_name(name: str) -> None:
    if not name or "+" in name or not name.isprintable() or any(letter.isspace() for letter in name):
        raise NotAKey("a key's name has no spaces and no plus")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
