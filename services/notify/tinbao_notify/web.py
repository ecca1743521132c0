"""Everybody's pages and feeds. A link's token is posted by the page that the link opens, so nothing happens by a GET:
mail programs and their guards open links by themselves.
"""

import secrets
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import ValidationError
from starlette.responses import Response
from tinbao_contracts.places import Commune, load_communes
from tinbao_contracts.text import sort_key
from tinbao_runtime.clock import now
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_web.pages import Pages
from tinbao_web.texts import language_of

from tinbao_notify.audience import TOPICS
from tinbao_notify.cap import MEDIA_TYPE, Cap
from tinbao_notify.doors import Doors, Published
from tinbao_notify.feed import atom_feed
from tinbao_notify.subscribe_form import SubscribeForm
from tinbao_notify.subscription import SubscriptionNotFound, consent_text
from tinbao_notify.views import Reader

A_MINUTE = {"Cache-Control": "public, max-age=60"}

Token = Annotated[str, Form(max_length=400)]


class PublicPages:
    """Needs no account and sets no cookie."""

    def __init__(self, doors: Doors, pages: Pages, cap: Cap) -> None:
        self._doors = doors
        self._pages = pages
        self._cap = cap

    async def alerts(self, request: Request) -> Response:
        published = await self._doors.published()
        reader = self._reader(request)
        shown = [reader.published(issued, published.name(issued)) for issued in published.alerts]
        return self._render(request, "alerts.html", {"alerts": shown})

    async def alert(self, request: Request, published: Published) -> Response:
        (issued,) = published.alerts
        shown = self._reader(request).published(issued, published.name(issued))
        return self._render(request, "alert.html", {"alert": shown})

    def subscribe_form(
        self, request: Request, form: SubscribeForm | None = None, errors: dict[str, str] | None = None
    ) -> Response:
        context = {
            "communes": communes_in_order(),
            "topics": TOPICS,
            "consent_text": consent_text().in_language(language_of(request)),
            "email": form.email if form else "",
            "chosen": {*form.communes, *form.topics} if form else set(),
            "errors": errors or {},
            "idempotency_key": form.idempotency_key if form else secrets.token_urlsafe(24),
        }
        return self._render(request, "subscribe.html", context, 422 if errors else 200)

    async def subscribe(self, request: Request, form: SubscribeForm) -> Response:
        try:
            draft = form.draft(language_of(request))
        except ValidationError as error:
            return self.subscribe_form(request, form, form.mistakes(error, self._pages.texts(request).gettext))
        await self._doors.subscribe(draft, "web_form", IdempotencyKey(form.idempotency_key, "subscriptions"))
        return self._render(request, "asked.html", {}, 202)

    async def confirm(self, request: Request, token: str) -> Response:
        try:
            await self._doors.confirm(token)
        except SubscriptionNotFound:
            return self._render(request, "link_over.html", {}, 404)
        return self._render(request, "confirmed.html", {})

    async def unsubscribe(self, request: Request, token: str) -> Response:
        try:
            await self._doors.unsubscribe(token)
        except SubscriptionNotFound:
            return self._render(request, "link_over.html", {}, 404)
        return self._render(request, "unsubscribed.html", {})

    def ask(self, request: Request, template: str, token: str) -> Response:
        """The page that posts the token of the link that opened it."""
        page = self._render(request, template, {"token": token})
        page.headers["X-Robots-Tag"] = "noindex"
        return page

    def _render(self, request: Request, name: str, context: Mapping[str, object], status: int = 200) -> Response:
        return self._pages.render(request, name, {"is_exercise": self._cap.status != "Actual", **context}, status)

    def _reader(self, request: Request) -> Reader:
        return Reader(language_of(request), self._pages.texts(request).gettext, now())


def public_router(doors: Doors, pages: Pages, cap: Cap) -> APIRouter:
    public = PublicPages(doors, pages, cap)
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def alerts(request: Request) -> Response:
        return await public.alerts(request)

    @router.get("/alerts/{alert_id}")
    async def alert(request: Request, alert_id: UUID) -> Response:
        return await public.alert(request, await doors.find(alert_id))

    @router.get("/subscribe")
    async def subscribe_form(request: Request) -> Response:
        return public.subscribe_form(request)

    @router.post("/subscribe")
    async def subscribe(request: Request, form: Annotated[SubscribeForm, Form()]) -> Response:
        return await public.subscribe(request, form)

    @router.get("/confirm/{token}")
    async def ask_to_confirm(request: Request, token: str) -> Response:
        return public.ask(request, "confirm.html", token)

    @router.post("/confirm")
    async def confirm(request: Request, token: Token) -> Response:
        return await public.confirm(request, token)

    @router.get("/unsubscribe/{token}")
    async def ask_to_unsubscribe(request: Request, token: str) -> Response:
        return public.ask(request, "unsubscribe.html", token)

    @router.post("/unsubscribe")
    async def unsubscribe(request: Request, token: Token) -> Response:
        return await public.unsubscribe(request, token)

    @router.post("/unsubscribe/{token}")
    async def unsubscribe_by_one_click(request: Request, token: str) -> Response:
        """What a mail program posts (RFC 8058)."""
        return await public.unsubscribe(request, token)

    return router


def feeds_router(doors: Doors, cap: Cap) -> APIRouter:
    router = APIRouter(tags=["feeds"])

    @router.get("/feeds/alerts.atom")
    async def atom() -> Response:
        """Alerts in force, and those cancelled before their time (Atom, RFC 4287)."""
        published = await doors.published()
        feed = atom_feed(published.alerts, published.station_names, cap.public_url)
        return Response(feed, media_type="application/atom+xml", headers=A_MINUTE)

    @router.get("/cap/{alert_id}.xml")
    async def cap_message(alert_id: UUID) -> Response:
        """What holds now of an alert as CAP 1.2: its Alert, or the Cancel that refers to it."""
        published = await doors.find(alert_id)
        (issued,) = published.alerts
        return Response(cap.message(issued, published.name(issued)), media_type=MEDIA_TYPE, headers=A_MINUTE)

    return router


def communes_in_order() -> list[Commune]:
    """As a Vietnamese list is ordered, without regard to the kind."""
    return sorted(load_communes().values(), key=lambda commune: sort_key(commune.name.partition(" ")[2]))
