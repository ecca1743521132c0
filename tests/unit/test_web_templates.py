"""Every page in every state, in both languages, rendered as the services do: what is missing is an error."""

import re
from importlib import resources
from types import SimpleNamespace

import pytest
from jinja2 import UndefinedError
from tinbao_contracts.catalogue import load_catalogue
from tinbao_web.icons import load_icons
from tinbao_web.texts import LANGUAGES

from tests.unit.test_web_samples import CATEGORIES, CODE, FORM, MAILBOX, SAMPLES, Sample, a_request, pages_of

PAGES = {service: pages_of(service) for service in SAMPLES}
EVERY = [
    pytest.param(service, sample, language, id=f"{service}-{sample.name}-{language}")
    for service, samples in SAMPLES.items()
    for sample in samples
    for language in LANGUAGES
]
INLINE = re.compile(r"""<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=["']|javascript:|https?://""")


def render(service: str, sample: Sample, language: str = "vi", query: str = "") -> str:
    request = a_request(sample.path, language, sample.method, query)
    return bytes(PAGES[service].render(request, sample.template, sample.context, sample.status).body).decode()


def the_sample(service: str, name: str) -> Sample:
    return next(sample for sample in SAMPLES[service] if sample.name == name)


@pytest.mark.parametrize(("service", "sample", "language"), EVERY)
def test_a_page_renders_in_each_language_with_one_first_heading(service: str, sample: Sample, language: str) -> None:
    page = render(service, sample, language)

    assert f'<html lang="{language}">' in page
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert not re.search(r"%\(\w+\)", page), "a placeholder was not filled"


@pytest.mark.parametrize(("service", "sample", "language"), EVERY)
def test_a_page_needs_nothing_inline_and_nothing_from_another_host(service: str, sample: Sample, language: str) -> None:
    page = render(service, sample, language)

    assert not INLINE.findall(page.replace('xmlns="http://www.w3.org/2000/svg"', ""))


@pytest.mark.parametrize(("service", "sample", "language"), EVERY)
def test_every_reference_inside_a_page_leads_somewhere(service: str, sample: Sample, language: str) -> None:
    page = render(service, sample, language)

    ids = re.findall(r'\sid="([^"]+)"', page)
    referred = re.findall(r'\s(?:for|list|aria-labelledby)="([^"]+)"|\shref="#([^"]+)"', page)
    described = [name for names in re.findall(r'\saria-describedby="([^"]+)"', page) for name in names.split()]
    assert len(ids) == len(set(ids))
    assert {first or second for first, second in referred} | set(described) <= set(ids)


def test_a_value_that_a_service_forgets_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        PAGES["intake"].render(a_request(), "receipt.html", {"receipt_code": CODE})


def test_all_categories_can_be_chosen_without_javascript() -> None:
    page = render("intake", the_sample("intake", "form"))

    assert re.findall(r'name="category" value="(\w+)"', page) != []
    assert set(re.findall(r'name="category" value="(\w+)"', page)) == set(load_catalogue())


def test_a_failed_check_keeps_all_that_was_typed_and_says_what_is_wrong() -> None:
    page = render("intake", the_sample("intake", "form-mistakes"))

    assert re.search(r'value="human_trafficking"[^>]* checked', page)
    assert re.search(r'<option value="landlord" selected>', page)
    assert 'value="từ 22 giờ hằng ngày"' in page
    assert ">\nNhóm khoảng 6 người đánh bạc" in page
    assert re.search(r'id="contact_phone"[^>]*aria-describedby="contact_phone-error" aria-invalid="true"', page)
    assert '<p class="error" id="contact_phone-error">' in page


def test_secrecy_is_asked_for_unless_it_was_unticked() -> None:
    ticked = re.compile(r'name="secrecy" value="true" checked')

    assert ticked.search(render("intake", the_sample("intake", "form")))
    assert not ticked.search(render("intake", the_sample("intake", "form-mistakes")))


def test_what_a_reporter_writes_is_text_and_never_markup() -> None:
    message = SimpleNamespace(author="reporter", text="<b>&", sent_at=MAILBOX["received_at"])
    page = render("intake", Sample("mailbox", "mailbox.html", MAILBOX | {"messages": [message]}, "/mailbox", "POST"))

    assert "&lt;b&gt;&amp;" in page
    assert "<b>&" not in page


@pytest.mark.parametrize("name", ["receipt", "mailbox", "mailbox-closed"])
def test_a_receipt_code_is_in_no_address(name: str) -> None:
    page = render("intake", the_sample("intake", name))

    assert CODE in page
    assert not [address for address in re.findall(r'(?:href|action|src)="([^"]*)"', page) if CODE in address]


def test_a_page_that_a_language_link_would_lose_offers_none() -> None:
    assert "hreflang" in render("intake", the_sample("intake", "form"))
    assert "hreflang" not in render("intake", the_sample("intake", "receipt"))


def test_links_and_forms_keep_the_chosen_language_and_the_language_link_keeps_the_filters() -> None:
    page = render("triage", the_sample("triage", "queue"), query="lang=en&status=open")

    assert 'href="/cases/0193-412?lang=en"' in page
    assert 'action="/cases/claim-next?lang=en"' in page
    assert 'href="/?lang=vi&amp;status=open"' in page


def test_a_list_never_shows_what_is_sealed() -> None:
    page = render("triage", the_sample("triage", "case-sealed"))

    assert "Nguyễn Thị Bình" not in page
    assert 'name="reason"' in page


def test_an_officer_sees_only_the_acts_that_are_allowed() -> None:
    acts = re.compile(r'action="/cases/[\w-]+/(\w+)"')

    assert set(acts.findall(render("triage", the_sample("triage", "case-watching")))) == set()
    assert set(acts.findall(render("triage", the_sample("triage", "case-sealed")))) == {"claim", "open", "notes"}
    assert set(acts.findall(render("triage", the_sample("triage", "case-opened")))) == {
        "classify",
        "answers",
        "close",
        "notes",
    }


def test_every_icon_that_is_shipped_is_used() -> None:
    folders = ("tinbao_web", "tinbao_intake", "tinbao_triage", "tinbao_audit", "tinbao_notify")
    files = [file for name in folders for file in resources.files(name).joinpath("templates").iterdir()]
    words = {word for file in files for word in re.findall(r'"([a-z0-9-]+)"', file.read_text("utf-8"))}

    assert set(load_icons()) <= words | {category.icon for category in CATEGORIES}


def test_the_form_names_the_law_on_false_reports_once() -> None:
    page = render("intake", Sample("form", "form.html", FORM))

    assert page.count("Cố ý báo tin sai sự thật có thể bị xử lý theo pháp luật") == 1
    assert "tố cáo" not in page
