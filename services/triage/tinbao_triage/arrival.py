"""A tip as it arrives: what can be shown in the list, and the content's key wrapped anew for its rest here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.events import TipEscalatedV1, TipSubmittedV1, TipSupplementedV1
from tinbao_contracts.sealed import Part, Slip

from tinbao_triage.case import Standing
from tinbao_triage.vault import Vault


@dataclass(frozen=True, slots=True)
class Arrival:
    """Everything a new case starts with, but its number and its clocks."""

    tip_id: UUID
    station: str
    standing: Standing
    category: str
    urgency: Urgency
    received_at: datetime
    log_salt: bytes
    slip: Slip
    sealed_station: str
    content_key: bytes
    content: bytes

    @classmethod
    def of(cls, event: TipSubmittedV1 | TipEscalatedV1, vault: Vault) -> Self:
        """Open the slip and re-wrap the content's key. Raises NoKey, CannotOpen, ValidationError."""
        keys = vault.data_keys(event.sealed, event.tip_id)
        slip = Slip.model_validate_json(vault.open_slip(event.sealed, event.tip_id, keys))
        return cls(
            tip_id=event.tip_id,
            station=event.station,
            standing=Standing.WATCHING if isinstance(event, TipEscalatedV1) else Standing.OWNING,
            category=event.category,
            urgency=event.urgency,
            received_at=event.received_at,
            log_salt=event.log_salt,
            slip=slip,
            sealed_station=event.sealed.station,
            content_key=vault.wrap(keys[Part.CONTENT]),
            content=event.sealed.parts[Part.CONTENT],
        )


@dataclass(frozen=True, slots=True)
class ArrivedSupplement:
    message_id: UUID
    tip_id: UUID
    version: int
    sealed_station: str
    content_key: bytes
    content: bytes
    received_at: datetime

    @classmethod
    def of(cls, event: TipSupplementedV1, vault: Vault) -> Self:
        """Raises NoKey, CannotOpen."""
        keys = vault.data_keys(event.sealed, event.tip_id)
        return cls(
            message_id=event.message_id,
            tip_id=event.tip_id,
            version=event.sealed.version,
            sealed_station=event.sealed.station,
            content_key=vault.wrap(keys[Part.CONTENT]),
            content=event.sealed.parts[Part.CONTENT],
            received_at=event.occurred_at,
        )
