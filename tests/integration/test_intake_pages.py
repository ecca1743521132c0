"""The residents' pages: from the form to the receipt to the mailbox, without losing a word and without a trace."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser
from uuid import UUID

import httpx
import pytest
from tinbao_contracts.events import CaseAnsweredV1, CaseClosedV1, Outcome
from tinbao_intake.consumers import HANDLERS
from tinbao_intake.receipt import ReceiptCode
from tinbao_runtime import outbox
from tinbao_runtime.body_limit import MAX_BODY_BYTES
from tinbao_runtime.mailbox_encryption import encrypt_message
from uuid_utils.compat import uuid7

from tests.support.intake import BINH_TUYEN, PROVINCE, SITE, Intake, a_form, about, an_intake, keyed, new_key
from tests.support.servers import PostgresServer

UNKNOWN = str(ReceiptCode(0))


@pytest.fixture(scope="module")
async def running(postgres: PostgresServer) -> AsyncIterator[Intake]:
    async with an_intake(postgres) as intake:
        yield intake


@pytest.fixture
async def intake(running: Intake) -> Intake:
    await running.empty()
    return running


class Addresses(HTMLParser):
    """Everything that a browser would fetch, follow or send to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "href", "action", "formaction", "poster", "srcset", "data", "ping", "style", "content"}
        self.found += [value or "" for name, value in attrs if name in names]


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, f"no hidden {name}"
    return unescape(found[1])


def code_on(page: str) -> str:
    found = re.search(r'data-copy="([^"]+)"', page)
    assert found, "no receipt code"
    return found[1]


async def received(intake: Intake, **typed: str) -> str:
    """The receipt code of a tip that was sent by the form."""
    response = await intake.page("/", a_form(**typed))
    assert response.status_code == 201, response.text
    return code_on(response.text)


async def answer(intake: Intake, code: str, text: str, **closing: Outcome) -> None:
    (tip,) = await intake.tips()
    tip_id, message_id = UUID(str(tip["tip_id"])), uuid7()
    body = encrypt_message(ReceiptCode.parse(code).mailbox_key, tip_id, message_id, text)
    said = about(CaseAnsweredV1, tip_id, message_id=message_id, answer=body, officer="7f3a")
    await intake.hear(HANDLERS[CaseAnsweredV1], said)
    if closing:
        await intake.hear(HANDLERS[CaseClosedV1], about(CaseClosedV1, tip_id, officer="7f3a", **closing))


async def test_a_form_leads_to_a_receipt_and_the_receipt_to_the_mailbox(intake: Intake) -> None:
    form = await intake.page("/")
    key = hidden(form.text, "idempotency_key")

    receipt = await intake.page("/", a_form(idempotency_key=key, text="Mất một xe máy."))
    mailbox = await intake.page("/mailbox", {"receipt_code": code_on(receipt.text)})

    assert (form.status_code, receipt.status_code, mailbox.status_code) == (200, 201, 200)
    assert "Công an xã Bình Tuyền" in receipt.text
    assert "Mã chỉ hiển thị một lần" in receipt.text
    assert "Đã tiếp nhận" in mailbox.text
    (tip,) = await intake.tips()
    assert tip["station"] == BINH_TUYEN


async def test_what_a_form_needs_no_more_than_is_what_a_browser_leaves_empty(intake: Intake) -> None:
    sparse = {name: value for name, value in a_form().items() if value}

    assert (await intake.page("/", sparse)).status_code == 201


async def test_every_showing_of_the_form_has_a_key_of_its_own(intake: Intake) -> None:
    keys = {hidden((await intake.page("/")).text, "idempotency_key") for _ in range(5)}

    assert len(keys) == 5
    assert all(len(key) >= 22 for key in keys)


