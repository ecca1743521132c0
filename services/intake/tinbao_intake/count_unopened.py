"""Count the tips that no station has opened."""

from datetime import datetime

from tinbao_contracts.catalogue import Urgency
from tinbao_runtime.metrics import UNOPENED_OLDEST, UNOPENED_TIPS
from tinbao_runtime.postgres import Connection

from tinbao_intake import store


async def count_unopened(conn: Connection, at: datetime) -> None:
    """Show an operator how many there are, and how long the oldest waits. Reads only."""
    unopened = await store.count_unopened(conn)
    for urgency in Urgency:
        tips, oldest = unopened.get(urgency, (0, at))
        UNOPENED_TIPS.labels(urgency).set(tips)
        UNOPENED_OLDEST.labels(urgency).set((at - oldest).total_seconds())
