"""What every response says to the browser, and which requests a browser may not send. Pure ASGI, so streams pass."""

import json
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    # Not "no-referrer": it makes a browser send `Origin: null` with our own forms, and one without Sec-Fetch-Site
    # (Safari before 16.4, any browser on plain http) would then be refused below. No other host gets a referrer.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def content_security_policy(form_origins: Collection[str] = ()) -> str:
    """Everything ours, nothing inline. `form_origins` may also be reached by a form's redirect (CSP 3, form-action)."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            " ".join(["form-action 'self'", *form_origins]),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )


class SecurityHeaders:
    """Adds the headers to every response; an HTML page is stored nowhere unless its route says otherwise."""

    def __init__(self, app: ASGIApp, form_origins: Collection[str] = ()) -> None:
        self._app = app
        self._headers = {**HEADERS, "Content-Security-Policy": content_security_policy(form_origins)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if headers.get("content-type", "").startswith("text/html"):
            headers.setdefault("Cache-Control", "no-store")


class CrossOriginProtection:
    """Refuses what another site makes a browser send, by Sec-Fetch-Site or Origin, as Go's http.CrossOriginProtection.

    A request with neither header comes from no browser and passes. "same-site" is refused too: another port of the
    same host is another console.
    """

    def __init__(self, app: ASGIApp, trusted_origins: Collection[str] = ()) -> None:
        self._app = app
        self._trusted = frozenset(trusted_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = scope["type"] == "http" and scope["method"] not in SAFE_METHODS and self._is_foreign(scope)
        await (_refusal() if is_refused else self._app)(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        origin, site = headers.get("origin", ""), headers.get("sec-fetch-site", "")
        if site in {"same-origin", "none"} or origin in self._trusted:
            return False
        return bool(site) or bool(origin and urlsplit(origin).netloc != headers.get("host", ""))


def _refusal() -> Response:
    problem = {
        "type": "https://tinbao.org/problems/cross-origin",
        "title": "A page of another site sent this request",
        "status": 403,
    }
    return Response(json.dumps(problem), 403, media_type="application/problem+json")
