"""No tip stays unopened because a record was lost: it is published again until a station says that it has it."""

from datetime import datetime, timedelta

from tinbao_runtime import outbox
from tinbao_runtime.postgres import Connection

from tinbao_intake import store

AT_ONCE = 200


async def republish_unopened(conn: Connection, at: datetime, first_wait: timedelta) -> int:
    """Publish every event of the tips that are due once more, with their own ids and in their order; how many tips.

    A station that has them already drops them by event id, and opens one case by tip id. Locks the tips, and passes
    over those that others hold. At most AT_ONCE, so that a station that returns after weeks is not flooded.
    """
    due = await store.lock_due_reminders(conn, at, at - first_wait, AT_ONCE)
    if due:
        since = min(reminder.received_at for reminder in due)
        await outbox.publish_again(conn, [str(reminder.tip_id) for reminder in due], "tips.", since)
        await store.postpone_reminders(conn, {each.tip_id: each.next_at(at, first_wait) for each in due})
    return len(due)
