"""`make bench`: every benchmark, a table, and a JSON file with machine and versions."""

import asyncio
import json
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import durable_post
from tests.support.world import a_world

PACKAGES = ("aiokafka", "asyncpg", "cryptography", "fastapi", "pydantic", "uvicorn")


async def run() -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with a_world(folder) as world:
            return await durable_post.measure(world, folder)


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
