"""Settings of notify, besides those of every console."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr
from tinbao_runtime.settings import ConsoleSettings


class NotifySettings(ConsoleSettings):
    domain: str = "tinbao.example"
    """The authority's own domain: CAP senders are ca-<station>@domain, and Message-IDs end with it."""

    cap_status: Literal["Actual", "Exercise", "Test"] = "Test"
    """What alerts of this deployment are. Only the one with the real credentials says Actual."""

    link_secret: SecretStr
    """Signs the links in letters; at least 32 random bytes. A new one ends every unsubscribe link that was sent."""

    confirm_within: timedelta = timedelta(hours=48)
    """How long the link that confirms a subscription works; after it the address is forgotten."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    """none only for a mail server on this machine's loopback."""

    smtp_username: str | None = None
    smtp_password: SecretStr | None = None

    mail_from: str = "Báo tin <bao-tin@tinbao.example>"
    """What subscribers see as the sender."""

    senders: int = Field(default=4, ge=1, le=64)
    """Letters on their way at once: as many may arrive twice when this process is killed."""

    lease: timedelta = Field(default=timedelta(minutes=1), ge=timedelta(seconds=1))
    """How long a worker may take over one letter before another worker tries it again; longer than the SMTP timeout."""

    smtp_timeout: timedelta = timedelta(seconds=10)
    """How long a step of the SMTP conversation may take."""

    first_retry: timedelta = timedelta(seconds=30)
    """The pause after the first transient failure; it doubles up to six hours."""
