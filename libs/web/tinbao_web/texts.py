"""Which language a page speaks, and its texts: Vietnamese as written in the sources, English from `locale/`.

A catalogue is read once at start, without a compile step, so a text that is changed needs only a restart.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from io import BytesIO
from typing import TypeAlias

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

SOURCE = "vi"
LANGUAGES = (SOURCE, "en")

Gettext: TypeAlias = Callable[[str], str]


def mark(text: str) -> str:
    """Import it as `_`: it puts a text into the catalogue that is translated where it is shown."""
    return text


def load_texts(packages: Iterable[str]) -> Mapping[str, NullTranslations]:
    """The texts of all languages, merged over packages; a later package wins."""
    merged: dict[str, NullTranslations] = {SOURCE: NullTranslations()}
    for language in LANGUAGES[1:]:
        texts = Translations()
        for package in packages:
            texts.merge(_read(package, language))
        merged[language] = texts
    return merged


def _read(package: str, language: str) -> Translations:
    compiled = BytesIO()
    source = resources.files(package).joinpath("locale", language, "LC_MESSAGES", "messages.po")
    with source.open("rb") as lines:
        write_mo(compiled, read_po(lines, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def chosen_language(request: Request) -> str | None:
    """The language the reader asked for with `?lang=`, which links and forms then keep; no cookie remembers it."""
    language = request.query_params.get("lang")
    return language if language in LANGUAGES else None


def language_of(request: Request) -> str:
    """`?lang=`, else the best of Accept-Language (RFC 9110, section 12.5.4), else Vietnamese."""
    accepted = sorted(_ranges(request.headers.get("accept-language", "")), key=lambda range_: -range_[1])
    wanted = (tag.split("-")[0] for tag, quality in accepted if quality > 0)
    return chosen_language(request) or next((tag for tag in wanted if tag in LANGUAGES), SOURCE)


def _ranges(header: str) -> Iterable[tuple[str, float]]:
    for part in header.lower().split(","):
        tag, _, weight = part.partition(";")
        try:
            yield tag.strip(), float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
