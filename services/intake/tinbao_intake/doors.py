"""The two doors, API and pages, do the same: slow work first, then one transaction that calls one verb."""

from tinbao_contracts.catalogue import Category, load_catalogue
from tinbao_runtime import faults, idempotency
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.postgres import Pool, transaction
from uuid_utils.compat import uuid7

from tinbao_intake.commune import resolve_commune
from tinbao_intake.directory import Directory
from tinbao_intake.directory_cache import DirectoryCache
from tinbao_intake.draft import MessageDraft, TipDraft
from tinbao_intake.mailbox import Mailbox
from tinbao_intake.open_mailbox import open_mailbox
from tinbao_intake.receipt import ReceiptCode
from tinbao_intake.responses import ReceiptOut, SentOut
from tinbao_intake.sealed_tip import seal_tip
from tinbao_intake.submit_tip import submit_tip
from tinbao_intake.supplement_tip import supplement_tip
from tinbao_intake.withdraw_tip import withdraw_tip


class UnknownCategory(Exception):
    """Not a code of the catalogue."""


class Doors:
    """Each method is one request: it may be repeated with the same key and answers the same.

    Raises what the verbs raise, KeyReused, and Unavailable while the database is away.
    """

    def __init__(self, pool: Pool, directory: DirectoryCache) -> None:
        self._pool = pool
        self._directory = directory

    @property
    def directory(self) -> Directory:
        return self._directory.current

    async def send_tip(self, draft: TipDraft, key: IdempotencyKey) -> ReceiptOut:
        """Raises UnknownCategory, UnknownCommune, NoStation, CannotSeal, RecordTooLarge."""
        directory, code = self._directory.current, ReceiptCode.generate()
        commune = resolve_commune(draft.commune)
        tip = seal_tip(draft, _category(draft.category), commune, directory, code, now())
        receipt = ReceiptOut.of(tip, code, directory.named(tip.station))
        body, answer = draft.model_dump_json().encode(), receipt.model_dump_json().encode()
        async with transaction(self._pool) as conn:
            earlier = await idempotency.claim(conn, key, body, answer)
            if earlier is None:
                await submit_tip(conn, tip)
        faults.reach("intake.committed")
        return receipt if earlier is None else ReceiptOut.model_validate_json(earlier)

    async def read_mailbox(self, receipt_code: str) -> Mailbox:
        """Raises NotACode, TipNotFound."""
        code = ReceiptCode.parse(receipt_code)
        async with transaction(self._pool) as conn:
            return await open_mailbox(conn, code)

    async def send_message(self, draft: MessageDraft, key: IdempotencyKey) -> SentOut:
        """Raises NotACode, TipNotFound, CannotSeal."""
        code, sent = ReceiptCode.parse(draft.receipt_code), SentOut(message_id=uuid7(), sent_at=now())
        body, answer = draft.model_dump_json().encode(), sent.model_dump_json().encode()
        async with transaction(self._pool) as conn:
            earlier = await idempotency.claim(conn, key, body, answer)
            if earlier is None:
                await supplement_tip(conn, code, sent.message_id, draft.text, self._directory.current, sent.sent_at)
        return sent if earlier is None else SentOut.model_validate_json(earlier)

    async def withdraw(self, receipt_code: str) -> None:
        """Raises NotACode, TipNotFound. Repeating it changes nothing, so it needs no key."""
        code = ReceiptCode.parse(receipt_code)
        async with transaction(self._pool) as conn:
            await withdraw_tip(conn, code, now())


def _category(code: str) -> Category:
    try:
        return load_catalogue()[code]
    except KeyError:
        raise UnknownCategory from None
