"""E-mail by SMTP (RFC 5321), with one-click unsubscribing (RFC 2369, RFC 8058)."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr

import aiosmtplib

from tinbao_notify.channel import Message, Refused, TryLater
from tinbao_notify.settings import NotifySettings

PERMANENT = 500
"""Reply codes from here on (RFC 5321, 4.2.1)."""


class EmailChannel:
    """One connection to the mail server, opened when it is needed and kept; for one task at a time."""

    def __init__(self, settings: NotifySettings) -> None:
        self._domain = settings.domain
        self._name, self._from = parseaddr(settings.mail_from)
        password = settings.smtp_password
        self._smtp = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=password.get_secret_value() if password else None,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            timeout=settings.smtp_timeout.total_seconds(),
        )

    async def send(self, message: Message) -> None:
        try:
            if not self._smtp.is_connected:
                await self._smtp.connect()
            await self._smtp.sendmail(self._from, [message.address], bytes(self.compose(message)))
        except aiosmtplib.SMTPRecipientsRefused as error:
            await self.close()
            raise _judged(error.recipients[0].code) from None
        except aiosmtplib.SMTPDataError as error:
            await self.close()
            raise _judged(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            # Whatever else goes wrong is about the server or us, not about this letter.
            await self.close()
            raise TryLater(type(error).__name__) from None

    async def close(self) -> None:
        self._smtp.close()

    def compose(self, message: Message) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = Address(self._name, addr_spec=self._from)
        mail["To"] = Address(addr_spec=message.address)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(message.written_at)
        mail["Message-ID"] = f"<{message.delivery_id}@{self._domain}>"
        mail["Content-Language"] = message.language
        mail["Auto-Submitted"] = "auto-generated"
        if message.unsubscribe_url:
            mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(message.text, charset="utf-8", cte="quoted-printable")
        return mail


def _judged(code: int) -> TryLater | Refused:
    return Refused(str(code)) if code >= PERMANENT else TryLater(str(code))
