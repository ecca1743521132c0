"""One line of the log: what happened, on which day, by which role, at which station. Nothing that leads to a tip."""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from tinbao_contracts.deadline import VIETNAM
from tinbao_contracts.events import Event
from tinbao_runtime.envelope import Received

from tinbao_audit.commitment import Commitment

ROLE = re.compile(r"[a-z_]{1,40}")
STATION = re.compile(r"[0-9A-Za-z]{1,20}")


class NotALeaf(Exception):
    """These bytes are no leaf of ours."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """`day` is that of Asia/Ho_Chi_Minh: the hour of an act could lead to a person."""

    type: str
    day: date
    station: str | None
    role: str | None
    commitment: Commitment

    @classmethod
    def of(cls, received: Received[Event], salt: bytes) -> Self:
        event = received.event
        return cls(
            type=type(event).__name__,
            day=local_day(getattr(event, "occurred_at", None) or received.occurred_at),
            station=_word(STATION, getattr(event, "by_station", None) or getattr(event, "station", None)),
            role=_word(ROLE, getattr(event, "role", None)),
            commitment=Commitment.to(salt, received.id, received.value_hash),
        )

    def to_bytes(self) -> bytes:
        """Canonical JSON (RFC 8785): ASCII strings, keys sorted, no spaces; what is unknown is left out."""
        facts = {
            "day": self.day.isoformat(),
            "event": self.commitment.event.hex(),
            "role": self.role,
            "station": self.station,
            "type": self.type,
            "value": self.commitment.value.hex(),
        }
        return json.dumps({name: fact for name, fact in facts.items() if fact}, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, leaf: bytes) -> Self:
        """Raises NotALeaf."""
        try:
            facts = json.loads(leaf)
            day, commitment = date.fromisoformat(facts["day"]), Commitment.parse(facts["event"], facts["value"])
            return cls(facts["type"], day, facts.get("station"), facts.get("role"), commitment)
        except (ValueError, KeyError, TypeError):
            raise NotALeaf from None


def local_day(at: datetime) -> date:
    try:
        return at.astimezone(VIETNAM).date()
    except OverflowError:  # the last hours of the year 9999: a writer's joke may not keep its event out of the log
        return at.date()


def _word(shape: re.Pattern[str], value: object) -> str | None:
    """Stations write their own events: only a code may pass into the open log, never a text."""
    return value if isinstance(value, str) and shape.fullmatch(value) else None
