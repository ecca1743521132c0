"""The residents' pages, over the same doors as the API. A receipt code travels in a form's body, never in a URL."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form, Request
from starlette.responses import Response
from tinbao_contracts.catalogue import Urgency, load_catalogue
from tinbao_contracts.numbers import numbers_for
from tinbao_contracts.places import load_communes
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.idempotency_fields import KeyField
from tinbao_web.pages import Pages
from tinbao_web.texts import Gettext

from tinbao_intake import wording
from tinbao_intake.deadlines import deadline_of
from tinbao_intake.doors import Doors
from tinbao_intake.draft import MessageDraft
from tinbao_intake.mailbox import Mailbox
from tinbao_intake.refusals import REFUSALS, Refusal
from tinbao_intake.responses import ReceiptOut
from tinbao_intake.tip_form import TipForm

FormText = Annotated[str, Form()]
"""As long as the whole body may be: what is too long comes back with its words instead of being lost."""


class TipPages:
    """The form and the receipt."""

    def __init__(self, doors: Doors, pages: Pages) -> None:
        self._doors = doors
        self._pages = pages

    def form(self, request: Request) -> Response:
        return self._form(request, {}, {}, new_key())

    async def send(self, request: Request, form: TipForm) -> Response:
        """The receipt; or the form again with all that was typed, and what is wrong with it."""
        try:
            receipt = await self._doors.send_tip(form.draft(), IdempotencyKey(form.idempotency_key, "tips"))
        except REFUSALS as error:
            refusal = Refusal.of(error, self._pages.texts(request).gettext)
            key = new_key() if refusal.wants_new_key else form.idempotency_key
            return _refused(self._form(request, form.values(), refusal.errors, key, refusal.status), refusal)
        return self._receipt(request, receipt)

    def _form(
        self, request: Request, values: Mapping[str, str], errors: Mapping[str, str], key: str, status: int = 200
    ) -> Response:
        context = {
            "numbers": numbers_for(),
            "categories": list(load_catalogue().values()),
            "communes": list(load_communes().values()),
            "values": values,
            "errors": errors,
            "idempotency_key": key,
        }
        return self._pages.render(request, "form.html", context, status)

    def _receipt(self, request: Request, receipt: ReceiptOut) -> Response:
        station = self._doors.directory.named(receipt.station)
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
    """The mailbox, opened anew with the code on every visit. What is refused comes back with all that was typed."""

    def __init__(self, doors: Doors, pages: Pages) -> None:
        self._doors = doors
        self._pages = pages

    def ask(self, request: Request) -> Response:
        """The page that asks for the code."""
        return self._pages.render(request, "mailbox_open.html", {"receipt_code": "", "error": None})

    async def open(self, request: Request, code: str, notice: str | None = None) -> Response:
        try:
            mailbox = await self._doors.read_mailbox(code)
        except REFUSALS as error:
            return self._refuse(request, error, code)
        gettext = self._pages.texts(request).gettext
        context = {
            **self._context(mailbox, gettext),
            "receipt_code": code,
            "notice": gettext(notice) if notice else None,
            "idempotency_key": new_key(),
        }
        return self._pages.render(request, "mailbox.html", context)

    async def send(self, request: Request, code: str, text: str, key: str) -> Response:
        try:
            draft = MessageDraft(receipt_code=code, text=text)
            await self._doors.send_message(draft, IdempotencyKey(key, "messages"))
        except REFUSALS as error:
            return self._refuse(request, error, code, text, key)
        return await self.open(request, code, wording.ADDED)

    async def withdraw(self, request: Request, code: str) -> Response:
        try:
            await self._doors.withdraw(code)
        except REFUSALS as error:
            return self._refuse(request, error, code)
        return await self.open(request, code, wording.WITHDRAWN)

    def _refuse(
        self, request: Request, error: Exception, code: str, text: str | None = None, key: str = ""
    ) -> Response:
        """Without a database there is no mailbox to show, so a message comes back on a page of its own."""
        refusal = Refusal.of(error, self._pages.texts(request).gettext)
        context = {
            "receipt_code": code,
            "errors": refusal.errors,
            "error": next(iter(refusal.errors.values())),
            "text": text,
            "idempotency_key": new_key() if refusal.wants_new_key else key,
        }
        is_about_code = text is None or "receipt_code" in refusal.errors
        template = "mailbox_open.html" if is_about_code else "mailbox_message.html"
        return _refused(self._pages.render(request, template, context, refusal.status), refusal)

    def _context(self, mailbox: Mailbox, gettext: Gettext) -> dict[str, Any]:
        tip = mailbox.tip
        station = self._doors.directory.named(tip.station)
        return {
            "status": tip.status.value,
            "status_text": gettext(wording.STATUSES[tip.status]),
            "is_withdrawn": tip.withdrawn_at is not None,
            "station_name": station.name,
            "received_at": tip.received_at,
            "deadline_at": deadline_of(tip.station, tip.urgency, tip.received_at, is_remote=station.is_remote),
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
    async def open_mailbox(request: Request, receipt_code: FormText = "") -> Response:
        return await mailboxes.open(request, receipt_code)

    @router.post("/mailbox/messages")
    async def send_message(
        request: Request, key: KeyField, receipt_code: FormText = "", text: FormText = ""
    ) -> Response:
        return await mailboxes.send(request, receipt_code, text, key)

    @router.post("/mailbox/withdraw")
    async def withdraw(request: Request, receipt_code: FormText = "") -> Response:
        return await mailboxes.withdraw(request, receipt_code)

    return router


def _refused(page: Response, refusal: Refusal) -> Response:
    page.headers.update(refusal.headers)
    return page


def new_key() -> str:
    """An idempotency key for one showing of a form: a double click or a reload sends one tip."""
    return secrets.token_urlsafe(24)
