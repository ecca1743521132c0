"""A case's text once opened, and the encryption of what officers write about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tinbao_contracts.sealed import Content, Part, Supplement
from tinbao_runtime import sealing
from tinbao_runtime.sealing import SealedFor

from tinbao_triage.arrival import ArrivedSupplement
from tinbao_triage.records import EncryptedContent, Writing
from tinbao_triage.vault import Vault


@dataclass(frozen=True, slots=True)
class Added:
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """An answer or a note in clear."""

    text: str
    officer_name: str
    written_at: datetime


class CaseKey:
    """The data key of one case's content, unwrapped: opens the content and encrypts what is written about it."""

    def __init__(self, vault: Vault, tip_id: UUID, stored: EncryptedContent) -> None:
        """Raises CannotOpen."""
        self._tip_id = tip_id
        self._stored = stored
        self._key = vault.unwrap(stored.content_key)

    def content(self) -> Content:
        """Raises CannotOpen. The caller has permitted the view, or shows nothing of it."""
        bound = SealedFor(self._tip_id, self._stored.sealed_station, version=1).bind(Part.CONTENT)
        return Content.model_validate_json(sealing.decrypt(self._key, self._stored.content, bound))

    def encrypt_writing(self, writing_id: UUID, text: str) -> bytes:
        return sealing.encrypt(self._key, text.encode(), self._bind(writing_id))

    def read_writing(self, writing: Writing) -> Written:
        """Raises CannotOpen."""
        text = sealing.decrypt(self._key, writing.body, self._bind(writing.writing_id)).decode()
        return Written(text, writing.officer_name, writing.written_at)

    def _bind(self, writing_id: UUID) -> bytes:
        return f"tinbao/1\nwriting\n{self._tip_id}\n{writing_id}".encode()


def read_supplements(vault: Vault, stored: Sequence[ArrivedSupplement]) -> list[Added]:
    """Raises CannotOpen. The caller has permitted the view."""
    return [Added(_supplement(vault, added).text, added.received_at) for added in stored]


def _supplement(vault: Vault, added: ArrivedSupplement) -> Supplement:
    bound = SealedFor(added.tip_id, added.sealed_station, added.version).bind(Part.CONTENT)
    return Supplement.model_validate_json(sealing.decrypt(vault.unwrap(added.content_key), added.content, bound))