async def test_a_double_click_is_one_tip_with_one_receipt(intake: Intake) -> None:
    form = a_form()

    responses = await asyncio.gather(*(intake.page("/", form) for _ in range(5)))

    assert {response.status_code for response in responses} == {201}
    assert len({code_on(response.text) for response in responses}) == 1
    assert len(await intake.tips()) == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"text": ""}, "text"),
        ({"commune": "Bình Xuyên"}, "commune"),
        ({"commune": "04792"}, "commune"),
        ({"category": "gossip"}, "category"),
        ({"category": ""}, "category"),
        ({"contact_phone": "113"}, "contact_phone"),
        ({"place": "x" * 501}, "place"),
        ({"text": "y" * 10_001}, "text"),
        ({"text": "z" * 60_000}, "text"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_form_with_a_mistake_comes_back_with_all_that_was_typed(
    intake: Intake, typed: dict[str, str], field: str
) -> None:
    form = a_form(
        **{"text": "Nhóm người đánh bạc.", "place": "Dãy trọ & quán", "neighbourhood": 'Tổ "4"'} | typed,
        happened_at="từ 22 giờ",
        happening_now="true",
        reporter_role="landlord",
        contact_name="Nguyễn Thị Bình",
        secrecy="",
    )

    response = await intake.page("/", form)

    page = unescape(response.text)
    assert response.status_code == 422
    assert f'href="#{field}"' in page
    assert hidden(response.text, "idempotency_key") == form["idempotency_key"]
    for name in ("text", "place", "neighbourhood", "happened_at", "contact_name", "contact_phone", "commune"):
        assert form[name] in page
    assert re.search(r'<option value="landlord" selected>', page)
    assert re.search(r'name="happening_now" value="true" checked', page)
    assert not re.search(r'name="secrecy" value="true" checked', page)
    assert await intake.tips() == []


async def test_a_form_that_was_corrected_is_taken_with_its_key(intake: Intake) -> None:
    form = a_form(text="")
    back = await intake.page("/", form)

    taken = await intake.page(
        "/", form | {"text": "Bây giờ có.", "idempotency_key": hidden(back.text, "idempotency_key")}
    )

    assert taken.status_code == 201


async def test_a_form_that_was_sent_with_other_words_before_gets_a_new_key(intake: Intake) -> None:
    form = a_form()
    await intake.page("/", form)

    back = await intake.page("/", form | {"text": "Một tin khác."})
    again = await intake.page(
        "/", form | {"text": "Một tin khác."} | {"idempotency_key": hidden(back.text, "idempotency_key")}
    )

    assert (back.status_code, again.status_code) == (409, 201)
    assert "Một tin khác." in back.text
    assert len(await intake.tips()) == 2


async def test_words_that_look_like_markup_are_words(intake: Intake) -> None:
    response = await intake.page("/", a_form(commune="<script>alert(1)</script>", place='"><img src=x>'))

    assert response.status_code == 422
    assert "<script>alert" not in response.text
    assert "<img src=x" not in response.text


async def test_a_tip_about_officers_is_received_by_the_province_and_promises_no_communes_date(intake: Intake) -> None:
    response = await intake.page("/", a_form(category="officer_misconduct"))

    assert "Công an tỉnh Phú Thọ" in response.text
    assert "chậm nhất" not in response.text
    assert (await intake.tips())[0]["station"] == PROVINCE


async def test_a_receipt_where_a_life_is_in_danger_says_whom_to_call(intake: Intake) -> None:
    calm = await intake.page("/", a_form())
    danger = await intake.page("/", a_form(category="violence"))

    assert 'href="tel:113"' in danger.text
    assert 'href="tel:113"' not in calm.text


async def test_a_mailbox_shows_what_was_said_and_how_it_ended(intake: Intake) -> None:
    code = await received(intake)
    await answer(intake, code, "Công an xã đã tiếp nhận.\nXin cảm ơn.", outcome=Outcome.TRANSFERRED)

    page = (await intake.page("/mailbox", {"receipt_code": code.lower()})).text

    assert "Công an xã đã tiếp nhận.\nXin cảm ơn." in page
    assert "Đã chuyển đơn vị có thẩm quyền giải quyết." in page
    assert "Kết thúc xử lý tại đơn vị" in page
    assert "/mailbox/withdraw" not in page


async def test_a_message_is_added_once_and_shown(intake: Intake) -> None:
    code = await received(intake)
    opened = (await intake.page("/mailbox", {"receipt_code": code})).text
    message = {"receipt_code": code, "idempotency_key": hidden(opened, "idempotency_key"), "text": "Thêm một xe."}

    first, second = await asyncio.gather(*(intake.page("/mailbox/messages", message) for _ in range(2)))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text.count("Thêm một xe.") == 1
    assert "Đã gửi bổ sung." in first.text
    assert hidden(first.text, "idempotency_key") != message["idempotency_key"]
    assert hidden(first.text, "receipt_code") == code


@pytest.mark.parametrize("text", ["", " ", "x" * 10_001, "z" * 40_000])
async def test_a_message_with_a_mistake_comes_back_with_its_words(intake: Intake, text: str) -> None:
    code = await received(intake)
    message = {"receipt_code": code, "idempotency_key": new_key(), "text": text}

    response = await intake.page("/mailbox/messages", message)

    assert response.status_code == 422
    assert text in response.text
    assert hidden(response.text, "receipt_code") == code
    assert hidden(response.text, "idempotency_key") == message["idempotency_key"]


async def test_a_message_under_a_used_key_comes_back_with_a_new_one(intake: Intake) -> None:
    message = {"receipt_code": await received(intake), "idempotency_key": new_key(), "text": "Một."}
    await intake.page("/mailbox/messages", message)

    back = await intake.page("/mailbox/messages", message | {"text": "Hai."})

    assert back.status_code == 409
    assert "Hai." in back.text
    assert hidden(back.text, "idempotency_key") != message["idempotency_key"]


async def test_a_withdrawal_is_confirmed_and_the_mailbox_stays_readable(intake: Intake) -> None:
    code = await received(intake)
    await answer(intake, code, "Đã rõ.")

    page = (await intake.page("/mailbox/withdraw", {"receipt_code": code})).text

    assert "Đã ghi nhận việc rút tin" in page
    assert "Đã rõ." in page
    assert 'aria-current="step">Đã có trả lời' in page
    assert "/mailbox/withdraw" not in page


@pytest.mark.parametrize("path", ["/mailbox", "/mailbox/messages", "/mailbox/withdraw"])
@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (UNKNOWN, 404, "Không tìm thấy tin báo ứng với mã này"),
        ("K7M2-9QXD", 422, "Mã chưa đúng"),
        ("", 422, "Mã chưa đúng"),
        ("x" * 300, 422, "chưa đúng"),
    ],
)
async def test_a_code_that_opens_nothing_can_be_corrected(
    intake: Intake, path: str, typed: str, status: int, said: str
) -> None:
    form = {"receipt_code": typed, "idempotency_key": new_key(), "text": "Thêm."}

    response = await intake.page(path, form)

    assert response.status_code == status
    assert f'value="{typed}"' in response.text
    if len(typed) < 300 or path == "/mailbox":
        assert said in response.text


