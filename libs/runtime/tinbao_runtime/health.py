"""/livez, /readyz and /metrics. An API is ready when its database answers; a worker also when its loops live."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from tinbao_runtime import metrics
from tinbao_runtime.postgres import Pool, transaction
from tinbao_runtime.problems import unavailable

Probe = Callable[[], Awaitable[None]]
"""Raises where the thing it looks at is not ready."""


class NotReady(Exception):
    """Its message is for the operator."""


def health_router(pool: Pool, *probes: Probe) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> Response:
        return PlainTextResponse("live\n")

    @router.get("/readyz")
    async def readyz() -> Response:
        async with transaction(pool) as conn:
            await conn.fetchval("SELECT 1")
        try:
            for probe in probes:
                await probe()
        except NotReady as error:
            problem = unavailable()
            problem.detail = str(error)
            return problem.response()
        return PlainTextResponse("ready\n")

    @router.get("/metrics")
    async def read_metrics() -> Response:
        return Response(await metrics.render(pool), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
