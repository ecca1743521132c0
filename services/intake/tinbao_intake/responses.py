"""What the API answers: the shapes that client apps rely on."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field
from tinbao_contracts.catalogue import Category, Urgency
from tinbao_contracts.events import Outcome
from tinbao_contracts.frozen import Frozen

from tinbao_intake.directory import DirectoryStation
from tinbao_intake.mailbox import Mailbox, TipStatus
from tinbao_intake.receipt import EXAMPLE, ReceiptCode
from tinbao_intake.sealed_tip import SealedTip


class CategoryOut(Frozen):
    code: str
    name_vi: str
    name_en: str
    examples_vi: str
    examples_en: str
    basis: tuple[str, ...]
    urgency: Urgency

    @classmethod
    def of(cls, category: Category) -> "CategoryOut":
        return cls.model_validate(category, from_attributes=True)


class StationOut(Frozen):
    """A commune and the station that answers for it."""

    commune: str = Field(examples=["08944"])
    commune_name: str = Field(examples=["Xã Bình Tuyền"])
    station: str = Field(examples=["08944"])
    station_name: str = Field(examples=["Công an xã Bình Tuyền"])


class ReceiptOut(Frozen):
    """Stored only under a key derived from the request's Idempotency-Key."""

    tip_id: UUID
    receipt_code: str = Field(description="Shown once, cannot be reissued.", examples=[EXAMPLE])
    station: str
    station_name: str
    urgency: Urgency
    received_at: AwareDatetime

    @classmethod
    def of(cls, tip: SealedTip, code: ReceiptCode, station: DirectoryStation) -> "ReceiptOut":
        return cls(
            tip_id=tip.tip_id,
            receipt_code=str(code),
            station=station.code,
            station_name=station.name,
            urgency=tip.urgency,
            received_at=tip.received_at,
        )


class MessageOut(Frozen):
    message_id: UUID
    author: Literal["reporter", "station"]
    text: str
    sent_at: AwareDatetime


class MailboxOut(Frozen):
    tip_id: UUID
    station: str
    status: TipStatus
    urgency: Urgency
    received_at: AwareDatetime
    is_withdrawn: bool
    outcome: Outcome | None
    messages: tuple[MessageOut, ...]

    @classmethod
    def of(cls, mailbox: Mailbox) -> "MailboxOut":
        tip = mailbox.tip
        return cls(
            tip_id=tip.tip_id,
            station=tip.station,
            status=tip.status,
            urgency=tip.urgency,
            received_at=tip.received_at,
            is_withdrawn=tip.withdrawn_at is not None,
            outcome=tip.outcome,
            messages=tuple(MessageOut.model_validate(m, from_attributes=True) for m in mailbox.messages),
        )


class SentOut(Frozen):
    message_id: UUID
    sent_at: AwareDatetime
