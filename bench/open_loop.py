"""From a tip's commit to its case's, at 200 tips a second that come whether the last ones were answered or not.

Both times are PostgreSQL's own commit timestamps of one server, so no clock of ours is in between.
"""

from bench.load import open_loop
from bench.report import Row, quantile
from bench.tips import tips
from tests.support.eventually import eventually
from tests.support.world import HERE, World

PER_SECOND = 200
SECONDS = 20
TRIAGE = f"triage-{HERE}"
AT_WORK = ("intake-api", "intake-worker", f"{TRIAGE}-worker")

COMMITTED = "SELECT tip_id, pg_xact_commit_timestamp(xmin) AS at FROM cases"
# The event row of a tip is never changed, so its xmin is that of the tip's own transaction.
ACCEPTED = """
    SELECT key::uuid AS tip_id, pg_xact_commit_timestamp(xmin) AS at FROM outbox_events
    WHERE event_type = 'TipSubmittedV1' AND occurred_at > $1
"""


async def measure(world: World) -> list[Row]:
    await world.start(*AT_WORK)
    port = world.services["intake"].api_port(world.at)
    await open_loop(port, tips("/v1/tips", PER_SECOND), PER_SECOND)
    await eventually(lambda: _all_opened(world), seconds=120)
    began = await world.value("intake", "SELECT now()")
    result = await open_loop(port, tips("/v1/tips", PER_SECOND * SECONDS), PER_SECOND)
    accepted = {row["tip_id"]: row["at"] for row in await world.rows("intake", ACCEPTED, began)}
    await eventually(lambda: _all_opened(world), seconds=60)
    opened = {row["tip_id"]: row["at"] for row in await world.rows(TRIAGE, COMMITTED)}
    waits = [(opened[tip_id] - at).total_seconds() * 1000 for tip_id, at in accepted.items()]
    await world.stop(*AT_WORK)
    row = {
        "what": f"commit to opened case at {PER_SECOND} tips/s, open loop",
        "accepted": len(waits),
        "refused": len(result.latencies) - result.statuses.get(201, 0),
        "sent_per_s": round(result.per_second),
        "p50_ms": round(quantile(waits, 0.5), 1),
        "p99_ms": round(quantile(waits, 0.99), 1),
        "goal_p50_ms": 50,
        "post_p50_ms": round(result.quantile(0.5) * 1000, 1),
        "post_p99_ms": round(result.quantile(0.99) * 1000, 1),
    }
    return [row]


async def _all_opened(world: World) -> bool:
    tips = await world.value("intake", "SELECT count(*) FROM tips")
    return bool(await world.value(TRIAGE, "SELECT count(*) FROM cases") == tips)
