"""What broadcasters do, by API and by console: one transaction that calls one verb, for the officer who asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from tinbao_runtime import idempotency
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.postgres import Pool, transaction
from uuid_utils.compat import uuid7

from tinbao_notify import store
from tinbao_notify.alert import Alert, AlertNotFound, NotAllowed
from tinbao_notify.approve_alert import approve_alert
from tinbao_notify.audience import Reach
from tinbao_notify.cancel_alert import cancel_alert
from tinbao_notify.cap import Cap
from tinbao_notify.delivery import Progress
from tinbao_notify.draft_alert import draft_alert
from tinbao_notify.draft_changes import DraftChanges, DraftIn
from tinbao_notify.edit_alert import edit_alert
from tinbao_notify.officer import Officer
from tinbao_notify.proposal import Proposal
from tinbao_notify.reject_alert import reject_alert
from tinbao_notify.rights import Action
from tinbao_notify.submit_alert import submit_alert
from tinbao_notify.take_proposal import dismiss_proposal, take_proposal
from tinbao_notify.update_alert import update_alert


@dataclass(frozen=True, slots=True)
class AlertFile:
    """One alert as a broadcaster sees it. `reached` counts the subscribers to whom it would go now;
    `update_id` is the update that was begun of it, in whatever state.
    """

    alert: Alert
    station_name: str
    progress: Progress
    reached: int
    update_id: UUID | None


@dataclass(frozen=True, slots=True)
class Board:
    """What waits for a broadcaster, and what went out."""

    proposals: list[Proposal]
    alerts: list[Alert]
    station_names: Mapping[str, str]


class Newsroom:
    """Raises what the verbs raise, KeyReused, and Unavailable while the database is away."""

    def __init__(self, pool: Pool, cap: Cap) -> None:
        self._pool = pool
        self._cap = cap

    async def board(self, officer: Officer) -> Board:
        """Raises NotAllowed."""
        _require(officer, Action.LIST)
        async with transaction(self._pool) as conn:
            return Board(
                await store.waiting_proposals(conn, officer.visible_stations),
                await store.list_alerts(conn, officer.visible_stations),
                await store.station_names(conn),
            )

    async def station_names(self) -> dict[str, str]:
        """By code, as intake announced them."""
        async with transaction(self._pool) as conn:
            return await store.station_names(conn)

    async def communes(self, officer: Officer) -> list[str] | None:
        """The communes that the officer may warn; None means all."""
        if officer.visible_stations is None:
            return None
        async with transaction(self._pool) as conn:
            answering = await store.stations_by_commune(conn)
        known = {commune for commune, station in answering.items() if station in officer.stations}
        return sorted(known | (officer.stations - set(answering.values())))

    async def read(self, officer: Officer, alert_id: UUID) -> AlertFile:
        """Raises AlertNotFound, NotAllowed."""
        _require(officer, Action.LIST)
        async with transaction(self._pool) as conn:
            alert = await store.find_alert(conn, alert_id, officer.visible_stations)
            if alert is None:
                raise AlertNotFound
            return AlertFile(
                alert,
                (await store.station_names(conn)).get(alert.station, alert.station),
                await store.progress(conn, alert_id),
                await store.count_addressees(conn, alert.first_id, Reach.of(alert.draft.audiences)),
                await store.update_of(conn, alert_id),
            )

    async def draft(self, officer: Officer, station: str, said: DraftIn, key: IdempotencyKey) -> UUID:
        alert_id = uuid7()
        body = f"{station}\n{said.model_dump_json()}".encode()
        async with transaction(self._pool) as conn:
            earlier = await idempotency.claim(conn, key, body, alert_id.bytes)
            if earlier:
                return UUID(bytes=earlier)
            await draft_alert(conn, officer, alert_id, station, said, now())
        return alert_id

    async def take(self, officer: Officer, proposal_id: UUID) -> Alert:
        async with transaction(self._pool) as conn:
            return await take_proposal(conn, officer, proposal_id, now())

    async def dismiss(self, officer: Officer, proposal_id: UUID) -> None:
        async with transaction(self._pool) as conn:
            await dismiss_proposal(conn, officer, proposal_id, now())

    async def edit(self, officer: Officer, alert_id: UUID, changes: DraftChanges) -> None:
        async with transaction(self._pool) as conn:
            await edit_alert(conn, officer, alert_id, changes, now())

    async def submit(self, officer: Officer, alert_id: UUID) -> None:
        async with transaction(self._pool) as conn:
            await submit_alert(conn, officer, alert_id, now())

    async def approve(self, officer: Officer, alert_id: UUID, shown: bytes) -> None:
        async with transaction(self._pool) as conn:
            await approve_alert(conn, officer, alert_id, shown, now(), self._cap)

    async def reject(self, officer: Officer, alert_id: UUID, reason: str) -> None:
        async with transaction(self._pool) as conn:
            await reject_alert(conn, officer, alert_id, reason)

    async def update(self, officer: Officer, alert_id: UUID) -> UUID:
        async with transaction(self._pool) as conn:
            return await update_alert(conn, officer, alert_id, now())

    async def cancel(self, officer: Officer, alert_id: UUID) -> None:
        async with transaction(self._pool) as conn:
            await cancel_alert(conn, officer, alert_id, now(), self._cap)


def _require(officer: Officer, action: Action) -> None:
    if not officer.may(action):
        raise NotAllowed("role")
