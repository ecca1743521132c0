"""Somebody who sends tips over HTTP as a good client app does: with the same key until there is an answer."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

PATIENCE_SECONDS = 60.0
RETRY_SECONDS = 0.25
IN_FLIGHT = 16


@dataclass(frozen=True)
class Receipt:
    tip_id: UUID
    station: str
    code: str


@dataclass
class Reporter:
    """`receipts` are all tips that were accepted; `refusals` are the answers that said: not now."""

    http: httpx.AsyncClient
    receipts: list[Receipt] = field(default_factory=list)
    refusals: list[httpx.Response] = field(default_factory=list)

    async def send_tip(self, commune: str, **fields: Any) -> Receipt:
        answer = await self._post("/v1/tips", a_tip(commune=commune, **fields))
        receipt = Receipt(UUID(answer["tip_id"]), answer["station"], answer["receipt_code"])
        self.receipts.append(receipt)
        return receipt

    async def add(self, receipt: Receipt, text: str) -> None:
        await self._post("/v1/mailbox/messages", {"receipt_code": receipt.code, "text": text})

    async def send_tips(self, *communes: str, supplements: int = 0) -> None:
        """One tip for each commune, several in flight; each followed by so many supplements, one after the other."""
        queue = list(reversed(communes))

        async def send_some() -> None:
            while queue:
                receipt = await self.send_tip(queue.pop())
                for number in range(supplements):
                    await self.add(receipt, f"Bổ sung lần {number + 1}")

        async with asyncio.TaskGroup() as sending:
            for _ in range(IN_FLIGHT):
                sending.create_task(send_some())

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Idempotency-Key": secrets.token_urlsafe(24)}

        async with asyncio.timeout(PATIENCE_SECONDS):
            response = await self._attempt(path, body, headers)
            while response is None:
                await asyncio.sleep(RETRY_SECONDS)
                response = await self._attempt(path, body, headers)
        assert response.status_code == httpx.codes.CREATED, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def _attempt(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response | None:
        try:
            response = await self.http.post(path, json=body, headers=headers)
        except httpx.TransportError:
            return None
        if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return response
        self.refusals.append(response)
        return None


def a_tip(**fields: Any) -> dict[str, Any]:
    return {"category": "theft_damage", "text": "Mất một xe máy màu xanh dựng trước quán.", **fields}


@asynccontextmanager
async def a_reporter(intake_url: str, **client: Any) -> AsyncIterator[Reporter]:
    async with httpx.AsyncClient(base_url=intake_url, timeout=10, trust_env=False, **client) as http:
        yield Reporter(http)
