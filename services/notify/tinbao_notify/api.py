"""The HTTP API. Broadcasters are known by their access token or session; addresses travel in bodies, never in a URL."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import StringConstraints
from tinbao_contracts.frozen import Strict
from tinbao_contracts.places import StationCode
from tinbao_runtime.idempotency import IdempotencyKey
from tinbao_runtime.idempotency_fields import KeyHeader
from tinbao_runtime.problems import PROBLEM_RESPONSES
from tinbao_web.login import Identity

from tinbao_notify.doors import Doors
from tinbao_notify.draft_changes import DraftChanges, DraftIn
from tinbao_notify.newsroom import Newsroom
from tinbao_notify.officer import Officer
from tinbao_notify.responses import AlertOut, AskedOut, ConsentOut
from tinbao_notify.subscription import SubscriptionDraft, consent_text

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class NewAlertIn(Strict):
    station: StationCode
    draft: DraftIn


class ApproveIn(Strict):
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the alert as it was shown."""


class RejectIn(Strict):
    reason: Reason


def asking(identity: Identity) -> Callable[[Request], Awaitable[Officer]]:
    """The dependency that says who asks. Raises NotSignedIn, BadToken, ProviderAway."""

    async def officer(request: Request) -> Officer:
        who = await identity.who(request)
        return Officer.of(who.subject, who.name, who.roles, who.stations)

    return officer


def alerts_router(newsroom: Newsroom, identity: Identity) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["alerts"], responses=PROBLEM_RESPONSES)
    router.include_router(_writing(newsroom, identity))
    router.include_router(_deciding(newsroom, identity))
    return router


def _writing(newsroom: Newsroom, identity: Identity) -> APIRouter:
    asker = Annotated[Officer, Depends(asking(identity))]
    router = APIRouter()

    @router.post("/alerts", status_code=201)
    async def draft(officer: asker, body: NewAlertIn, key: KeyHeader) -> AlertOut:
        """Begin an alert in a station's name."""
        alert_id = await newsroom.draft(officer, body.station, body.draft, IdempotencyKey(key, "alerts"))
        return AlertOut.of(await newsroom.read(officer, alert_id))

    @router.post("/proposals/{proposal_id}/take", status_code=201)
    async def take(officer: asker, proposal_id: UUID) -> AlertOut:
        """Make a draft out of an officer's proposal."""
        alert = await newsroom.take(officer, proposal_id)
        return AlertOut.of(await newsroom.read(officer, alert.alert_id))

    @router.post("/alerts/{alert_id}/update", status_code=201)
    async def update(officer: asker, alert_id: UUID) -> AlertOut:
        """Begin an update of an alert in force: a draft that says the same, to edit, submit and approve. Again: the
        same draft. Until its approval the alert holds.
        """
        update_id = await newsroom.update(officer, alert_id)
        return AlertOut.of(await newsroom.read(officer, update_id))

    @router.get("/alerts/{alert_id}")
    async def read(officer: asker, alert_id: UUID) -> AlertOut:
        """An alert in any state, with the progress of its delivery."""
        return AlertOut.of(await newsroom.read(officer, alert_id))

    @router.patch("/alerts/{alert_id}")
    async def edit(officer: asker, alert_id: UUID, body: DraftChanges) -> AlertOut:
        """Change what is given; who changes it becomes an author."""
        await newsroom.edit(officer, alert_id, body)
        return AlertOut.of(await newsroom.read(officer, alert_id))

    @router.post("/alerts/{alert_id}/submit")
    async def submit(officer: asker, alert_id: UUID) -> AlertOut:
        await newsroom.submit(officer, alert_id)
        return AlertOut.of(await newsroom.read(officer, alert_id))

    return router


def _deciding(newsroom: Newsroom, identity: Identity) -> APIRouter:
    asker = Annotated[Officer, Depends(asking(identity))]
    router = APIRouter()

    @router.post("/alerts/{alert_id}/approve")
    async def approve(officer: asker, alert_id: UUID, body: ApproveIn) -> AlertOut:
        """Approve and issue exactly what `digest` stands for. No author may."""
        await newsroom.approve(officer, alert_id, bytes.fromhex(body.digest))
        return AlertOut.of(await newsroom.read(officer, alert_id))

    @router.post("/alerts/{alert_id}/reject")
    async def reject(officer: asker, alert_id: UUID, body: RejectIn) -> AlertOut:
        await newsroom.reject(officer, alert_id, body.reason)
        return AlertOut.of(await newsroom.read(officer, alert_id))

    @router.post("/alerts/{alert_id}/cancel")
    async def cancel(officer: asker, alert_id: UUID) -> AlertOut:
        """Take an issued alert back: what has not left stays."""
        await newsroom.cancel(officer, alert_id)
        return AlertOut.of(await newsroom.read(officer, alert_id))

    return router


def subscriptions_router(doors: Doors) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["subscriptions"], responses=PROBLEM_RESPONSES)

    @router.get("/consent")
    async def consent() -> ConsentOut:
        """What a subscriber agrees to."""
        return ConsentOut.of(consent_text())

    @router.post("/subscriptions", status_code=202)
    async def subscribe(draft: SubscriptionDraft, key: KeyHeader) -> AskedOut:
        """Ask for alerts. Nothing is sent before the address's owner confirms by the link in the letter."""
        await doors.subscribe(draft, "api", IdempotencyKey(key, "subscriptions"))
        return AskedOut()

    return router
