"""The bare limit of a durable POST: raw ASGI that parses, seals the same bytes to the same keys, and inserts the tip
and its outbox rows with one commit. No validation, no idempotency, no second face. `/answer` only answers."""

import json
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from tinbao_contracts.sealed import Part
from tinbao_runtime import sealing
from tinbao_runtime.keys import PublicKey
from uuid_utils.compat import uuid7

from bench.bare_database import INSERT_EVENTS, INSERT_TIP


class Bare:
    """`recipients` are those that intake seals to."""

    def __init__(self, recipients: list[PublicKey]) -> None:
        self._recipients = recipients
        self._pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self._pool = await asyncpg.create_pool(os.environ["BARE_DATABASE_URL"], min_size=1, max_size=10)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return
        body = (await receive())["body"]
        if scope["path"] != "/answer":
            await self._store(json.loads(body))
        answer = json.dumps({"receipt_code": secrets.token_hex(10)}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _store(self, tip: dict[str, Any]) -> None:
        tip_id = uuid7()
        bound = sealing.SealedFor(tip_id, "90001", 1)
        slip = json.dumps({"place": tip["place"]}).encode()
        parts = {Part.SLIP: slip, Part.CONTENT: json.dumps(tip).encode()}
        sealed = sealing.seal(parts, bound, self._recipients).model_dump_json().encode()
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(INSERT_TIP, tip_id, secrets.token_bytes(32), datetime.now(UTC), sealed)
            await conn.execute(INSERT_EVENTS, [uuid7()], ["tips.90001"], [sealed])


def main() -> None:
    keys = [PublicKey.model_validate(each) for each in json.loads(Path(sys.argv[2]).read_text())]
    uvicorn.run(Bare(keys), host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
