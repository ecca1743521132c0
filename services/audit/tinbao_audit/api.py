"""The HTTP API for auditors: where an event stands, and proofs that are also in the tiles for who computes them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from tinbao_runtime.problems import PROBLEM_RESPONSES

from tinbao_audit.reading import Reading
from tinbao_audit.responses import ConsistencyOut, EntryOut, InclusionOut, KeyOut

Count = Annotated[int, Query(ge=0, lt=2**63)]


class FindIn(BaseModel):
    model_config = ConfigDict(val_json_bytes="base64")  # both alphabets: events are written in the URL-safe one

    event_id: UUID
    salt: Annotated[bytes, Field(max_length=64)] | None = Field(
        default=None, description="The tip's log_salt; without it the event is looked for among those of no tip."
    )


def api_router(reading: Reading) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["audit"], max_body_size=10_000, responses=PROBLEM_RESPONSES)

    @router.get("/key")
    async def read_key() -> KeyOut:
        """The key that the log's checkpoints are signed with. Compare it with one that you got another way."""
        return KeyOut(verifier_key=str(reading.key), origin=reading.key.name)

    @router.post("/entries/find")
    async def find(wanted: FindIn) -> EntryOut:
        """The leaf of an event, and the proof that it is in the signed tree."""
        log, index = await reading.find(wanted.event_id, wanted.salt)
        return await run_in_threadpool(EntryOut.at, log, index)

    @router.get("/proofs/inclusion")
    def prove_inclusion(index: Count, size: Count | None = None) -> InclusionOut:
        """That an entry is in the tree of `size` leaves, by default the published one."""
        log = reading.published()
        return InclusionOut.of(log, index, log.size if size is None else size)

    @router.get("/proofs/consistency")
    def prove_consistency(
        old: Annotated[int, Query(alias="from", ge=0, lt=2**63)], new: Annotated[int, Query(alias="to", ge=0, lt=2**63)]
    ) -> ConsistencyOut:
        """That the tree of `to` leaves begins with all that the tree of `from` leaves had."""
        return ConsistencyOut.of(reading.published(), old, new)

    return router
