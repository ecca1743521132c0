"""Who asked for alerts, and the consents behind that."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify.subscription import ConsentText, Subscription, SubscriptionDraft

# A subscriber's letters that have not left do not leave any more.
STOP_SUBSCRIPTION = """
    UPDATE deliveries SET status = 'stopped', settled_at = $2, reason = 'unsubscribed'
    WHERE subscription_id = $1 AND status = 'pending'
"""

# One asker at a time for one address, so that the limit below holds.
LOCK_ADDRESS = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"

# How often an address was asked to confirm since.
ASKED_SINCE = "SELECT count(*) FROM subscriptions WHERE channel = 'email' AND address = $1 AND asked_at > $2"

# Stores what somebody asks for, and the consent they gave.
INSERT_SUBSCRIPTION = """
    INSERT INTO subscriptions (subscription_id, channel, address, language, stations, neighbourhoods, sectors, topics,
                               asked_at)
    VALUES ($1, 'email', $2, $3, $4, $5, $6, $7, $8)
"""
INSERT_CONSENT = """
    INSERT INTO consents (consent_id, subject, purpose, channel, text_version, text_hash, given_at, method)
    VALUES ($1, $2, $3, 'email', $4, $5, $6, $7)
"""

# A subscription, locked until the transaction ends.
LOCK_SUBSCRIPTION = """
    SELECT subscription_id, address, language, confirmed_at, ended_at
    FROM subscriptions WHERE subscription_id = $1 FOR UPDATE
"""

# The other subscription that holds an address, if there is one.
OTHER_ACTIVE = """
    SELECT subscription_id FROM subscriptions
    WHERE channel = 'email' AND address = $1 AND subscription_id <> $2
      AND confirmed_at IS NOT NULL AND ended_at IS NULL
"""
MARK_CONFIRMED = "UPDATE subscriptions SET confirmed_at = $2 WHERE subscription_id = $1"

# Ends a subscription and forgets its address; a second time changes nothing.
END_SUBSCRIPTION = """
    UPDATE subscriptions SET ended_at = $2, address = NULL WHERE subscription_id = $1 AND ended_at IS NULL
"""
WITHDRAW_CONSENT = "UPDATE consents SET withdrawn_at = $2 WHERE subject = $1 AND withdrawn_at IS NULL"

# Forgets whoever did not confirm, with the letters that asked them.
FORGET_UNCONFIRMED = "DELETE FROM subscriptions WHERE confirmed_at IS NULL AND asked_at < $1"


async def lock_address(conn: Connection, address: str) -> None:
    await conn.execute(LOCK_ADDRESS, address)


async def asked_since(conn: Connection, address: str, since: datetime) -> int:
    asked: int = await conn.fetchval(ASKED_SINCE, address, since)
    return asked


async def insert_subscription(
    conn: Connection, subscription_id: UUID, draft: SubscriptionDraft, stations: Iterable[str], at: datetime
) -> None:
    await conn.execute(
        INSERT_SUBSCRIPTION,
        subscription_id,
        draft.email,
        draft.language,
        list(stations),
        list(draft.neighbourhoods),
        list(draft.sectors),
        list(draft.topics),
        at,
    )


async def insert_consent(
    conn: Connection,
    consent_id: UUID,
    subscription_id: UUID,
    purpose: str,
    text: ConsentText,
    language: str,
    given_at: datetime,
    method: str,
) -> None:
    await conn.execute(
        INSERT_CONSENT, consent_id, subscription_id, purpose, text.version, text.hash_of(language), given_at, method
    )


async def lock_subscription(conn: Connection, subscription_id: UUID) -> Subscription | None:
    row = await conn.fetchrow(LOCK_SUBSCRIPTION, subscription_id)
    return Subscription(**dict(row)) if row else None


async def other_active(conn: Connection, address: str, subscription_id: UUID) -> UUID | None:
    other: UUID | None = await conn.fetchval(OTHER_ACTIVE, address, subscription_id)
    return other


async def mark_confirmed(conn: Connection, subscription_id: UUID, at: datetime) -> None:
    await conn.execute(MARK_CONFIRMED, subscription_id, at)


async def end_subscription(conn: Connection, subscription_id: UUID, at: datetime) -> None:
    """With its letters that have not left, and its consent."""
    await conn.execute(STOP_SUBSCRIPTION, subscription_id, at)
    await conn.execute(END_SUBSCRIPTION, subscription_id, at)
    await conn.execute(WITHDRAW_CONSENT, subscription_id, at)


async def forget_unconfirmed(conn: Connection, asked_before: datetime) -> None:
    await conn.execute(FORGET_UNCONFIRMED, asked_before)
