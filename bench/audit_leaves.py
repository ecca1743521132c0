"""Events to leaves that are durable, signed and published, by one writer and by many.

Ours takes batches of 500 received events as the consumer hands them over, in one transaction each, while the sequencer
gives indexes, writes tiles and signs. Beside it COPY of the same rows into a table with the same key, by as many
writers; and the same leaves appended to one file, with one fsync for as many as the sequencer takes at once.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg
from tinbao_audit.__main__ import MIGRATIONS
from tinbao_audit.append_leaves import append_leaves
from tinbao_audit.checkpoint import SigningKey
from tinbao_audit.commitment import public_salt
from tinbao_audit.leaf import Leaf
from tinbao_audit.log_folder import LogFolder
from tinbao_audit.sequencer import BATCH as LEAVES_AT_ONCE
from tinbao_audit.sequencer import Sequencer
from tinbao_contracts.events import CaseViewedV1, ViewReason
from tinbao_runtime.clock import now
from tinbao_runtime.envelope import Received
from tinbao_runtime.migrations import migrate
from tinbao_runtime.postgres import Pool, transaction
from uuid_utils.compat import uuid7

from bench.report import Row, median
from tests.support.world import HERE, World

EVENTS, BATCH, ROUNDS = 20_000, 500, 3
ORIGIN = "bench.invalid/log"
SALT = public_salt(ORIGIN)
Events: TypeAlias = Sequence[Received[CaseViewedV1]]
Leaves: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Each with the commitment that is its key."""


async def measure(world: World, bare_url: str, folder: Path) -> list[Row]:
    await world.at.postgres.ensure_database("bench_audit", "bench_audit", "bench")
    url = world.at.postgres.url("bench_audit", "bench_audit", "bench")
    await asyncio.to_thread(migrate, url, MIGRATIONS)
    log = _Log(SigningKey.generate(ORIGIN), LogFolder(folder / "log"))
    async with asyncpg.create_pool(url, min_size=1) as pool, asyncpg.create_pool(bare_url, min_size=1) as bare:
        return [await _measure(pool, bare, log, folder, writers) for writers in (1, 8)]


async def _measure(pool: Pool, bare: Pool, log: "_Log", folder: Path, writers: int) -> Row:
    ours, copied, synced = [], [], []
    for _ in range(ROUNDS):
        events = _events()
        leaves = [(leaf.commitment.event, leaf.to_bytes()) for leaf in _leaves(events)]
        ours.append(EVENTS / await log.append(pool, events, writers))
        copied.append(EVENTS / await _copy(bare, leaves, writers))
        synced.append(EVENTS / await asyncio.to_thread(_sync, leaves, folder / "leaves"))
    return {
        "what": f"audit leaves, {writers} writer{'s' if writers > 1 else ''}",
        "ours_per_s": round(median(ours)),
        "copy_per_s": round(median(copied)),
        "ratio_to_copy": round(median(ours) / median(copied), 2),
        "fsync_per_s": round(median(synced)),
        "ratio_to_fsync": round(median(ours) / median(synced), 3),
    }


class _Log:
    """One log that grows from round to round."""

    def __init__(self, key: SigningKey, folder: LogFolder) -> None:
        self._key = key
        self._folder = folder

    async def append(self, pool: Pool, events: Events, writers: int) -> float:
        """Seconds until a signed checkpoint covers them all."""
        wanted = self._size() + len(events)
        sequencer = asyncio.create_task(Sequencer(pool, self._folder, self._key, timedelta(milliseconds=10)).run())
        batches = iter([events[start : start + BATCH] for start in range(0, len(events), BATCH)])
        began = time.perf_counter()
        async with asyncio.TaskGroup() as writing:
            for _ in range(writers):
                writing.create_task(_write(pool, batches))
        while self._size() < wanted:  # noqa: ASYNC110  - the folder is all that tells
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - began
        sequencer.cancel()
        with suppress(asyncio.CancelledError):
            await sequencer
        return seconds

    def _size(self) -> int:
        note = self._folder.note()
        return int(note.split("\n")[1]) if note else 0


async def _write(pool: Pool, batches: Iterator[Events]) -> None:
    for batch in batches:
        async with transaction(pool) as conn:
            await append_leaves(conn, batch, SALT)


async def _copy(pool: Pool, leaves: Leaves, writers: int) -> float:
    """Seconds."""
    batches = iter([leaves[start : start + BATCH] for start in range(0, len(leaves), BATCH)])

    async def write() -> None:
        async with pool.acquire() as conn:
            for batch in batches:
                await conn.copy_records_to_table("bare_leaves", records=batch, columns=["event_mac", "leaf"])

    began = time.perf_counter()
    async with asyncio.TaskGroup() as writing:
        for _ in range(writers):
            writing.create_task(write())
    return time.perf_counter() - began


def _sync(leaves: Leaves, path: Path) -> float:
    """Seconds."""
    began = time.perf_counter()
    with path.open("wb") as file:
        for start in range(0, len(leaves), LEAVES_AT_ONCE):
            file.writelines(leaf for _, leaf in leaves[start : start + LEAVES_AT_ONCE])
            file.flush()
            os.fsync(file.fileno())
    return time.perf_counter() - began


def _events() -> Events:
    """Four of each tip, as a short case has."""
    received = []
    for _ in range(EVENTS // 4):
        tip_id, salt = uuid7(), os.urandom(16)
        received += [_received(tip_id, salt) for _ in range(4)]
    return received


def _received(tip_id: UUID, salt: bytes) -> Received[CaseViewedV1]:
    event = CaseViewedV1(
        tip_id=tip_id,
        station=HERE,
        log_salt=salt,
        occurred_at=now(),
        officer="an-officer",
        role="duty_officer",
        reason=ViewReason.DUTY_ASSIGNMENT,
        permitted_until=now(),
    )
    return Received(uuid7(), event, None, now(), sha256(event.model_dump_json().encode()).digest())


def _leaves(events: Events) -> list[Leaf]:
    return [Leaf.of(received, received.event.log_salt) for received in events]
