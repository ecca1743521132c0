"""`make bench`: every benchmark, a table, and a JSON file with machine and versions."""

import asyncio
import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from bench import audit_leaves, durable_post, open_loop, opened_cases, relay_rows
from bench.bare_database import bare_database
from bench.report import Row
from tests.support.world import World, a_world

PACKAGES = ("aiokafka", "asyncpg", "cryptography", "fastapi", "pydantic", "uvicorn")


async def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with a_world(folder) as world:
            await _remember_commit_times(world)
            bare_url = await bare_database(world)
            return [
                *await durable_post.measure(world, bare_url, folder),
                *await open_loop.measure(world),
                *await relay_rows.measure(world),
                *await opened_cases.measure(world, bare_url),
                *await audit_leaves.measure(world, bare_url, folder),
            ]


async def _remember_commit_times(world: World) -> None:
    """So that the server itself can say when a row was committed. Costs the bare limits the same."""
    conn = await asyncpg.connect(world.at.postgres.url())
    await conn.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await conn.close()
    await world.postgres.stop()
    await world.postgres.start()
    await world.postgres.wait_ready()


def main() -> None:
    rows = asyncio.run(run())
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    report = {"machine": machine, "versions": {name: version(name) for name in PACKAGES}, "results": rows}
    Path("bench-results.json").write_text(json.dumps(report, indent=2))
    console = Console()
    for row in rows:
        table = Table(title=str(row.pop("what")))
        for name in row:
            table.add_column(name)
        table.add_row(*(str(value) for value in row.values()))
        console.print(table)


if __name__ == "__main__":
    main()
