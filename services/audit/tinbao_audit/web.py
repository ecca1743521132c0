"""The open page of the log: how large it is, what came last, and how anybody can check it."""

from collections.abc import Mapping
from types import SimpleNamespace

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from tinbao_contracts.places import Station, load_stations
from tinbao_web.pages import Pages
from tinbao_web.texts import Gettext

from tinbao_audit.leaf import Leaf
from tinbao_audit.log_reader import NotPublished, Published
from tinbao_audit.reading import Reading
from tinbao_audit.wording import EVENTS, ROLES

SHOWN = 12


def web_router(reading: Reading, pages: Pages) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def log(request: Request) -> Response:
        try:
            published = await run_in_threadpool(reading.published)
        except NotPublished:
            return pages.render(request, "log.html", {"log": None, "vkey": str(reading.key), "entries": []})
        signed = await reading.last_signed()
        entries = await run_in_threadpool(_entries, published, pages.texts(request).gettext)
        head = SimpleNamespace(size=published.size, note=published.note, signed_at=signed.signed_at if signed else None)
        return pages.render(request, "log.html", {"log": head, "vkey": str(reading.key), "entries": entries})

    return router


def _entries(log: Published, gettext: Gettext) -> list[SimpleNamespace]:
    stations = load_stations()
    return [_entry(index, Leaf.from_bytes(leaf), stations, gettext) for index, leaf in log.last_entries(SHOWN)]


def _entry(index: int, leaf: Leaf, stations: Mapping[str, Station], gettext: Gettext) -> SimpleNamespace:
    """Words for what the leaf says; a code that has none stands for itself."""
    station = stations.get(leaf.station or "")
    return SimpleNamespace(
        index=index,
        what=gettext(EVENTS.get(leaf.type, leaf.type)),
        day=leaf.day,
        station_name=station.name if station else leaf.station,
        role=gettext(ROLES.get(leaf.role, leaf.role)) if leaf.role else None,
    )
