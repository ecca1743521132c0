"""Durable, sealed POST /v1/tips against its bare limit: the same connections, keys, database server and machine."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tinbao_runtime.clock import now

from bench.load import Result, load
from bench.report import Row
from bench.sealed_tips import directory_of
from bench.tips import tips
from tests.support.servers import free_port
from tests.support.world import HERE, World

ROUNDS = 3


async def measure(world: World, bare_url: str, folder: Path, count: int = 2000) -> list[Row]:
    """Ours and the bare ones take turns, three rounds each; the median round counts."""
    ours = world.services["intake"].api_port(world.at)
    await world.start("intake-api")
    rows, accepted = [], 0
    async with bare_app(world, bare_url, folder) as bare:
        for in_flight in (16, 64):
            warm = await load(ours, tips("/v1/tips", 300), in_flight)
            await load(bare, tips("/store", 300), in_flight)
            accepted += warm.statuses.get(201, 0)
            runs: dict[str, list[Result]] = {"ours": [], "bare": [], "answer": []}
            for _ in range(ROUNDS):
                runs["ours"].append(await load(ours, tips("/v1/tips", count), in_flight))
                runs["bare"].append(await load(bare, tips("/store", count), in_flight))
                runs["answer"].append(await load(bare, tips("/answer", count), in_flight))
            rows.append(_row(in_flight, runs))
    stored = await world.value("intake", "SELECT count(*) FROM tips")
    rows[-1]["lost"] = accepted + sum(row["accepted"] for row in rows) - stored
    await world.stop("intake-api")
    return rows


def _row(in_flight: int, runs: dict[str, list[Result]]) -> Row:
    ours, bare, answer = (sorted(runs[name], key=lambda r: r.per_second)[ROUNDS // 2] for name in runs)
    return {
        "what": f"durable POST, {in_flight} in flight",
        "ours_per_s": round(ours.per_second),
        "bare_per_s": round(bare.per_second),
        "ratio": round(ours.per_second / bare.per_second, 2),
        "goal": 0.6,
        "only_answer_per_s": round(answer.per_second),
        "p50_ms": round(ours.quantile(0.5) * 1000, 1),
        "p99_ms": round(ours.quantile(0.99) * 1000, 1),
        "bare_p99_ms": round(bare.quantile(0.99) * 1000, 1),
        "accepted": sum(run.statuses.get(201, 0) for run in runs["ours"]),
        "refused": sum(n for run in runs["ours"] for status, n in run.statuses.items() if status != 201),
    }


@asynccontextmanager
async def bare_app(world: World, bare_url: str, folder: Path) -> AsyncIterator[int]:
    recipients = (await directory_of(world)).recipients(HERE, at=now())
    keys, port = folder / "keys.json", free_port()
    keys.write_text(json.dumps([json.loads(key.model_dump_json()) for key in recipients]))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.bare_intake", str(port), str(keys)),
        env={"BARE_DATABASE_URL": bare_url, "PYTHONPATH": "."},
    )
    try:
        await _until_open(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _until_open(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
