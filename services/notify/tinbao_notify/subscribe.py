"""Keep what somebody asks for, and write the letter that asks them to confirm it."""

from datetime import datetime, timedelta
from uuid import UUID

from tinbao_runtime.postgres import Connection
from uuid_utils.compat import uuid7

from tinbao_notify import store
from tinbao_notify.subscription import LETTERS_A_DAY, PURPOSE, SubscriptionDraft, consent_text

DAY = timedelta(days=1)


async def subscribe(
    conn: Connection, subscription_id: UUID, draft: SubscriptionDraft, method: str, at: datetime
) -> None:
    """Says nothing about whether the address is known. An address that was asked often today is left in peace."""
    await store.lock_address(conn, draft.email)
    if await store.asked_since(conn, draft.email, at - DAY) >= LETTERS_A_DAY:
        return
    answering = await store.stations_by_commune(conn)
    stations = sorted({answering.get(commune, commune) for commune in draft.communes})
    await store.insert_subscription(conn, subscription_id, draft, stations, at)
    await store.insert_consent(conn, uuid7(), subscription_id, PURPOSE, consent_text(), draft.language, at, method)
    await store.insert_confirmation(conn, subscription_id, at)
