"""What every service's worker does on a schedule to its own message tables."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from tinbao_runtime import idempotency, inbox
from tinbao_runtime.postgres import Connection
from tinbao_runtime.settings import ServiceSettings

# Makes the days that are missing from the first on.
MAKE_DAYS = "SELECT make_outbox_days($1::date, $2)"

# Statements that drop the days before the given one, except those of which something still waits for the relay.
OLD_DAYS = """
    SELECT format('DROP TABLE %I', child.relname)
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'outbox_events'::regclass
      AND child.relname < 'outbox_events_' || to_char($1::date, 'YYYYMMDD')
      AND NOT EXISTS (
          SELECT FROM outbox WHERE child.relname = 'outbox_events_' || to_char(stored_on, 'YYYYMMDD')
      )
"""

# One worker at a time makes and drops days.
LOCK = "SELECT pg_advisory_xact_lock($1)"

# Making or dropping a day locks all of outbox_events: rather fail, and try again later, than hold everybody up.
PATIENCE = "SET LOCAL lock_timeout = '3s'"

DAYS_LOCK = 0x7107BA1
DAYS_AHEAD = 31


Needed: TypeAlias = Callable[[Connection], Awaitable[datetime | None]]
"""Since when a service still needs its events, however old they are; None if their usual age will do."""


async def nothing_needed(_: Connection) -> None:
    return None


async def keep_house(
    conn: Connection, settings: ServiceSettings, now: datetime, needed_since: Needed = nothing_needed
) -> None:
    """Make days of the outbox ahead, drop old ones, forget old claims and answers. Repeating it changes nothing."""
    await conn.execute(LOCK, DAYS_LOCK)
    await conn.execute(PATIENCE)
    await conn.execute(MAKE_DAYS, now.date() - timedelta(days=1), DAYS_AHEAD + 1)
    keep_from = min(now - settings.outbox_kept, await needed_since(conn) or now)
    for (statement,) in await conn.fetch(OLD_DAYS, keep_from.date()):
        await conn.execute(statement)
    await conn.execute(inbox.FORGET, settings.inbox_kept)
    await conn.execute(idempotency.FORGET)
