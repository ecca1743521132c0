"""What a channel does: hand one message to whoever carries it, once, and say how that went."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


class TryLater(Exception):
    """It was not taken, for a reason that passes. The message is a code, never an address or a server's words."""


class Refused(Exception):
    """It was not taken and never will be. The message is a code."""


@dataclass(frozen=True, slots=True)
class Message:
    """The same delivery makes the same message each time, but for its links: receivers can drop a second one."""

    delivery_id: UUID
    address: str = field(repr=False)
    language: str
    subject: str
    text: str = field(repr=False)
    written_at: datetime
    unsubscribe_url: str | None = field(repr=False)


class Channel(Protocol):
    async def send(self, message: Message) -> None:
        """Returns once it is taken. Raises TryLater, Refused; what becomes of a lost answer is not known."""

    async def close(self) -> None: ...
