"""Logs for tests: written to a folder without servers, or by the real worker."""

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from uuid import UUID

from tinbao_audit.checkpoint import Checkpoint, SigningKey
from tinbao_audit.commitment import Commitment
from tinbao_audit.leaf import Leaf
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.tree import GrowingTree
from uuid_utils.compat import uuid7

ORIGIN = "test.invalid/log"


def a_signing_key() -> SigningKey:
    return SigningKey.generate(ORIGIN)


def a_leaf(salt: bytes | None = None, event_id: UUID | None = None, value_hash: bytes | None = None) -> bytes:
    commitment = Commitment.to(salt or os.urandom(16), event_id or uuid7(), value_hash or os.urandom(32))
    return Leaf("CaseOpenedV1", date(2026, 11, 24), "08944", None, commitment).to_bytes()


def leaves(count: int) -> list[bytes]:
    return [a_leaf() for _ in range(count)]


def write_log(folder: Path, key: SigningKey, *batches: Iterable[bytes]) -> GrowingTree:
    """A log that was signed and published after each batch."""
    tree, log = GrowingTree(), LogFolder(folder)
    for batch in batches:
        full = tree.append(batch)
        log.write({**full, **tree.edge()})
        log.publish(Checkpoint(key.name, tree.size, tree.root).sign(key), tree.size)
        log.tidy(full)
    return tree