@pytest.mark.parametrize("path", ["/", "/mailbox"])
async def test_a_page_speaks_the_readers_language(intake: Intake, path: str) -> None:
    vietnamese = await intake.page(path)
    english = await intake.page(path, headers={"accept-language": "en-GB,en;q=0.9"})
    chosen = await intake.page(f"{path}?lang=en", headers={"accept-language": "vi"})

    assert [page.headers["content-language"] for page in (vietnamese, english, chosen)] == ["vi", "en", "en"]
    assert "Send a tip" in english.text
    assert 'lang="vi"' in vietnamese.text
    assert vietnamese.headers["vary"].lower().split(", ").count("accept-language") == 1


async def test_a_refusal_speaks_the_chosen_language_too_and_keeps_it(intake: Intake) -> None:
    response = await intake.page("/?lang=en", a_form(text="", commune="Bình Xuyên", contact_phone="113"))

    assert "Please fill this in" in response.text
    assert 'action="/?lang=en"' in response.text


async def every_page(intake: Intake) -> list[httpx.Response]:
    code = await received(intake)
    await answer(intake, code, "Đã rõ.")
    message = {"receipt_code": code, "idempotency_key": new_key()}
    return [
        await intake.page("/"),
        await intake.page("/", a_form(text="")),
        await intake.page("/", a_form()),
        await intake.page("/mailbox"),
        await intake.page("/mailbox", {"receipt_code": UNKNOWN}),
        await intake.page("/mailbox", {"receipt_code": code}),
        await intake.page("/mailbox/messages", message | {"text": "Thêm."}),
        await intake.page("/mailbox/messages", message | {"text": ""}),
        await intake.page("/mailbox/withdraw", {"receipt_code": code}),
        await intake.page("/nowhere"),
        await intake.page("/docs"),
    ]


async def test_no_page_sets_a_cookie_is_stored_or_may_do_anything_but_its_own(intake: Intake) -> None:
    for page in await every_page(intake):
        assert page.headers["content-type"].startswith("text/html")
        assert "set-cookie" not in page.headers
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert page.headers["referrer-policy"] == "same-origin"


