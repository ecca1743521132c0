"""Which language a reader gets, and that nothing is left untranslated."""

from collections.abc import Sequence
from importlib import resources

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from tinbao_web.texts import language_of

from tests.unit.test_web_samples import a_request

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}}


def texts_in_sources(package: str) -> set[str]:
    with resources.as_file(resources.files(package)) as folder:
        found = [message for _, _, message, *_ in extract_from_dir(folder, METHODS, OPTIONS)]
    return {message if isinstance(message, str) else message[0] for message in found}


def english_of(package: str) -> Catalog:
    with resources.files(package).joinpath("locale/en/LC_MESSAGES/messages.po").open("rb") as lines:
        return read_po(lines, locale="en")


@pytest.mark.parametrize("package", ["tinbao_web", "tinbao_intake", "tinbao_triage", "tinbao_audit", "tinbao_notify"])
def test_english_has_every_text_of_the_sources_and_no_other(package: str) -> None:
    english = {message.id if isinstance(message.id, str) else message.id[0] for message in english_of(package)} - {""}

    assert texts_in_sources(package) - english == set(), "to be translated"
    assert english - texts_in_sources(package) == set(), "no longer used"


@pytest.mark.parametrize("package", ["tinbao_web", "tinbao_intake", "tinbao_triage", "tinbao_audit", "tinbao_notify"])
def test_no_english_text_is_empty_doubtful_or_has_other_placeholders(package: str) -> None:
    messages = [message for message in english_of(package) if message.id]

    assert [message.id for message in messages if message.fuzzy or not all(texts_of(message))] == []
    assert [(message.id, error) for message in messages for error in message.check()] == []


def texts_of(message: Message) -> Sequence[str]:
    return [message.string] if isinstance(message.string, str) else message.string or [""]


@pytest.mark.parametrize(
    ("accepted", "query", "language"),
    [
        ("", "", "vi"),
        ("fr-FR, fr;q=0.9", "", "vi"),
        ("en-GB, en;q=0.9, vi;q=0.8", "", "en"),
        ("en;q=0.4, vi;q=0.8", "", "vi"),
        ("en;q=0, fr", "", "vi"),
        ("vi-VN", "lang=en", "en"),
        ("en", "lang=fr", "en"),
        ("en;q=high", "", "vi"),
    ],
)
def test_a_reader_gets_the_chosen_language_then_the_preferred_one_then_vietnamese(
    accepted: str, query: str, language: str
) -> None:
    assert language_of(a_request(language=accepted, query=query)) == language
