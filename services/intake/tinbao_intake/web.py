"""The residents' pages, over the same doors as the API. A receipt code travels in a form's body, never in a URL."""

import secrets
from http import HTTPStatus
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form, Request
from pydantic import ValidationError
from starlette.responses import Response
from tinbao_contracts.catalogue import Urgency, load_catalogue
from tinbao_contracts.numbers import numbers_for
from tinbao_contracts.places import load_communes
from tinbao_runtime.idempotency import MAX_KEY_LENGTH, MIN_KEY_LENGTH, IdempotencyKey
from tinbao_web.pages import Pages

from tinbao_intake import wording
from tinbao_intake.deadlines import deadline_of
from tinbao_intake.doors import Doors
from tinbao_intake.draft import MessageDraft
from tinbao_intake.mailbox import Mailbox, TipNotFound
from tinbao_intake.receipt import NotACode
from tinbao_intake.refusals import REFUSALS, refusal
from tinbao_intake.responses import ReceiptOut
from tinbao_intake.tip_form import TipForm
from tinbao_intake.wording import Gettext

FormKey = Annotated[str, Form(alias="idempotency_key", min_length=MIN_KEY_LENGTH, max_length=MAX_KEY_LENGTH)]
FormCode = Annotated[str, Form(max_length=64)]
FormText = Annotated[str, Form(max_length=20_000)]


class TipPages:
    """The form and the receipt."""

    def __init__(self, doors: Doors, pages: Pages) -> None:
        self._doors = doors
        self._pages = pages

    def form(self, request: Request) -> Response:
        return self._form(request, {}, {}, new_key(), 200)

    async def send(self, request: Request, form: TipForm) -> Response:
        """The receipt; or the form again with all that was typed, and what is wrong with it."""
        try:
            receipt = await self._doors.send_tip(form.draft(), IdempotencyKey(form.idempotency_key, "tips"))
        except REFUSALS as error:
            errors, status = refusal(error, self._pages.texts(request).gettext)
            return self._again(request, form, errors, status)
        return self._receipt(request, receipt)

    def _again(self, request: Request, form: TipForm, errors: dict[str, str], status: int) -> Response:
        key = new_key() if status == HTTPStatus.CONFLICT else form.idempotency_key
        return self._form(request, form.values(), errors, key, status)

    def _form(
        self, request: Request, values: dict[str, str], errors: dict[str, str], key: str, status: int
    ) -> Response:
        context = {
            "numbers": numbers_for(),
            "categories": list(load_catalogue().values()),
            "stations": list(load_communes().values()),
            "values": values,
            "errors": errors,
            "idempotency_key": key,
        }
        return self._pages.render(request, "form.html", context, status)

    def _receipt(self, request: Request, receipt: ReceiptOut) -> Response:
        station = self._doors.directory.stations[receipt.station]
        context = {
            "receipt_code": receipt.receipt_code,
            "qr_svg": segno.make_qr(receipt.receipt_code).svg_inline(border=0, omitsize=True),
            "station_name": receipt.station_name,
            "received_at": receipt.received_at,
            "deadline_at": deadline_of(
                receipt.station, receipt.urgency, receipt.received_at, is_remote=station.is_remote
            ),
            "is_immediate": receipt.urgency is Urgency.IMMEDIATE,
            "numbers": numbers_for(),
        }
        return self._pages.render(request, "receipt.html", context, 201)


class MailboxPages:
    """The mailbox, opened anew with the code on every visit."""

    def __init__(self, doors: Doors, pages: Pages) -> None:
        self._doors = doors
        self._pages = pages

    def ask(self, request: Request, error: str | None = None, status: int = 200) -> Response:
        """The page that asks for the code."""
        text = self._pages.texts(request).gettext(error) if error else None
        return self._pages.render(request, "mailbox_open.html", {"error": text}, status)

    async def open(self, request: Request, code: str) -> Response:
        return await self._show(request, code)

    async def send(self, request: Request, code: str, text: str, key: str) -> Response:
        try:
            draft = MessageDraft(receipt_code=code, text=text)
        except ValidationError as error:
            is_long = error.errors()[0]["type"] == "string_too_long"
            return await self._show(request, code, error=wording.TOO_LONG if is_long else wording.EMPTY_MESSAGE)
        try:
            await self._doors.send_message(draft, IdempotencyKey(key, "messages"))
        except (NotACode, TipNotFound):
            return self.ask(request, wording.UNKNOWN_CODE, 404)
        return await self._show(request, code, notice=wording.ADDED)

    async def withdraw(self, request: Request, code: str) -> Response:
        try:
            await self._doors.withdraw(code)
        except (NotACode, TipNotFound):
            return self.ask(request, wording.UNKNOWN_CODE, 404)
        return await self._show(request, code, notice=wording.WITHDRAWN)

    async def _show(self, request: Request, code: str, notice: str | None = None, error: str | None = None) -> Response:
        try:
            mailbox = await self._doors.read_mailbox(code)
        except NotACode:
            return self.ask(request, wording.MISTYPED_CODE, 422)
        except TipNotFound:
            return self.ask(request, wording.UNKNOWN_CODE, 404)
        gettext = self._pages.texts(request).gettext
        context = {
            **self._context(mailbox, gettext),
            "receipt_code": code,
            "notice": gettext(notice) if notice else None,
            "error": gettext(error) if error else None,
            "idempotency_key": new_key(),
        }
        return self._pages.render(request, "mailbox.html", context, 422 if error else 200)

    def _context(self, mailbox: Mailbox, gettext: Gettext) -> dict[str, Any]:
        tip = mailbox.tip
        station = self._doors.directory.stations.get(tip.station)
        is_remote = station.is_remote if station else False
        words = wording.WITHDRAWN if tip.withdrawn_at else wording.STATUSES[tip.status]
        return {
            "status": "withdrawn" if tip.withdrawn_at else tip.status.value,
            "status_text": gettext(words),
            "station_name": station.name if station else tip.station,
            "received_at": tip.received_at,
            "deadline_at": deadline_of(tip.station, tip.urgency, tip.received_at, is_remote=is_remote),
            "messages": mailbox.messages,
            "outcome_text": gettext(wording.OUTCOMES[tip.outcome]) if tip.outcome else None,
        }


def web_router(doors: Doors, pages: Pages) -> APIRouter:
    tips, mailboxes = TipPages(doors, pages), MailboxPages(doors, pages)
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def form(request: Request) -> Response:
        return tips.form(request)

    @router.post("/")
    async def send_tip(request: Request, form: Annotated[TipForm, Form()]) -> Response:
        return await tips.send(request, form)

    @router.get("/mailbox")
    async def ask_for_code(request: Request) -> Response:
        return mailboxes.ask(request)

    @router.post("/mailbox")
    async def open_mailbox(request: Request, receipt_code: FormCode) -> Response:
        return await mailboxes.open(request, receipt_code)

    @router.post("/mailbox/messages")
    async def send_message(request: Request, receipt_code: FormCode, key: FormKey, text: FormText = "") -> Response:
        return await mailboxes.send(request, receipt_code, text, key)

    @router.post("/mailbox/withdraw")
    async def withdraw(request: Request, receipt_code: FormCode) -> Response:
        return await mailboxes.withdraw(request, receipt_code)

    return router


def new_key() -> str:
    """An idempotency key for one showing of a form: a double click or a reload sends one tip."""
    return secrets.token_urlsafe(24)
