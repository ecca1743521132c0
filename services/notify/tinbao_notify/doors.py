"""What everybody may do, by API and by page: read alerts, subscribe, confirm, unsubscribe."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from tinbao_runtime import idempotency
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.postgres import Pool, transaction
from uuid_utils.compat import uuid7

from tinbao_notify import store
from tinbao_notify.alert import AlertNotFound, Issued
from tinbao_notify.confirm_subscription import confirm_subscription
from tinbao_notify.end_subscription import end_subscription
from tinbao_notify.links import Links
from tinbao_notify.subscribe import subscribe
from tinbao_notify.subscription import SubscriptionDraft


@dataclass(frozen=True, slots=True)
class Published:
    """Alerts that went out, with the names of the stations."""

    alerts: list[Issued]
    station_names: Mapping[str, str]

    def name(self, issued: Issued) -> str:
        """As intake announced it; the code until then."""
        return self.station_names.get(issued.station, issued.station)


class Doors:
    """Raises what the verbs raise, KeyReused, and Unavailable while the database is away."""

    def __init__(self, pool: Pool, links: Links) -> None:
        self._pool = pool
        self._links = links

    async def published(self) -> Published:
        """In force, or cancelled before their time; newest first."""
        async with transaction(self._pool) as conn:
            alerts = [Issued.of(alert) for alert in await store.public_alerts(conn, now())]
            return Published(alerts, await store.station_names(conn))

    async def find(self, alert_id: UUID) -> Published:
        """What holds of an alert, also after its end; by the id of any of its messages. Raises AlertNotFound."""
        async with transaction(self._pool) as conn:
            alert = await store.find_public(conn, alert_id)
            if alert is None:
                raise AlertNotFound
            return Published([Issued.of(alert)], await store.station_names(conn))

    async def subscribe(self, draft: SubscriptionDraft, method: str, key: IdempotencyKey) -> None:
        """The letter that asks to confirm is on its way once this returns."""
        async with transaction(self._pool) as conn:
            if await idempotency.claim(conn, key, draft.model_dump_json().encode(), b"asked") is None:
                await subscribe(conn, uuid7(), draft, method, now())

    async def confirm(self, token: str) -> None:
        """Raises SubscriptionNotFound."""
        subscription_id = self._links.read_confirm(token)
        async with transaction(self._pool) as conn:
            await confirm_subscription(conn, subscription_id, now())

    async def unsubscribe(self, token: str) -> None:
        """Raises SubscriptionNotFound."""
        subscription_id = self._links.read_unsubscribe(token)
        async with transaction(self._pool) as conn:
            await end_subscription(conn, subscription_id, now())
