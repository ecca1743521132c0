"""What the API answers: the shapes that client apps rely on."""

from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, Field
from tinbao_contracts.frozen import Frozen
from tinbao_runtime.clock import now

from tinbao_notify.alert import AlertDraft, Incomplete, Status
from tinbao_notify.newsroom import AlertFile
from tinbao_notify.subscription import ConsentText


class ProgressOut(Frozen):
    """Letters by state."""

    pending: int
    sent: int
    failed: int
    stopped: int


class AlertOut(Frozen):
    alert_id: UUID
    station: str
    status: Status
    draft: AlertDraft
    authors: tuple[str, ...]
    digest: str | None = Field(description="Hex. What `approve` must name; null while something is missing.")
    rejection: str | None
    approved_by: str | None
    issued_at: AwareDatetime | None
    cancelled_at: AwareDatetime | None
    supersedes: UUID | None = Field(description="The alert of which this is an update.")
    update_id: UUID | None = Field(description="The update that was begun of it, in whatever state.")
    reached: int = Field(description="Subscribers to whom it would go now.")
    progress: ProgressOut

    @classmethod
    def of(cls, file: AlertFile) -> Self:
        alert = file.alert
        return cls(
            alert_id=alert.alert_id,
            station=alert.station,
            status=alert.status,
            draft=alert.draft,
            authors=alert.authors,
            digest=digest_of(file),
            rejection=alert.rejection,
            approved_by=alert.approval.by if alert.approval else None,
            issued_at=alert.approval.issued_at if alert.approval else None,
            cancelled_at=alert.cancellation.cancelled_at if alert.cancellation else None,
            supersedes=alert.supersedes,
            update_id=file.update_id,
            reached=file.reached,
            progress=ProgressOut.model_validate(file.progress, from_attributes=True),
        )


class ConsentOut(Frozen):
    version: str
    vi: str
    en: str

    @classmethod
    def of(cls, text: ConsentText) -> Self:
        return cls.model_validate(text, from_attributes=True)


class AskedOut(Frozen):
    """The same whether the address is known or not."""

    confirm_by: str = Field(default="email", description="The letter that asks to confirm is on its way.")


def digest_of(file: AlertFile) -> str | None:
    """Of what is shown, or was approved; None while something is missing or its end has passed."""
    if file.alert.approval:
        return file.alert.approval.digest.hex()
    try:
        return file.alert.draft.content(now()).digest().hex()
    except Incomplete:
        return None
