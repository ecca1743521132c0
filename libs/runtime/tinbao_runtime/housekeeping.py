"""What every service's worker does on a schedule to its own message tables."""

from datetime import date, datetime, timedelta

from tinbao_runtime import idempotency, inbox
from tinbao_runtime.postgres import Connection
from tinbao_runtime.settings import ServiceSettings

# Makes the partition of one day if it is missing; the name carries the day.
DAY = """
    SELECT format('CREATE TABLE IF NOT EXISTS %I PARTITION OF outbox_sent FOR VALUES FROM (%L) TO (%L)',
                  'outbox_sent_' || to_char($1::date, 'YYYYMMDD'), $1::date, $1::date + 1)
"""

# Days of outbox_sent that ended before the given date.
OLD_DAYS = """
    SELECT format('DROP TABLE %I', child.relname)
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'outbox_sent'::regclass AND child.relname < 'outbox_sent_' || to_char($1::date, 'YYYYMMDD')
"""

# One worker at a time makes and drops days.
LOCK = "SELECT pg_advisory_xact_lock($1)"
DAYS_LOCK = 0x7107BA1
DAYS_AHEAD = 7


async def keep_house(conn: Connection, settings: ServiceSettings, now: datetime) -> None:
    """Make days of `outbox_sent` ahead, drop old ones, forget old claims and answers. Repeating it changes nothing."""
    await conn.execute(LOCK, DAYS_LOCK)
    await _make_days(conn, now.date())
    for (statement,) in await conn.fetch(OLD_DAYS, now.date() - settings.outbox_kept):
        await conn.execute(statement)
    await conn.execute(inbox.FORGET, settings.inbox_kept)
    await conn.execute(idempotency.FORGET)


async def _make_days(conn: Connection, today: date) -> None:
    for ahead in range(-1, DAYS_AHEAD):
        await conn.execute(await conn.fetchval(DAY, today + timedelta(days=ahead)))
