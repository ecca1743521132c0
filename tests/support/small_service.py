"""A service of a few lines, for tests of what runs services: `python -m tests.support.small_service ENTRY_POINT`."""

import asyncio
import os
import runpy
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

import asyncpg


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def do_POST(self) -> None:
        self.send_response(201)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


async def count_a_start() -> None:
    conn = await asyncpg.connect(os.environ["TINBAO_DATABASE_URL"])
    await conn.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz NOT NULL)")
    await conn.execute("INSERT INTO starts VALUES (now())")
    print("start number", await conn.fetchval("SELECT count(*) FROM starts"), flush=True)  # noqa: T201  - its log
    await conn.close()


def main(entry_point: str) -> None:
    if os.environ.get("REFUSE") == entry_point:
        sys.exit(f"{entry_point} refuses")
    if entry_point == "migrate":
        runpy.run_module("tinbao_intake", run_name="__main__")  # the directory, where `up` registers stations and keys
        return
    if entry_point == "api":
        asyncio.run(count_a_start())
    port = int(os.environ["TINBAO_HTTP_PORT"]) + (100 if entry_point == "worker" else 0)
    HTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
