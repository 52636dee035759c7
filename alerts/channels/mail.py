"""E-mail: text and HTML in one message, over SMTP with STARTTLS or TLS."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from pydantic import Field

from alerts.cards import Letter, card_of, letter_of
from alerts.contract import ChannelSettings, Sent, Transport
from models.named_secrets import NoSecretError, secret_of
from models.records import Delivery

# Its own threads: a mail server that hangs must not take those of other channels.
_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="mail")


class Mail(ChannelSettings):
    """Sends to the receiver's address; the password comes only from the environment."""

    kind: Literal["mail"] = "mail"
    host: str
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    username: str = ""
    password_env: str = Field(default="", pattern=r"^(|[A-Z][A-Z0-9_]*)$")
    ca_file: str = Field(default="", description="PEM of the authority of an internal server")
    deadline_seconds: float = Field(default=20, gt=0, le=120)

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """Try once within the deadline; a server that hangs is left behind."""
        try:
            password = secret_of(self.password_env) if self.password_env else ""
        except NoSecretError as error:
            return Sent(ok=False, permanent=True, detail=str(error))
        session = _Session(self, password)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(_POOL, session.deliver, message_of(delivery, self.sender))
        try:
            return await asyncio.wait_for(asyncio.shield(work), self.deadline_seconds)
        except TimeoutError:
            return Sent(ok=False, detail=f"邮件服务器 {self.deadline_seconds:g} 秒内未完成")
        finally:
            session.abandon()


class _Session:
    """One SMTP conversation, which another thread can break off."""

    def __init__(self, settings: Mail, password: str) -> None:
        self._settings = settings
        self._password = password
        self._smtp: smtplib.SMTP | None = None

    def deliver(self, message: EmailMessage) -> Sent:
        try:
            return self._deliver(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return _refused(min(codes, default=550), "收件人被拒绝")
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, _words(error.smtp_error))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return Sent(ok=False, detail=f"邮件未送出：{type(error).__name__}: {error}")
        finally:
            self.abandon()

    def _deliver(self, message: EmailMessage) -> Sent:
        settings = self._settings
        with self._connected() as smtp:
            if settings.security == "starttls":
                smtp.starttls(context=self._tls())
            if settings.username:
                smtp.login(settings.username, self._password)
            smtp.send_message(message)
        return Sent(ok=True, detail="250")

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        seconds = settings.deadline_seconds
        if settings.security == "tls":
            self._smtp = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=seconds, context=self._tls()
            )
        else:
            self._smtp = smtplib.SMTP(settings.host, settings.port, timeout=seconds)
        return self._smtp

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file or None)

    def abandon(self) -> None:
        """Shut the socket, so that a thread that waits on it wakes up."""
        sock = self._smtp.sock if self._smtp is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                sock.close()


def message_of(delivery: Delivery, sender: str) -> EmailMessage:
    """Return the message: subject on one line, text and HTML, an id that repeats share."""
    letter = letter_of(delivery.card) or _card_letter(delivery)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = " ".join(delivery.receiver.split())
    message["Subject"] = " ".join(delivery.subject.split())
    message["Date"] = format_datetime(delivery.created_at)
    message["Message-ID"] = f"<{delivery.id}@{sender.rsplit('@', 1)[-1]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Idempotency-Key"] = delivery.id
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _card_letter(delivery: Delivery) -> Letter:
    card = card_of(delivery.card)
    return Letter(text=card.text(), html=f"<!doctype html><meta charset='utf-8'>{card.html()}")


def _refused(code: int, words: str) -> Sent:
    """Read an SMTP reply: 5xx cannot help itself, 4xx may be tried again."""
    return Sent(ok=False, permanent=500 <= code < 600, detail=f"SMTP {code} {words}".strip())


def _words(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


KIND = Mail
