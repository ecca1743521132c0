"""Letters: to whom, when, and how each ended."""

from datetime import datetime, timedelta
from uuid import UUID

from tinbao_runtime.postgres import Connection

from tinbao_notify.alert import Issued
from tinbao_notify.audience import Reach
from tinbao_notify.delivery import Delivery, DeliveryStatus, Progress

# To how many subscribers an alert would go now.
COUNT_ADDRESSEES = "SELECT count(*) FROM addressees($1, $2, $3, $4, $5)"

# One letter to each subscriber whom it reaches or whom an earlier message reached; a second time adds nobody.
INSERT_DELIVERIES = """
    INSERT INTO deliveries (alert_id, subscription_id, due_at)
    SELECT $1, subscription_id, $2 FROM addressees($3, $4, $5, $6, $7) AS subscription_id
    ON CONFLICT (alert_id, subscription_id) DO NOTHING
"""
MARK_ADDRESSED = "UPDATE alerts SET addressed_at = $2 WHERE alert_id = $1"

# The letter that asks to confirm.
INSERT_CONFIRMATION = "INSERT INTO deliveries (subscription_id, due_at) VALUES ($1, $2)"

# Takes the letter that is due longest, and leases it until $1 + $2. Passes over what another worker is taking.
CLAIM_DELIVERY = """
    WITH taken AS (
        UPDATE deliveries SET due_at = $1 + $2::interval, attempts = attempts + 1
        WHERE delivery_id = (
            SELECT delivery_id FROM deliveries WHERE status = 'pending' AND due_at <= $1
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING delivery_id, alert_id, subscription_id, attempts
    )
    SELECT delivery_id, alert_id, subscription_id, attempts, address, asked_at, language, expires_at
    FROM taken JOIN subscriptions USING (subscription_id) LEFT JOIN alerts USING (alert_id)
    WHERE address IS NOT NULL
"""

# How a letter ended. That it was sent is written even where it was stopped meanwhile: it is what happened.
SETTLE_DELIVERY = """
    UPDATE deliveries SET status = $2, settled_at = $3, reason = $4
    WHERE delivery_id = $1 AND (status = 'pending' OR $2 = 'sent')
"""

# When to try a letter again.
POSTPONE_DELIVERY = "UPDATE deliveries SET due_at = $2, reason = $3 WHERE delivery_id = $1 AND status = 'pending'"

# An alert's letters that have not left do not leave any more.
STOP_ALERT = """
    UPDATE deliveries SET status = 'stopped', settled_at = $2, reason = $3
    WHERE alert_id = $1 AND status = 'pending'
"""

# How many letters of an alert are in which state.
PROGRESS = "SELECT status, count(*) AS letters FROM deliveries WHERE alert_id = $1 GROUP BY status"


async def count_addressees(conn: Connection, first_id: UUID, reach: Reach) -> int:
    counted: int = await conn.fetchval(
        COUNT_ADDRESSEES, first_id, reach.stations, reach.neighbourhoods, reach.sectors, reach.topics
    )
    return counted


async def insert_deliveries(conn: Connection, alert: Issued, reach: Reach, at: datetime) -> None:
    await conn.execute(
        INSERT_DELIVERIES,
        *(alert.alert_id, at, alert.first_id),
        *(reach.stations, reach.neighbourhoods, reach.sectors, reach.topics),
    )
    await conn.execute(MARK_ADDRESSED, alert.alert_id, at)


async def insert_confirmation(conn: Connection, subscription_id: UUID, at: datetime) -> None:
    await conn.execute(INSERT_CONFIRMATION, subscription_id, at)


async def claim_delivery(conn: Connection, now: datetime, lease: timedelta) -> Delivery | None:
    row = await conn.fetchrow(CLAIM_DELIVERY, now, lease)
    if row is None:
        return None
    return Delivery(
        delivery_id=row["delivery_id"],
        alert_id=row["alert_id"],
        subscription_id=row["subscription_id"],
        address=row["address"],
        asked_at=row["asked_at"],
        language=row["language"],
        attempts=row["attempts"],
        due_until=row["expires_at"],
    )


async def settle_delivery(
    conn: Connection, delivery_id: UUID, status: DeliveryStatus, at: datetime, reason: str | None = None
) -> None:
    await conn.execute(SETTLE_DELIVERY, delivery_id, status, at, reason)


async def postpone_delivery(conn: Connection, delivery_id: UUID, due_at: datetime, reason: str) -> None:
    await conn.execute(POSTPONE_DELIVERY, delivery_id, due_at, reason)


async def stop_deliveries(conn: Connection, alert_id: UUID, at: datetime, reason: str) -> None:
    await conn.execute(STOP_ALERT, alert_id, at, reason)


async def progress(conn: Connection, alert_id: UUID) -> Progress:
    return Progress(**{row["status"]: row["letters"] for row in await conn.fetch(PROGRESS, alert_id)})
