"""Records to opened cases, against the same rows opened and inserted by `unnest` in batches of 500.

Ours is the product's own worker on a topic full of tips: inbox, case, timeline and announcement in one transaction a
batch, while its relay publishes the announcements. The bare limit has the records in memory and does the same
cryptography on the same bytes; a batch writes cases and announcements with one commit.
"""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from tinbao_contracts.sealed import Part, Sealed
from tinbao_runtime import sealing
from tinbao_runtime.clock import now
from tinbao_runtime.keys import KeyRing
from tinbao_triage.vault import KEK_FILE
from uuid_utils.compat import uuid7

from bench.bare_database import INSERT_EVENTS
from bench.report import Row
from tests.support.eventually import eventually
from tests.support.world import HERE, World

BATCH = 500
TRIAGE, TOPIC = f"triage-{HERE}", f"tips.{HERE}"
COUNT = "SELECT count(*) FROM cases"
INSERT_CASES = """
    INSERT INTO bare_cases SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
        $7::text[], $8::text[], $9::bytea[], $10::bytea[], $11::bytea[])
"""
# From the first batch's commit to the last one's, and how many cases came after the first batch.
PACE = """
    SELECT count(*) FILTER (WHERE at > first) AS cases, extract(epoch FROM max(at) - min(at)) AS seconds
    FROM (SELECT at, min(at) OVER () AS first
          FROM (SELECT pg_xact_commit_timestamp(xmin) AS at FROM cases) AS each WHERE at > $1) AS dated
"""
CaseRow: TypeAlias = tuple[UUID, str, str, str, datetime, datetime, str | None, str | None, bytes, bytes, bytes]


async def measure(world: World, bare_url: str) -> list[Row]:
    """Of all records in the station's topic that nobody has read yet."""
    read = await world.committed(TRIAGE, TOPIC)
    values = [record.value for record in await world.published(TOPIC) if record.offset >= read and record.value]
    ours = await _let_worker_open(world, len(values))
    bare = len(values) / await _open_and_insert(world, bare_url, values)
    row = {
        "what": f"records to opened cases, {len(values):,}",
        "ours_per_s": round(ours),
        "bare_per_s": round(bare),
        "ratio": round(ours / bare, 2),
        "goal": 0.6,
    }
    return [row]


async def _let_worker_open(world: World, count: int) -> float:
    """Cases a second, by the server's commit times: how long a process takes to join its group does not count."""
    before = await world.value(TRIAGE, COUNT)
    began = await world.value(TRIAGE, "SELECT now()")
    await world.start(f"{TRIAGE}-worker")

    async def is_done() -> bool:
        return bool(await world.value(TRIAGE, COUNT) == before + count)

    await eventually(is_done, seconds=300)
    (pace,) = await world.rows(TRIAGE, PACE, began)
    await world.stop(f"{TRIAGE}-worker")
    return float(pace["cases"]) / float(pace["seconds"])


async def _open_and_insert(world: World, url: str, values: Sequence[bytes]) -> float:
    """Seconds."""
    folder = world.at.state / "keys" / HERE
    ring, wrapping = KeyRing.read(folder), (folder / KEK_FILE).read_bytes()
    conn = await asyncpg.connect(url)
    began = time.perf_counter()
    for start in range(0, len(values), BATCH):
        cases = [_open(value, ring, wrapping) for value in values[start : start + BATCH]]
        events = [(uuid7(), f"cases.{HERE}", _announcement(case)) for case in cases]
        async with conn.transaction():
            await conn.execute(INSERT_CASES, *map(list, zip(*cases, strict=True)))
            await conn.execute(INSERT_EVENTS, *map(list, zip(*events, strict=True)))
    seconds = time.perf_counter() - began
    await conn.close()
    return seconds


def _open(value: bytes, ring: KeyRing, wrapping: bytes) -> CaseRow:
    tip: dict[str, Any] = json.loads(value)
    tip_id, sealed = UUID(tip["tip_id"]), Sealed.model_validate(tip["sealed"])
    keys = sealing.open_data_keys(sealed, tip_id, ring)
    slip = json.loads(sealing.open_part(sealed, Part.SLIP, tip_id, keys[Part.SLIP]))
    received_at, salt = datetime.fromisoformat(tip["received_at"]), urlsafe_b64decode(tip["log_salt"])
    clear = (tip_id, tip["station"], tip["category"], tip["urgency"], received_at, now())
    wrapped = sealing.wrap_key(wrapping, keys[Part.CONTENT])
    return (*clear, slip["place"], slip["neighbourhood"], salt, wrapped, sealed.parts[Part.CONTENT])


def _announcement(case: CaseRow) -> bytes:
    return json.dumps({"tip_id": str(case[0]), "station": case[1], "category": case[2], "urgency": case[3]}).encode()
