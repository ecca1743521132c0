"""The deployment's keys: the stations' private keys that open what arrives, and the key that wraps what stays."""

import os
from pathlib import Path
from typing import Self
from uuid import UUID

from tinbao_contracts.sealed import Part, Sealed
from tinbao_runtime import sealing
from tinbao_runtime.keys import KeyRing
from tinbao_runtime.sealing import DataKeys, NoKey

KEK_FILE = "key-encryption-key"
KEK_BYTES = 32


class Vault:
    """Reads its folder at start, and again when a tip is sealed to a key that it does not hold yet."""

    def __init__(self, folder: Path, ring: KeyRing, key_encryption_key: bytes) -> None:
        self._folder = folder
        self._ring = ring
        self._key_encryption_key = key_encryption_key

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises FileNotFoundError where the folder has no key-encryption key: make it with `tinbao keys new`.

        Raises ValueError for one that is cut off, which would lose what it wraps.
        """
        key = (folder / KEK_FILE).read_bytes()
        if len(key) != KEK_BYTES:
            raise ValueError(f"{KEK_FILE} must have {KEK_BYTES} bytes")
        return cls(folder, KeyRing.read(folder), key)

    @staticmethod
    def create(folder: Path) -> None:
        """Make the key-encryption key, once. A lost one makes all open cases unreadable: back it up."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / KEK_FILE
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(os.urandom(KEK_BYTES))
                file.flush()
                os.fsync(file.fileno())  # what arrives is wrapped with it from now on

    def data_keys(self, sealed: Sealed, tip_id: UUID) -> DataKeys:
        """Raises NoKey, CannotOpen."""
        try:
            return sealing.open_data_keys(sealed, tip_id, self._ring)
        except NoKey:
            self._ring = self._read_again()
            return sealing.open_data_keys(sealed, tip_id, self._ring)

    def open_slip(self, sealed: Sealed, tip_id: UUID, keys: DataKeys) -> bytes:
        """Raises CannotOpen."""
        return sealing.open_part(sealed, Part.SLIP, tip_id, keys[Part.SLIP])

    def wrap(self, data_key: bytes) -> bytes:
        return sealing.wrap_key(self._key_encryption_key, data_key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises CannotOpen."""
        return sealing.unwrap_key(self._key_encryption_key, wrapped)

    def _read_again(self) -> KeyRing:
        """A file that is no key, or not yet wholly written, hides none of the keys that are held already."""
        try:
            return KeyRing.read(self._folder)
        except ValueError:
            return self._ring
