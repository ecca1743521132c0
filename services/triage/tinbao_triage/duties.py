"""The two faces, API and console, do the same: one transaction that calls one verb, for the officer who asks."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

from tinbao_contracts.catalogue import Category, Urgency, load_catalogue
from tinbao_contracts.events import Outcome, ViewReason
from tinbao_runtime import idempotency
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.postgres import Connection, Pool, transaction
from uuid_utils.compat import uuid7

from tinbao_triage import store
from tinbao_triage.acting import find
from tinbao_triage.answer_case import answer_case
from tinbao_triage.assign_case import assign_case, assignable_officers
from tinbao_triage.case import Case, NotAllowed
from tinbao_triage.claim_case import claim_case
from tinbao_triage.claim_next import claim_next
from tinbao_triage.classify_case import classify_case
from tinbao_triage.clocks import SOON, Clocks
from tinbao_triage.close_case import close_case
from tinbao_triage.desk import Desk
from tinbao_triage.note_case import note_case
from tinbao_triage.officer import Officer
from tinbao_triage.open_content import open_content
from tinbao_triage.propose_alert import Proposal, propose_alert
from tinbao_triage.read_case import CaseFile, read_case
from tinbao_triage.records import Counts, Filters, KnownOfficer
from tinbao_triage.responses import AnsweredOut, ProposedOut
from tinbao_triage.rights import Action
from tinbao_triage.settings import TriageSettings
from tinbao_triage.station_case import StationCase
from tinbao_triage.vault import Vault

Act: TypeAlias = Callable[[Connection], Awaitable[None]]
WritingVerb: TypeAlias = Callable[[Connection, Desk, UUID, UUID, str, Vault], Awaitable[Case]]
"""A verb that writes a text under an id of its own."""


class UnknownCategory(Exception):
    """Not a code of the catalogue."""


class Duties:
    """Raises what the verbs raise, KeyReused, and Unavailable while the database is away."""

    def __init__(self, pool: Pool, settings: TriageSettings, vault: Vault, clocks: Clocks) -> None:
        self._pool = pool
        self._settings = settings
        self._vault = vault
        self._clocks = clocks

    def desk(self, officer: Officer) -> Desk:
        return Desk.of(officer, self._settings.station, now())

    async def list_cases(self, officer: Officer, filters: Filters) -> list[Case]:
        """Raises NotAllowed."""
        desk = self._listing(officer)
        async with transaction(self._pool) as conn:
            return await store.list_cases(conn, desk.stations, filters)

    async def count_cases(self, officer: Officer) -> Counts:
        """Raises NotAllowed. Due soon means within a day."""
        desk = self._listing(officer)
        async with transaction(self._pool) as conn:
            return await store.count_cases(conn, desk.stations, officer.subject, desk.now + SOON)

    async def read(self, officer: Officer, tip_id: UUID) -> CaseFile:
        async with transaction(self._pool) as conn:
            return await read_case(conn, self.desk(officer), tip_id, self._vault)

    async def claim_next(self, officer: Officer) -> Case | None:
        async with transaction(self._pool) as conn:
            return await claim_next(conn, self.desk(officer))

    async def claim(self, officer: Officer, tip_id: UUID) -> Case:
        async with transaction(self._pool) as conn:
            return await claim_case(conn, self.desk(officer), tip_id)

    async def assign(self, officer: Officer, tip_id: UUID, subject: str, name: str | None) -> Case:
        async with transaction(self._pool) as conn:
            return await assign_case(conn, self.desk(officer), tip_id, subject, name)

    async def open_content(self, officer: Officer, tip_id: UUID, reason: ViewReason, note: str | None) -> CaseFile:
        """The text is read in a second transaction: it is shown only if the first, with its event, has committed."""
        length = self._settings.view_length
        async with transaction(self._pool) as conn:
            await open_content(conn, self.desk(officer), tip_id, reason, note, length, self._vault)
        return await self.read(officer, tip_id)

    async def classify(self, officer: Officer, tip_id: UUID, category: str, urgency: Urgency) -> Case:
        """Raises UnknownCategory too."""
        known = _category(category)
        async with transaction(self._pool) as conn:
            return await classify_case(conn, self.desk(officer), tip_id, known, urgency, self._clocks)

    async def answer(self, officer: Officer, tip_id: UUID, text: str, key: IdempotencyKey) -> AnsweredOut:
        return await self._write(answer_case, officer, tip_id, text, key)

    async def note(self, officer: Officer, tip_id: UUID, text: str, key: IdempotencyKey) -> AnsweredOut:
        return await self._write(note_case, officer, tip_id, text, key)

    async def propose_alert(
        self, officer: Officer, tip_id: UUID, proposal: Proposal, key: IdempotencyKey
    ) -> ProposedOut:
        desk, proposed = self.desk(officer), ProposedOut(proposal_id=uuid7())

        async def act(conn: Connection) -> None:
            await propose_alert(conn, desk, tip_id, proposed.proposal_id, proposal)

        body = f"{tip_id}\n{proposal.model_dump_json()}"
        return ProposedOut.model_validate_json(await self._once(key, body, proposed.model_dump_json(), act))

    async def close(
        self, officer: Officer, tip_id: UUID, outcome: Outcome, answer: str | None, key: IdempotencyKey
    ) -> Case:
        """The last answer and the closing are stored together or not at all."""
        desk = self.desk(officer)

        async def act(conn: Connection) -> None:
            if answer:
                await answer_case(conn, desk, tip_id, uuid7(), answer, self._vault)
            await close_case(conn, desk, tip_id, outcome)

        await self._once(key, f"{tip_id}\n{outcome}\n{answer}", "closed", act)
        async with transaction(self._pool) as conn:
            return await find(conn, tip_id, desk.stations)

    async def list_station_cases(self, officer: Officer) -> list[StationCase]:
        """Raises NotAllowed, also for who belongs to another station than this deployment's."""
        if not officer.may(Action.OVERSEE) or self.desk(officer).stations is not None:
            raise NotAllowed("role")
        async with transaction(self._pool) as conn:
            return await store.list_station_cases(conn)

    async def station_name(self) -> str:
        """As announced by intake; the code until then."""
        async with transaction(self._pool) as conn:
            return await store.station_name(conn, self._settings.station) or self._settings.station

    async def assignable_officers(self, officer: Officer) -> list[KnownOfficer]:
        async with transaction(self._pool) as conn:
            return await assignable_officers(conn, self.desk(officer))

    async def _write(
        self, verb: WritingVerb, officer: Officer, tip_id: UUID, text: str, key: IdempotencyKey
    ) -> AnsweredOut:
        desk, written_id = self.desk(officer), uuid7()

        async def act(conn: Connection) -> None:
            await verb(conn, desk, tip_id, written_id, text, self._vault)

        written = AnsweredOut(message_id=written_id, sent_at=desk.now)
        return AnsweredOut.model_validate_json(
            await self._once(key, f"{tip_id}\n{text}", written.model_dump_json(), act)
        )

    async def _once(self, key: IdempotencyKey, body: str, answer: str, act: Act) -> bytes:
        """Act if this request is the first with its key. The answer to the first one."""
        async with transaction(self._pool) as conn:
            earlier = await idempotency.claim(conn, key, body.encode(), answer.encode())
            if earlier is None:
                await act(conn)
        return earlier or answer.encode()

    def _listing(self, officer: Officer) -> Desk:
        if not officer.may(Action.LIST):
            raise NotAllowed("role")
        return self.desk(officer)


def _category(code: str) -> Category:
    try:
        return load_catalogue()[code]
    except KeyError:
        raise UnknownCategory from None
