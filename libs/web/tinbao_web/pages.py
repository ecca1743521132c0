"""Renders a service's pages over the shared templates, in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from babel.support import NullTranslations
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from tinbao_web import times
from tinbao_web.icons import icon
from tinbao_web.static import hash_assets
from tinbao_web.texts import LANGUAGES, chosen_language, language_of, load_texts


class Pages:
    """Reads templates, texts and asset hashes of `package` once; `package` has `templates/` and `locale/` in it."""

    def __init__(self, package: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        packages = ("tinbao_web", package)
        self._now = now
        self._texts = load_texts(packages)
        self._environments = {
            language: _environment(package, language, self._texts[language], hash_assets(packages))
            for language in LANGUAGES
        }

    def texts(self, request: Request) -> NullTranslations:
        """`gettext` and `ngettext` in the request's language, for what Python says itself, such as a field's error."""
        return self._texts[language_of(request)]

    def render(
        self, request: Request, name: str, context: Mapping[str, Any] | None = None, status: int = 200
    ) -> HTMLResponse:
        """A page. Raises jinja2.UndefinedError where `context` lacks what the template says."""
        language = language_of(request)
        template = self._environments[language].get_template(name)
        body = template.render({**self._about(request), **(context or {})}, http_status=status)
        return HTMLResponse(body, status, {"Content-Language": language, "Vary": "Accept-Language"})

    def _about(self, request: Request) -> dict[str, Any]:
        return {
            "now": self._now(),
            "chosen_language": chosen_language(request),
            "link": partial(_link, chosen_language(request)),
            # A page that answers a POST is gone once left, and a receipt code with it: it offers no other language.
            "other_languages": _language_links(request) if request.method == "GET" else {},
        }


def _environment(package: str, language: str, texts: NullTranslations, hashes: Mapping[str, str]) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("tinbao_web")]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.globals.update(lang=language, icon=icon, asset=lambda name: f"/static/{name}?v={hashes[name]}")
    environment.filters.update(_filters(language, texts))
    return environment


def _filters(language: str, texts: NullTranslations) -> dict[str, Callable[..., str]]:
    @pass_context
    def recent_time(context: Context, at: datetime) -> str:
        return times.recent_time(at, context["now"], language, texts)

    return {
        "written_time": partial(times.written_time, language=language),
        "deadline_time": partial(times.deadline_time, language=language, texts=texts),
        "recent_time": recent_time,
        "time_left": partial(times.time_left, texts=texts),
        "tone": times.tone_of,
    }


def _link(chosen: str | None, path: str, **query: str | None) -> str:
    """A link of ours that keeps the chosen language; empty parameters are left out."""
    kept = {key: value for key, value in {**query, "lang": chosen}.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def see_other(request: Request, path: str) -> RedirectResponse:
    """Where an act leads, in the language that the reader chose: reloading that page repeats nothing."""
    return RedirectResponse(_link(chosen_language(request), path), status_code=303)


def _language_links(request: Request) -> dict[str, str]:
    query = dict(request.query_params)
    return {language: f"{request.url.path}?{urlencode({**query, 'lang': language})}" for language in LANGUAGES}
