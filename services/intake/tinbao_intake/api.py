"""The HTTP API that client apps use. Codes, texts and phone numbers travel in bodies, never in a URL."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import ConfigDict, StringConstraints
from starlette.responses import Response
from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.frozen import Strict
from tinbao_contracts.places import find_communes, load_communes
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.idempotency_fields import KeyHeader
from tinbao_runtime.problems import PROBLEM_RESPONSES

from tinbao_intake.doors import Doors
from tinbao_intake.draft import MessageDraft, TipDraft
from tinbao_intake.receipt import EXAMPLE
from tinbao_intake.responses import CategoryOut, MailboxOut, ReceiptOut, SentOut, StationOut


class CodeIn(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [{"receipt_code": EXAMPLE}]})

    receipt_code: Annotated[str, StringConstraints(max_length=64)]


async def keep_nowhere(response: Response) -> None:
    """An answer with a receipt code or a conversation in it is for the one who asked, now.

    It awaits nothing: as a plain function it would cost every request a visit to the thread pool.
    """
    response.headers["Cache-Control"] = "no-store"


def api_router(doors: Doors) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["tips"], responses=PROBLEM_RESPONSES)
    private = [Depends(keep_nowhere)]

    @router.get("/categories")
    async def list_categories() -> list[CategoryOut]:
        """What a tip may be about. Crimes, frauds, hazards and public order; nothing else is taken."""
        return [CategoryOut.of(category) for category in load_catalogue().values()]

    @router.get("/stations")
    async def find_stations(q: Annotated[str, Query(min_length=1, max_length=100)]) -> list[StationOut]:
        """Communes whose name is like `q`, best first, with or without accents, and the station of each."""
        directory = doors.directory
        found = find_communes(q, load_communes().values())
        return [
            StationOut(commune=c.code, commune_name=c.name, station=s.code, station_name=s.name)
            for c in found
            if (s := directory.stations.get(directory.station_of_commune.get(c.code, "")))
        ]

    @router.post("/tips", status_code=201, dependencies=private)
    async def send_tip(draft: TipDraft, key: KeyHeader) -> ReceiptOut:
        """Send a tip. 201 means that it is stored for good, sealed, and on its way to the station."""
        return await doors.send_tip(draft, IdempotencyKey(key, "tips"))

    @router.post("/mailbox/open", dependencies=private)
    async def open_mailbox(code: CodeIn) -> MailboxOut:
        """The tip's state and the conversation, for the holder of the receipt code."""
        return MailboxOut.of(await doors.read_mailbox(code.receipt_code))

    @router.post("/mailbox/messages", status_code=201, dependencies=private)
    async def send_message(draft: MessageDraft, key: KeyHeader) -> SentOut:
        """Add to a tip. The station that holds it now receives it."""
        return await doors.send_message(draft, IdempotencyKey(key, "messages"))

    @router.post("/mailbox/withdraw", status_code=204, dependencies=private)
    async def withdraw(code: CodeIn) -> None:
        """Withdraw a tip. The station records it; the law does not let that alone end the handling."""
        await doors.withdraw(code.receipt_code)

    return router
