"""What a leaf says of an event to those who know its tip's salt, and to nobody else."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Self
from uuid import UUID


def public_salt(origin: str) -> bytes:
    """The salt of events that belong to no tip: known to everybody who has a checkpoint, which names the origin."""
    return origin.encode()


@dataclass(frozen=True, slots=True)
class Commitment:
    """`event` is HMAC-SHA256(salt, event id as 36 lower-case characters); `value` is HMAC-SHA256(salt, SHA-256 of the
    record's value). Neither can be linked to another of the same tip without the salt.
    """

    event: bytes
    value: bytes

    @classmethod
    def to(cls, salt: bytes, event_id: UUID, value_hash: bytes) -> Self:
        return cls(commit_to_id(salt, event_id), hmac.digest(salt, value_hash, sha256))

    @classmethod
    def parse(cls, event: str, value: str) -> Self:
        """From their hexadecimal digits. Raises ValueError or TypeError."""
        return cls(bytes.fromhex(event), bytes.fromhex(value))


def commit_to_id(salt: bytes, event_id: UUID) -> bytes:
    return hmac.digest(salt, str(event_id).encode(), sha256)
