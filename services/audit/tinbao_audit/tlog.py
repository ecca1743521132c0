"""The log for its clients, as c2sp.org/tlog-tiles describes it. Routes are plain functions: they read files."""

from fastapi import APIRouter
from starlette.responses import Response

from tinbao_audit.reading import Reading

FRESH = {"Cache-Control": "public, max-age=1"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def tlog_router(reading: Reading) -> APIRouter:
    router = APIRouter(tags=["tlog-tiles"])

    @router.get("/checkpoint", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def checkpoint() -> Response:
        """The signed tree head: a note that names the log, its size and its root."""
        return Response(reading.published().note, headers=FRESH, media_type="text/plain; charset=utf-8")

    @router.get(
        "/tile/{path:path}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}}
    )
    def tile(path: str) -> Response:
        """`<L>/<N>[.p/<W>]`, hashes of the tree; `entries/<N>[.p/<W>]`, leaves, each with its length before it.

        A partial one may be gone once it is full: then ask for the full one.
        """
        return Response(reading.tile(f"tile/{path}"), headers=FOR_EVER, media_type="application/octet-stream")

    return router
