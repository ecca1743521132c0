"""Alerts from draft to cancellation, and their updates."""

from datetime import datetime
from uuid import UUID

from tinbao_contracts.alerts import AlertText, AlertUrgency, Certainty, Severity
from tinbao_runtime.postgres import Connection, Record

from tinbao_notify.alert import Alert, AlertDraft, Approval, Cancellation, Sent, Status
from tinbao_notify.audience import from_text, to_text

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

# The next alert whose letters have not been written, locked; another worker's is passed over.
NEXT_TO_ADDRESS = """
    SELECT alert_id, station, proposal_id, status, category, headline_vi, description_vi, headline_en, description_en,
           urgency, severity, certainty, area, audiences, expires_at, authors, changed_at, rejection, approved_by,
           digest, issued_at, cancel_id, cancelled_by, cancelled_at, earlier, earlier_sent
    FROM alerts WHERE status = 'issued' AND addressed_at IS NULL ORDER BY issued_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""


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


async def next_to_address(conn: Connection) -> Alert | None:
    row = await conn.fetchrow(NEXT_TO_ADDRESS)
    return _alert(row) if row else None


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
