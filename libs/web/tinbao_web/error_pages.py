"""Shows a person what an API client gets as a problem document: the same status, as a page in their language."""

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tinbao_web.pages import Pages

PROBLEM = "application/problem+json"


class ErrorPages:
    """ASGI middleware. Only what a browser asks for (`Accept: text/html`) is answered with a page."""

    def __init__(self, app: ASGIApp, pages: Pages, templates: Mapping[int, str] | None = None) -> None:
        """`templates` names the page of a status that has one of its own; the others use `error.html`."""
        self._app = app
        self._pages = pages
        self._templates = templates or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        problem: Message | None = None

        async def hold_problem(message: Message) -> None:
            nonlocal problem
            if message["type"] == "http.response.start" and _is_problem(message):
                problem = message
            elif problem is None:
                await send(message)
            elif not message.get("more_body", False):
                await self._page(Request(scope), problem, receive, send)

        await self._app(scope, receive, hold_problem)

    async def _page(self, request: Request, problem: Message, receive: Receive, send: Send) -> None:
        status = problem["status"]
        page = self._pages.render(request, self._templates.get(status, "error.html"), status=status)
        for name in ("retry-after", "www-authenticate"):
            if value := MutableHeaders(scope=problem).get(name):
                page.headers[name] = value
        await page(request.scope, receive, send)


def _is_problem(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type", "").startswith(PROBLEM)
