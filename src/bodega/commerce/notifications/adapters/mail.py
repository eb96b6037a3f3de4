"""Ways to send a mail: by SMTP, or as a file into a folder for the shop without a mail server."""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bodega.backbone.settings import Settings
from bodega.commerce.notifications.errors import MailUndelivered

TIMEOUT_SECONDS = 15


class Mailer(Protocol):
    """`at_once` mails are sent in one transaction: a crash in it sends all of them again."""

    at_once: int

    async def send(self, mail: EmailMessage) -> None:
        """Hand the mail over for good. Raises MailUndelivered."""


class FolderMailer:
    """Each mail is a file named by its Message-ID: the same one twice is one file."""

    at_once = 20

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, mail: EmailMessage) -> None:
        try:
            await asyncio.to_thread(self._write, mail)
        except OSError as error:
            raise MailUndelivered(type(error).__name__) from error

    def _write(self, mail: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        draft = self._folder / f".{name}.draft"
        draft.write_bytes(mail.as_bytes())
        draft.replace(self._folder / f"{name}.eml")


class SmtpMailer:
    """`smtp://` (STARTTLS when the server offers it) or `smtps://user:password@host:port`."""

    at_once = 1

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, mail: EmailMessage) -> None:
        try:
            await aiosmtplib.send(
                mail,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                timeout=TIMEOUT_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailUndelivered(type(error).__name__) from error


def mailer(settings: Settings) -> Mailer:
    """By `BODEGA_MAIL_URL`; without one, into `objects/mail` of the data folder."""
    if settings.mail_url is None:
        return FolderMailer(settings.data_dir / "objects" / "mail")
    return SmtpMailer(settings.mail_url.get_secret_value())
