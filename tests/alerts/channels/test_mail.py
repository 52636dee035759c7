from __future__ import annotations

import asyncio
import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from alerts.channels.mail import Mail, message_of
from alerts.contract import Sent
from models.records import Delivery
from tests.alerts.channels.conftest import LoopbackTransport


class Mailbox:
    """Keeps what arrives, and answers RCPT as told."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 kept") -> None:
        self.rcpt, self.data, self.messages = rcpt, data, list[EmailMessage]()

    async def handle_RCPT(  # noqa: N802 - the name the library calls
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - same
        parsed = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.messages.append(parsed)
        return self.data


@contextmanager
def served(mailbox: Mailbox) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def send(delivery: Delivery, port: int, **settings: Any) -> Sent:
    channel = Mail.model_validate(
        {
            "name": "mail",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "yuqing@example.org",
            "deadline_seconds": 2,
            **settings,
        }
    )
    return asyncio.run(channel.send(delivery, LoopbackTransport()))


def test_a_message_arrives_as_text_and_html(message: Delivery) -> None:
    mailbox = Mailbox()
    with served(mailbox) as port:
        sent = send(message, port)
    assert sent == Sent(ok=True, detail="250")
    (arrived,) = mailbox.messages
    assert arrived["Subject"] == "【黄色（较大）】首次预警：城北片区停水"
    assert arrived["To"] == "duty@example.org"
    text, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "信息 20 条" in text.get_content()
    assert "<table>" in html.get_content()


def test_a_repeat_has_the_same_message_id(message: Delivery) -> None:
    one, again = (
        message_of(message, "a@example.org"),
        message_of(replace(message, attempts=3), "a@example.org"),
    )
    assert one["Message-ID"] == again["Message-ID"] == "<d1@example.org>"


def test_a_title_with_line_breaks_cannot_add_a_header(message: Delivery) -> None:
    evil = replace(message, subject="停水\r\nBcc: all@example.org")
    made = message_of(evil, "a@example.org")
    assert made["Bcc"] is None
    assert made["Subject"] == "停水 Bcc: all@example.org"


@pytest.mark.parametrize(
    ("mailbox", "permanent", "detail"),
    [
        (Mailbox(rcpt="550 unknown user"), True, "SMTP 550"),
        (Mailbox(rcpt="450 greylisted"), False, "SMTP 450"),
        (Mailbox(data="552 too much"), True, "SMTP 552"),
        (Mailbox(data="451 later"), False, "SMTP 451"),
    ],
    ids=["no such user", "greylisted", "refused", "later"],
)
def test_5xx_is_permanent_and_4xx_is_not(
    message: Delivery,
    mailbox: Mailbox,
    permanent: bool,  # noqa: FBT001 - a table
    detail: str,
) -> None:
    with served(mailbox) as port:
        sent = send(message, port)
    assert (sent.ok, sent.permanent) == (False, permanent)
    assert sent.detail.startswith(detail)


def test_a_server_that_hangs_is_left_at_the_deadline(message: Delivery) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        sent = send(message, silent.getsockname()[1], deadline_seconds=0.3)
    assert (sent.ok, sent.permanent) == (False, False)


def test_a_server_that_is_not_there_is_a_value(message: Delivery) -> None:
    sent = send(message, 9)
    assert (sent.ok, sent.permanent) == (False, False)
    assert "邮件未送出" in sent.detail


def test_a_server_without_tls_is_not_trusted_when_tls_is_asked(message: Delivery) -> None:
    mailbox = Mailbox()
    with served(mailbox) as port:
        assert not send(message, port, security="starttls").ok
    assert mailbox.messages == []


def test_the_password_is_only_in_the_environment(message: Delivery) -> None:
    sent = send(message, 9, username="u", password_env="MAIL_PASSWORD")  # noqa: S106 - a name
    assert sent.permanent
    assert "MAIL_PASSWORD" in sent.detail
    with pytest.raises(ValueError, match="password"):
        send(message, 9, password="x")  # noqa: S106 - refused
