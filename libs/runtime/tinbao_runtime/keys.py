"""Key pairs of stations: what an operator makes, what a station holds, what intake seals to.

The key is the hybrid of ML-KEM-768 and X25519 that HPKE calls MLKEM768-X25519, so that content sealed today stays
sealed if one of the two is broken. Raw forms: public 1184 + 32 bytes, private the 64-byte seed + 32 bytes.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey
from pydantic import AwareDatetime, Field
from tinbao_contracts.frozen import Frozen

MLKEM_PUBLIC_BYTES = 1184
MLKEM_SEED_BYTES = 64


class PublicKey(Frozen):
    """What may be shown to everybody. `recipient` is a station's code or 'recovery'."""

    recipient: str
    key_id: str
    raw: bytes
    valid_from: AwareDatetime
    valid_until: AwareDatetime

    def is_valid_at(self, time: datetime) -> bool:
        return self.valid_from <= time < self.valid_until

    def load(self) -> MLKEM768X25519PublicKey:
        """Raises ValueError if the bytes are no such key."""
        return _load_public(self.raw)


@lru_cache(maxsize=1024)
def _load_public(raw: bytes) -> MLKEM768X25519PublicKey:
    """Kept, since every tip is sealed to the same few keys and reading one costs a fifth of sealing to it."""
    return MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(raw[:MLKEM_PUBLIC_BYTES]),
        X25519PublicKey.from_public_bytes(raw[MLKEM_PUBLIC_BYTES:]),
    )


class PrivateKey(Frozen):
    """A key pair. Its file is the only place where the private half exists."""

    public: PublicKey
    private_raw: bytes = Field(repr=False)

    @classmethod
    def generate(cls, recipient: str, valid_from: datetime, valid_until: datetime) -> Self:
        mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        raw = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        key_id = sha256(raw).hexdigest()[:16]
        public = PublicKey(recipient=recipient, key_id=key_id, raw=raw, valid_from=valid_from, valid_until=valid_until)
        return cls(public=public, private_raw=mlkem.private_bytes_raw() + x25519.private_bytes_raw())

    def load(self) -> MLKEM768X25519PrivateKey:
        return MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(self.private_raw[:MLKEM_SEED_BYTES]),
            X25519PrivateKey.from_private_bytes(self.private_raw[MLKEM_SEED_BYTES:]),
        )

    def write(self, folder: Path) -> Path:
        """Write the pair once, readable by the owner alone. Raises FileExistsError rather than replace a key."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{self.public.recipient}-{self.public.key_id}.key.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.model_dump_json(indent=2))
            file.flush()
            os.fsync(file.fileno())  # content is sealed to this key from now on
        return path


class KeyRing:
    """The private keys that a triage deployment holds, by key id."""

    def __init__(self, keys: Iterable[PrivateKey]) -> None:
        self._keys = {key.public.key_id: key.load() for key in keys}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """All `*.key.json` of a folder. Raises ValidationError for a file that is no key."""
        return cls(PrivateKey.model_validate_json(path.read_text()) for path in sorted(folder.glob("*.key.json")))

    def get(self, key_id: str) -> MLKEM768X25519PrivateKey | None:
        return self._keys.get(key_id)

    def __len__(self) -> int:
        return len(self._keys)
