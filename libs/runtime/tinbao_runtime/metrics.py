"""The numbers an operator watches, named in this one place; docs/operations.md says when to worry.

What only some processes know has a label, so that the others say nothing instead of 0. None is a station: there are
3,319 of them, and each would make its own series in every process.
"""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tinbao_runtime.postgres import Pool, Unavailable, transaction

REGISTRY = CollectorRegistry()

OUTBOX_ROWS = Gauge("tinbao_outbox_rows", "Events committed and not yet acknowledged by Kafka", registry=REGISTRY)
OUTBOX_OLDEST = Gauge("tinbao_outbox_oldest_seconds", "Age of the oldest unpublished event", registry=REGISTRY)
DEAD_LETTERS = Gauge("tinbao_dead_letters", "Records that wait for an operator", registry=REGISTRY)
PARKED = Gauge("tinbao_parked_records", "Records of a type this release does not know, or too early", registry=REGISTRY)
RELAYED = Counter("tinbao_relay_acknowledged", "Events acknowledged by Kafka", registry=REGISTRY)
CONSUMED = Counter("tinbao_consumed_records", "Records stored by the consumer", ["topic_kind"], registry=REGISTRY)
CONSUMER_LAG = Gauge(
    "tinbao_consumer_lag_records",
    "Records of this consumer's partitions that are not stored yet",
    ["topic_kind"],
    registry=REGISTRY,
)
UNOPENED_TIPS = Gauge(
    "tinbao_unopened_tips", "Tips of which no station has said that it opened a case", ["urgency"], registry=REGISTRY
)
UNOPENED_OLDEST = Gauge(
    "tinbao_unopened_oldest_seconds", "Age of the oldest such tip, 0 if there is none", ["urgency"], registry=REGISTRY
)
LOG_ENTRIES = Gauge("tinbao_log_entries", "Leaves of the signed audit log", ["log"], registry=REGISTRY)
LOG_SIGNED_AT = Gauge("tinbao_log_signed_at_seconds", "When the audit log was last signed", ["log"], registry=REGISTRY)
REQUESTS = Histogram(
    "tinbao_request_seconds", "Time to answer a request", ["route", "method", "status"], registry=REGISTRY
)
DELIVERIES = Counter("tinbao_deliveries", "How the sending of letters went", ["channel", "result"], registry=REGISTRY)
LAST_SCRAPE = Gauge("tinbao_database_read_at_seconds", "When the database's numbers were last read", registry=REGISTRY)

# Counts of what waits, in one look. Locks nothing.
WAITING = """
    SELECT (SELECT count(*) FROM outbox) AS outbox_rows,
           (SELECT coalesce(extract(epoch FROM now() - min(occurred_at)), 0) FROM outbox_events
            WHERE (stored_on, seq) = (SELECT stored_on, seq FROM outbox ORDER BY seq LIMIT 1)) AS outbox_oldest,
           (SELECT count(*) FROM dead_letters) AS dead_letters,
           (SELECT count(*) FROM parked) AS parked
"""


async def render(pool: Pool) -> bytes:
    """The Prometheus text format. While the database is away its numbers keep their last value, dated."""
    try:
        async with transaction(pool) as conn:
            row = await conn.fetchrow(WAITING)
    except Unavailable:
        row = None
    if row is not None:
        OUTBOX_ROWS.set(row["outbox_rows"])
        OUTBOX_OLDEST.set(float(row["outbox_oldest"]))
        DEAD_LETTERS.set(row["dead_letters"])
        PARKED.set(row["parked"])
        LAST_SCRAPE.set(time.time())
    return generate_latest(REGISTRY)
