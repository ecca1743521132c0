"""Let alerts go to an address whose owner opened the letter."""

from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify import store
from tinbao_notify.subscription import SubscriptionNotFound


async def confirm_subscription(conn: Connection, subscription_id: UUID, at: datetime) -> None:
    """An earlier subscription of the address ends: the newer wishes count. Twice changes nothing.

    Raises SubscriptionNotFound, also for one that has ended.
    """
    subscription = await store.lock_subscription(conn, subscription_id)
    if subscription is None or subscription.address is None:
        raise SubscriptionNotFound
    if subscription.is_active:
        return
    await store.lock_address(conn, subscription.address)
    if earlier := await store.other_active(conn, subscription.address, subscription_id):
        await store.end_subscription(conn, earlier, at)
    await store.mark_confirmed(conn, subscription_id, at)
