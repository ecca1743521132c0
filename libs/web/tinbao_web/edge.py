"""What stands around every application: the same for all services, in the one right order."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.middleware.gzip import GZipMiddleware
from tinbao_runtime.body_limit import BodyLimit
from tinbao_runtime.problems import answer_unexpected
from tinbao_runtime.requests import RequestTelemetry
from tinbao_runtime.settings import ConsoleSettings

from tinbao_web.error_pages import ErrorPages
from tinbao_web.login import add_sessions
from tinbao_web.pages import Pages
from tinbao_web.security import CrossOriginProtection, SecurityHeaders

ERRORS_OF_A_CONSOLE: Mapping[int, str] = {401: "signed_out.html", 403: "forbidden.html"}


def add_public_edge(app: FastAPI, pages: Pages) -> None:
    """For pages without a login. Compressed: nothing secret stands beside what a stranger may put into an address."""
    _add_edge(app, pages, is_compressed=True)


def add_console_edge(
    app: FastAPI, pages: Pages, settings: ConsoleSettings, cookie: str, *, is_compressed: bool = False
) -> None:
    """For pages behind a login, whose redirect a form may follow to the provider."""
    add_sessions(app, settings, cookie)
    issuer = urlsplit(settings.oidc_issuer)
    origins = [f"{issuer.scheme}://{issuer.netloc}"]
    _add_edge(app, pages, ERRORS_OF_A_CONSOLE, origins, is_compressed=is_compressed)


def _add_edge(
    app: FastAPI,
    pages: Pages,
    error_templates: Mapping[int, str] | None = None,
    form_origins: Collection[str] = (),
    *,
    is_compressed: bool,
) -> None:
    """The last one added is the outermost."""
    # Starlette's own stands outside of all others: what fails would be no page and have no security headers.
    app.add_middleware(ServerErrorMiddleware, handler=answer_unexpected)
    if is_compressed:
        app.add_middleware(GZipMiddleware)
    app.add_middleware(BodyLimit)
    app.add_middleware(CrossOriginProtection)
    app.add_middleware(ErrorPages, pages=pages, templates=error_templates)
    app.add_middleware(SecurityHeaders, form_origins=form_origins)
    app.add_middleware(RequestTelemetry)
