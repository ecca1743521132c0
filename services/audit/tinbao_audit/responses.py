"""What the API answers. Hashes are base64, as in checkpoints and proofs of other logs."""

import base64
from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, Field

from tinbao_audit.log_reader import Published
from tinbao_audit.merkle import leaf_hash


class KeyOut(BaseModel):
    verifier_key: str = Field(description="For any reader of signed notes: name, id and key.")
    origin: str = Field(description="The log's name; as ASCII bytes also the salt of events that belong to no tip.")


class InclusionOut(BaseModel):
    """Proof by RFC 9162 section 2.1.3 that the entry is in the tree of `size` leaves."""

    index: int
    size: int
    leaf_hash: str
    proof: list[str]

    @classmethod
    def of(cls, log: Published, index: int, size: int) -> Self:
        """Raises OutOfLog."""
        proof = log.inclusion_proof(index, size)
        return cls(index=index, size=size, leaf_hash=_base64(leaf_hash(log.entry(index))), proof=_all_base64(proof))


class EntryOut(InclusionOut):
    """A leaf, and what leads from it to the signed root."""

    leaf: str = Field(description="Its bytes, which are ASCII.")
    checkpoint: str

    @classmethod
    def at(cls, log: Published, index: int) -> Self:
        """Raises OutOfLog."""
        proven = InclusionOut.of(log, index, log.size)
        return cls(**proven.model_dump(), leaf=log.entry(index).decode(), checkpoint=log.note)


class ConsistencyOut(BaseModel):
    """Proof by RFC 9162 section 2.1.4 that the tree only grew; empty where there is nothing to prove."""

    from_size: int
    to_size: int
    proof: list[str]

    @classmethod
    def of(cls, log: Published, old: int, new: int) -> Self:
        """Raises OutOfLog."""
        return cls(from_size=old, to_size=new, proof=_all_base64(log.consistency_proof(old, new)))


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _all_base64(hashes: Sequence[bytes]) -> list[str]:
    return [_base64(each) for each in hashes]
