"""A tip, sealed and ready to be stored: everything slow happens here, before a transaction begins."""

import os
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tinbao_contracts.catalogue import Category, Urgency
from tinbao_contracts.events import Event, TipEscalatedV1, TipSubmittedV1
from tinbao_contracts.places import PROVINCE, Commune
from tinbao_contracts.sealed import RECOVERY, Contact, Content, Part, Sealed, Slip
from tinbao_runtime import sealing
from uuid_utils.compat import uuid7

from tinbao_intake.directory import Directory, DirectoryStation
from tinbao_intake.draft import TipDraft
from tinbao_intake.receipt import ReceiptCode
from tinbao_intake.urgency import urgency_of

LOG_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class SealedTip:
    """What intake may keep of a tip. The receipt code is not part of it."""

    tip_id: UUID
    lookup: bytes
    station: str
    holders: tuple[str, ...]
    category: str
    urgency: Urgency
    received_at: datetime
    log_salt: bytes
    sealed: Sealed

    def events(self) -> list[Event]:
        """For the station; and for the province too where a life is in danger."""
        return [self._event_for(holder) for holder in self.holders]

    def _event_for(self, holder: str) -> Event:
        shared = {
            "tip_id": self.tip_id,
            "station": holder,
            "log_salt": self.log_salt,
            "occurred_at": self.received_at,
            "category": self.category,
            "urgency": self.urgency,
            "received_at": self.received_at,
            "sealed": sealing.with_grants_for(self.sealed, holder, RECOVERY),
        }
        if holder == self.station:
            return TipSubmittedV1.model_validate(shared)
        return TipEscalatedV1.model_validate({**shared, "holder": self.station})


def seal_tip(
    draft: TipDraft,
    category: Category,
    commune: Commune,
    directory: Directory,
    code: ReceiptCode,
    received_at: datetime,
) -> SealedTip:
    """Seal a draft to who may read it. About 0.1 ms for each recipient. Raises NoStation, CannotSeal.

    `commune` is the one that the draft's words stand for.
    """
    station = directory.station_for(commune.code, goes_to_province=category.goes_to_province)
    urgency = urgency_of(category, is_happening_now=draft.happening_now)
    holders = _holders(station, urgency)
    tip_id = uuid7()
    bound = sealing.SealedFor(tip_id, station.code, version=1)
    parts = {Part.SLIP: _slip(draft, _place(draft, commune, station)), Part.CONTENT: _content(draft, code.mailbox_key)}
    sealed = sealing.seal(parts, bound, directory.recipients(*holders, at=received_at))
    salt = os.urandom(LOG_SALT_BYTES)
    return SealedTip(tip_id, code.lookup, station.code, holders, category.code, urgency, received_at, salt, sealed)


def _holders(station: DirectoryStation, urgency: Urgency) -> tuple[str, ...]:
    """The province looks on at once where a life is in danger, unless it serves that station anyway."""
    if urgency is Urgency.IMMEDIATE and station.served_by != PROVINCE:
        return station.code, PROVINCE
    return (station.code,)


def _place(draft: TipDraft, commune: Commune, station: DirectoryStation) -> str | None:
    """With the commune, for a station that could not know it: the province, or one that answers for several."""
    if station.communes == (commune.code,):
        return draft.place
    return ", ".join(filter(None, [draft.place, commune.name]))


def _slip(draft: TipDraft, place: str | None) -> bytes:
    slip = Slip(
        place=place,
        neighbourhood=draft.neighbourhood,
        reporter_role=draft.reporter_role,
        is_happening_now=draft.happening_now,
    )
    return slip.model_dump_json().encode()


def _content(draft: TipDraft, mailbox_key: bytes) -> bytes:
    contact = Contact(**draft.contact.model_dump()) if draft.contact else None
    content = Content(
        text=draft.text,
        happened_at=draft.happened_at,
        contact=contact,
        secrecy_requested=draft.secrecy_requested,
        protection_requested=draft.protection_requested,
        mailbox_key=mailbox_key,
    )
    return content.model_dump_json().encode()