async def test_no_page_asks_another_host_for_anything(intake: Intake) -> None:
    for page in await every_page(intake):
        addresses = Addresses(page.text).found
        foreign = [each for each in addresses if re.match(r"(?i)\s*([a-z][a-z0-9+.-]*:)?//|(?!tel:)[a-z]+:", each)]
        assert addresses
        assert foreign == []


async def test_what_a_page_fetches_is_there_and_ours(intake: Intake) -> None:
    page = (await intake.page("/")).text
    assets = {each for each in Addresses(page).found if each.startswith("/static/")}

    answers = [await intake.http.get(asset) for asset in assets]

    assert len(assets) >= 3
    assert {response.status_code for response in answers} == {200}
    assert not any("set-cookie" in response.headers for response in answers)


async def test_a_receipt_code_is_in_no_address_and_no_header(intake: Intake) -> None:
    receipt = await intake.page("/", a_form())
    code = code_on(receipt.text)
    mailbox = await intake.page("/mailbox", {"receipt_code": code})

    for page in (receipt, mailbox):
        assert not [each for each in Addresses(page.text).found if code in each]
        assert code not in str(page.headers)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/mailbox/messages", 405), ("POST", "/", 422), ("GET", "/v1/stations", 422)],
)
async def test_an_error_is_a_page_for_a_browser_and_a_problem_for_a_program(
    intake: Intake, method: str, path: str, status: int
) -> None:
    for_browser = await intake.http.request(method, path, headers={"accept": "text/html,*/*;q=0.8"})
    for_program = await intake.http.request(method, path, headers={"accept": "*/*"})

    assert for_browser.status_code == for_program.status_code == status
    assert for_browser.headers["content-type"].startswith("text/html")
    assert "<h1>" in for_browser.text
    assert for_program.headers["content-type"] == "application/problem+json"


async def test_too_large_a_form_is_a_page(intake: Intake) -> None:
    response = await intake.page("/", a_form(text="x" * MAX_BODY_BYTES))

    assert response.status_code == 413
    assert "Nội dung quá dài" in response.text


async def test_a_failure_of_ours_is_a_page_that_says_nothing_of_it(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("Mất một xe máy")

    monkeypatch.setattr(outbox, "enqueue", fail)
    response = await intake.page("/", a_form(text="Mất một xe máy"))

    assert response.status_code == 500
    assert "Hệ thống gặp lỗi" in response.text
    assert "xe máy" not in response.text
    assert "content-security-policy" in response.headers
    assert await intake.tips() == []


@pytest.mark.parametrize("path", ["/", "/mailbox", "/mailbox/messages", "/mailbox/withdraw"])
async def test_a_form_that_another_site_sends_is_refused(intake: Intake, path: str) -> None:
    form = a_form(receipt_code=UNKNOWN)

    foreign = [
        await intake.page(path, form, {"sec-fetch-site": "cross-site"}),
        await intake.page(path, form, {"origin": "https://other.test"}),
        await intake.page(path, form, {"origin": "null"}),
    ]
    ours = await intake.page(path, form, {"origin": SITE, "sec-fetch-site": "same-origin"})

    assert [response.status_code for response in foreign] == [403, 403, 403]
    assert ours.status_code != 403
    assert len(await intake.tips()) == (1 if path == "/" else 0)


async def test_no_other_site_may_read_an_answer(intake: Intake) -> None:
    preflight = await intake.http.options(
        "/v1/tips", headers={"origin": "https://other.test", "access-control-request-method": "POST"}
    )
    answered = await intake.http.get("/v1/categories", headers={"origin": "https://other.test"})

    for response in (preflight, answered):
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_broken_form_is_refused_and_never_a_failure_of_ours(intake: Intake) -> None:
    kinds = (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain",
    )
    bodies = (b"", b"\xff\xfe", b"text=%ff%00&&&=", b"--x\r\nContent-Disposition: form-data\r\n\r\n", b"a=1&" * 2_000)

    statuses = {
        (await intake.http.post("/", content=body, headers={"content-type": kind} | keyed())).status_code
        for kind in kinds
        for body in bodies
    }

    assert statuses <= {400, 422}


async def test_a_page_is_compressed_and_small(intake: Intake) -> None:
    response = await intake.page("/", headers={"accept-encoding": "gzip"})

    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < 20_000
