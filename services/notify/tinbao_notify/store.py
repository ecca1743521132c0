"""All SQL of notify."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from tinbao_contracts.alerts import AlertText, AlertUrgency, Certainty, Severity
from tinbao_contracts.events import AlertProposedV1
from tinbao_runtime.postgres import Connection, Record

from tinbao_notify.alert import Alert, AlertDraft, Approval, Cancellation, Issued, Sent, Status
from tinbao_notify.audience import Reach, from_text, to_text
from tinbao_notify.delivery import Delivery, DeliveryStatus, Progress
from tinbao_notify.proposal import Proposal
from tinbao_notify.subscription import ConsentText, Subscription, SubscriptionDraft

# Registers a station or changes it.
UPSERT_STATION = """
    INSERT INTO stations (code, name, communes) VALUES ($1, $2, $3)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, communes = excluded.communes
"""

# All stations, as intake announced them.
STATIONS = "SELECT code, name, communes FROM stations"

# Stores a proposal; the same one again changes nothing.
INSERT_PROPOSAL = """
    INSERT INTO proposals (proposal_id, station, category, headline, description, area, urgency, severity, expires_at,
                           officer, proposed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (proposal_id) DO NOTHING
"""

# Proposals that nobody has taken, oldest first; null for all stations.
WAITING_PROPOSALS = """
    SELECT proposal_id, station, category, headline, description, area, urgency, severity, expires_at, officer,
           proposed_at
    FROM proposals WHERE settled_at IS NULL AND ($1::text[] IS NULL OR station = ANY ($1))
    ORDER BY proposed_at LIMIT 200
"""

# Takes a proposal that nobody has taken, and returns it.
SETTLE_PROPOSAL = """
    UPDATE proposals SET settled_at = $3
    WHERE proposal_id = $1 AND settled_at IS NULL AND ($2::text[] IS NULL OR station = ANY ($2))
    RETURNING proposal_id, station, category, headline, description, area, urgency, severity, expires_at, officer,
              proposed_at
"""

# Stores a new draft.
INSERT_ALERT = """
    INSERT INTO alerts (alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en,
                        description_en, urgency, severity, certainty, area, audiences, expires_at, authors, changed_at,
                        earlier, earlier_sent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
"""

# Writes a draft anew, with its state and its authors.
SAVE_DRAFT = """
    UPDATE alerts
    SET status = $2, category = $3, headline_vi = $4, description_vi = $5, headline_en = $6, description_en = $7,
        urgency = $8, severity = $9, certainty = $10, area = $11, audiences = $12, expires_at = $13, authors = $14,
        changed_at = $15, rejection = $16
    WHERE alert_id = $1
"""

# Marks a submitted alert as approved and issued in one step; the table refuses an approver who is an author.
SAVE_APPROVAL = """
    UPDATE alerts SET status = 'issued', approved_by = $2, digest = $3, issued_at = $4 WHERE alert_id = $1
"""

# Marks an issued alert as one that an update holds instead of.
MARK_SUPERSEDED = "UPDATE alerts SET status = 'superseded' WHERE alert_id = $1"

# The one update that was begun of an alert, in any state.
UPDATE_OF = "SELECT alert_id FROM alerts WHERE supersedes = $1"

# Marks an issued alert as cancelled.
SAVE_CANCELLATION = """
    UPDATE alerts SET status = 'cancelled', cancel_id = $2, cancelled_by = $3, cancelled_at = $4 WHERE alert_id = $1
"""

# One alert; null stations for all.
FIND_ALERT = """
    SELECT alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en, description_en,
           urgency, severity, certainty, area, audiences, expires_at, authors, changed_at, rejection, approved_by,
           digest, issued_at, cancel_id, cancelled_by, cancelled_at, earlier, earlier_sent
    FROM alerts WHERE alert_id = $1 AND ($2::text[] IS NULL OR station = ANY ($2))
"""

# The same, locked until the transaction ends.
LOCK_ALERT = """
    SELECT alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en, description_en,
           urgency, severity, certainty, area, audiences, expires_at, authors, changed_at, rejection, approved_by,
           digest, issued_at, cancel_id, cancelled_by, cancelled_at, earlier, earlier_sent
    FROM alerts WHERE alert_id = $1 AND ($2::text[] IS NULL OR station = ANY ($2)) FOR UPDATE
"""

# The alerts of the console but for those that an update holds instead of, last changed first; null stations for all.
LIST_ALERTS = """
    SELECT alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en, description_en,
           urgency, severity, certainty, area, audiences, expires_at, authors, changed_at, rejection, approved_by,
           digest, issued_at, cancel_id, cancelled_by, cancelled_at, earlier, earlier_sent
    FROM alerts WHERE status <> 'superseded' AND ($1::text[] IS NULL OR station = ANY ($1))
    ORDER BY coalesce(cancelled_at, issued_at, changed_at) DESC LIMIT 200
"""

# Alerts that went out and whose end has not come: in force, or cancelled before their time. Newest first.
PUBLIC_ALERTS = """
    SELECT alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en, description_en,
           urgency, severity, certainty, area, audiences, expires_at, authors, changed_at, rejection, approved_by,
           digest, issued_at, cancel_id, cancelled_by, cancelled_at, earlier, earlier_sent
    FROM alerts WHERE status IN ('issued', 'cancelled') AND expires_at > $1 ORDER BY issued_at DESC LIMIT 200
"""

# What holds of an alert that went out, by the id of any of its messages.
FIND_PUBLIC = """
    SELECT alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en, description_en,
           urgency, severity, certainty, area, audiences, expires_at, authors, changed_at, rejection, approved_by,
           digest, issued_at, cancel_id, cancelled_by, cancelled_at, earlier, earlier_sent
    FROM alerts
    WHERE status IN ('issued', 'cancelled') AND first_id = (SELECT first_id FROM alerts WHERE alert_id = $1)
"""

# To how many subscribers an alert would go now.
COUNT_ADDRESSEES = "SELECT count(*) FROM addressees($1, $2, $3, $4, $5)"

# The next alert whose letters have not been written, locked; another worker's is passed over.
NEXT_TO_ADDRESS = """
    SELECT alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en, description_en,
           urgency, severity, certainty, area, audiences, expires_at, authors, changed_at, rejection, approved_by,
           digest, issued_at, cancel_id, cancelled_by, cancelled_at, earlier, earlier_sent
    FROM alerts WHERE status = 'issued' AND addressed_at IS NULL ORDER BY issued_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""

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

# Letters that have not left, of an alert or of a subscription, do not leave any more.
STOP_ALERT = """
    UPDATE deliveries SET status = 'stopped', settled_at = $2, reason = $3
    WHERE alert_id = $1 AND status = 'pending'
"""
STOP_SUBSCRIPTION = """
    UPDATE deliveries SET status = 'stopped', settled_at = $2, reason = 'unsubscribed'
    WHERE subscription_id = $1 AND status = 'pending'
"""

# How many letters of an alert are in which state.
PROGRESS = "SELECT status, count(*) AS letters FROM deliveries WHERE alert_id = $1 GROUP BY status"

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


async def save_station(conn: Connection, code: str, name: str, communes: Iterable[str]) -> None:
    await conn.execute(UPSERT_STATION, code, name, list(communes))


async def station_names(conn: Connection) -> dict[str, str]:
    return {row["code"]: row["name"] for row in await conn.fetch(STATIONS)}


async def stations_by_commune(conn: Connection) -> dict[str, str]:
    return {commune: row["code"] for row in await conn.fetch(STATIONS) for commune in row["communes"]}


async def insert_proposal(conn: Connection, event: AlertProposedV1) -> None:
    await conn.execute(
        INSERT_PROPOSAL,
        event.proposal_id,
        event.station,
        event.category,
        event.headline,
        event.description,
        list(event.area),
        event.urgency,
        event.severity,
        event.expires_at,
        event.officer,
        event.occurred_at,
    )


async def waiting_proposals(conn: Connection, stations: list[str] | None) -> list[Proposal]:
    return [_proposal(row) for row in await conn.fetch(WAITING_PROPOSALS, stations)]


async def settle_proposal(
    conn: Connection, proposal_id: UUID, stations: list[str] | None, at: datetime
) -> Proposal | None:
    row = await conn.fetchrow(SETTLE_PROPOSAL, proposal_id, stations, at)
    return _proposal(row) if row else None


async def insert_alert(conn: Connection, alert: Alert) -> None:
    said = _said(alert.draft)
    await conn.execute(
        INSERT_ALERT,
        *(alert.alert_id, alert.station, alert.proposal_id, alert.status, *said),
        *(list(alert.authors), alert.changed_at),
        *([sent.message_id for sent in alert.earlier], [sent.sent_at for sent in alert.earlier]),
    )


async def save_draft(conn: Connection, alert: Alert) -> None:
    said = _said(alert.draft)
    await conn.execute(
        SAVE_DRAFT, alert.alert_id, alert.status, *said, list(alert.authors), alert.changed_at, alert.rejection
    )


async def save_approval(conn: Connection, alert_id: UUID, approval: Approval) -> None:
    await conn.execute(SAVE_APPROVAL, alert_id, approval.by, approval.digest, approval.issued_at)


async def mark_superseded(conn: Connection, alert_id: UUID) -> None:
    await conn.execute(MARK_SUPERSEDED, alert_id)


async def update_of(conn: Connection, alert_id: UUID) -> UUID | None:
    update: UUID | None = await conn.fetchval(UPDATE_OF, alert_id)
    return update


async def save_cancellation(conn: Connection, alert_id: UUID, cancellation: Cancellation) -> None:
    await conn.execute(SAVE_CANCELLATION, alert_id, cancellation.cancel_id, cancellation.by, cancellation.cancelled_at)


async def find_alert(conn: Connection, alert_id: UUID, stations: list[str] | None = None) -> Alert | None:
    row = await conn.fetchrow(FIND_ALERT, alert_id, stations)
    return _alert(row) if row else None


async def find_public(conn: Connection, message_id: UUID) -> Alert | None:
    row = await conn.fetchrow(FIND_PUBLIC, message_id)
    return _alert(row) if row else None


async def lock_alert(conn: Connection, alert_id: UUID, stations: list[str] | None) -> Alert | None:
    row = await conn.fetchrow(LOCK_ALERT, alert_id, stations)
    return _alert(row) if row else None


async def list_alerts(conn: Connection, stations: list[str] | None) -> list[Alert]:
    return [_alert(row) for row in await conn.fetch(LIST_ALERTS, stations)]


async def public_alerts(conn: Connection, now: datetime) -> list[Alert]:
    return [_alert(row) for row in await conn.fetch(PUBLIC_ALERTS, now)]


async def count_addressees(conn: Connection, first_id: UUID, reach: Reach) -> int:
    counted: int = await conn.fetchval(
        COUNT_ADDRESSEES, first_id, reach.stations, reach.neighbourhoods, reach.sectors, reach.topics
    )
    return counted


async def next_to_address(conn: Connection) -> Alert | None:
    row = await conn.fetchrow(NEXT_TO_ADDRESS)
    return _alert(row) if row else None


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


def _said(draft: AlertDraft) -> tuple[object, ...]:
    """The columns of what an alert says, in the order of the statements."""
    return (
        *(draft.category, draft.vi.headline, draft.vi.description),
        *((draft.en.headline, draft.en.description) if draft.en else (None, None)),
        *(draft.urgency, draft.severity, draft.certainty),
        *(list(draft.area), [to_text(audience) for audience in draft.audiences], draft.expires_at),
    )


def _alert(row: Record) -> Alert:
    english = AlertText(headline=row["headline_en"], description=row["description_en"]) if row["headline_en"] else None
    return Alert(
        alert_id=row["alert_id"],
        station=row["station"],
        proposal_id=row["proposal_id"],
        status=Status(row["status"]),
        draft=AlertDraft(
            category=row["category"],
            vi=AlertText(headline=row["headline_vi"], description=row["description_vi"]),
            en=english,
            urgency=AlertUrgency(row["urgency"]),
            severity=Severity(row["severity"]),
            certainty=Certainty(row["certainty"]),
            area=tuple(row["area"]),
            audiences=tuple(from_text(text) for text in row["audiences"]),
            expires_at=row["expires_at"],
        ),
        authors=tuple(row["authors"]),
        changed_at=row["changed_at"],
        rejection=row["rejection"],
        approval=Approval(row["approved_by"], row["digest"], row["issued_at"]) if row["approved_by"] else None,
        cancellation=_cancellation(row) if row["cancelled_at"] else None,
        earlier=tuple(Sent(*each) for each in zip(row["earlier"], row["earlier_sent"], strict=True)),
    )


def _cancellation(row: Record) -> Cancellation:
    return Cancellation(row["cancel_id"], row["cancelled_by"], row["cancelled_at"])


def _proposal(row: Record) -> Proposal:
    return Proposal(
        proposal_id=row["proposal_id"],
        station=row["station"],
        category=row["category"],
        headline=row["headline"],
        description=row["description"],
        area=tuple(row["area"]),
        urgency=AlertUrgency(row["urgency"]),
        severity=Severity(row["severity"]),
        expires_at=row["expires_at"],
        officer=row["officer"],
        proposed_at=row["proposed_at"],
    )
