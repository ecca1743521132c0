"""A mail server that says what a test wants it to say, and keeps what it took."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass(frozen=True)
class TakenLetter:
    address: str
    message: EmailMessage

    @property
    def text(self) -> str:
        said: str = self.message.get_content()
        return said

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class MailServer:
    """`refusals` are what it says to RCPT for an address, one after the other, before it takes its letters."""

    port: int = 0
    taken: list[TakenLetter] = field(default_factory=list)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is clear, a letter's DATA waits for its answer."""
    take_at_most: int | None = None
    """Closes itself after so many letters."""

    def to(self, address: str) -> list[TakenLetter]:
        return [letter for letter in self.taken if letter.address == address]

    def addresses(self) -> Counter[str]:
        return Counter(letter.address for letter in self.taken)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the server calls it so
        self.asked[address] += 1
        if self.refusals.get(address):
            return self.refusals[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the server calls it so
        await self.is_open.wait()
        for address in envelope.rcpt_tos:
            message = message_from_bytes(envelope.content, policy=default)
            self.taken.append(TakenLetter(address, message))
        if self.take_at_most is not None and len(self.taken) >= self.take_at_most:
            self.is_open.clear()
        return "250 OK"


@asynccontextmanager
async def a_mail_server() -> AsyncIterator[MailServer]:
    mail = MailServer()
    mail.is_open.set()
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        protocols.append(SMTP(mail, hostname="mail.test", loop=loop))
        return protocols[-1]

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        mail.is_open.set()
        server.close()
        for each in protocols:
            if each.transport is not None:
                each.transport.close()
        await server.wait_closed()
