"""The mail catcher of one machine: it takes every letter and passes none on. Never for real mail."""

import mailbox
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from tinbao_local.children import Program
from tinbao_local.readiness import answers_tcp


@dataclass(frozen=True)
class MailCatcher:
    """Letters lie in a Maildir, which any mail program reads."""

    state: Path
    port: int
    host: str = "127.0.0.1"

    @property
    def folder(self) -> Path:
        return self.state / "mail"

    def program(self) -> Program:
        handler = ("-c", "aiosmtpd.handlers.Mailbox", str(self.folder))
        return Program(
            name="mail",
            command=(sys.executable, "-m", "aiosmtpd", "-n", "-l", f"{self.host}:{self.port}", *handler),
            folder=self.state,
            log=self.state / "logs" / "mail.log",
            is_ready=answers_tcp(self.host, self.port),
        )

    def letters(self) -> Iterator[EmailMessage]:
        """Oldest first, decoded."""
        if not self.folder.exists():
            return
        box = mailbox.Maildir(self.folder, create=False)
        for key in sorted(box.keys()):
            yield message_from_bytes(box.get_bytes(key), policy=default)
