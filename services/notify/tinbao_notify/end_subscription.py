"""Stop all letters to an address and forget it."""

from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.subscription import SubscriptionNotFound


async def end_subscription(conn: Connection, subscription_id: UUID, at: datetime) -> None:
    """The consent is marked as withdrawn. Twice changes nothing. Raises SubscriptionNotFound."""
    if await store.lock_subscription(conn, subscription_id) is None:
        raise SubscriptionNotFound
    await store.end_subscription(conn, subscription_id, at)
