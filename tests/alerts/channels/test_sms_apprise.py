from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from alerts.cards import card_of
from alerts.channels.apprise import AppriseRelay
from alerts.channels.sms import Sms, short_text
from alerts.contract import Sent
from models.records import Delivery
from tests.alerts.channels.conftest import Answer, LoopbackTransport, Origin, origin

FIELDS = {"mobile": "{receiver}", "content": "【舆情】{text}", "sn": "{id}"}


def send(message: Delivery, answer: Answer | None, **settings: Any) -> tuple[Sent, Origin]:
    async def run() -> tuple[Sent, Origin]:
        async with origin(answer) as served:
            made = {"name": "sms", "url": served.url, "fields": FIELDS, "deadline_seconds": 1}
            channel = Sms.model_validate({**made, **settings})
            return await channel.send(message, LoopbackTransport()), served

    return asyncio.run(run())


def test_the_gateways_own_fields_are_filled(message: Delivery) -> None:
    sent, served = send(replace(message, receiver="duty-phone"), lambda _: (200, b""))
    assert (sent.ok, sent.confirmed) == (True, False)
    body = json.loads(served.seen[0].body)
    assert (body["mobile"], body["sn"]) == ("duty-phone", "d1")
    assert body["content"] == "【舆情】【黄色（较大）】首次预警：城北片区停水"


def test_a_form_and_a_secret(message: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_KEY", "k")
    fields = {**FIELDS, "key": "{secret}"}
    sent, served = send(
        message,
        lambda _: (200, b""),
        body="form",
        fields=fields,
        secret_env="SMS_KEY",  # noqa: S106 - a name
    )
    assert sent.ok
    assert parse_qs(served.seen[0].body.decode())["key"] == ["k"]
    monkeypatch.delenv("SMS_KEY")
    assert send(message, lambda _: (200, b""), fields=fields, secret_env="SMS_KEY")[0].permanent  # noqa: S106 - a name


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (b'{"code":"0"}', True),
        (b'{"code":0}', True),
        (b'{"code":"105"}', False),
        (b"x", False),
        (b"[]", False),
    ],
)
def test_the_answer_is_read_where_the_mapping_says(
    message: Delivery,
    answer: bytes,
    ok: bool,  # noqa: FBT001 - a table
) -> None:
    sent, _ = send(message, lambda _: (200, answer), success_field="code")
    assert (sent.ok, sent.permanent) == (ok, False)


def test_a_mapping_without_receiver_or_text_is_refused() -> None:
    for fields in ({"a": "{text}"}, {"a": "{receiver}"}, {"a": "{receiver}{text}{secret}"}):
        with pytest.raises(ValidationError):
            Sms(name="s", url="http://127.0.0.1", fields=fields)


def test_a_title_with_braces_is_only_text(message: Delivery) -> None:
    odd = replace(card_of(message.card), title="{id}{secret}停水")
    _, served = send(replace(message, card=odd.as_json()), lambda _: (200, b""))
    assert "{id}{secret}停水" in json.loads(served.seen[0].body)["content"]


def test_a_short_message_keeps_deadline_and_link(message: Delivery) -> None:
    full = replace(
        card_of(message.card),
        title="城北片区停水" * 9,
        due=message.created_at + timedelta(hours=5),
        due_zh="发布权威信息",
        acknowledge_url="https://y.example.org/a/1",
    )
    text = short_text(replace(message, card=full.as_json()), 100)
    assert len(text) <= 100
    assert text.endswith("…，发布权威信息2026-05-13 15:00前 https://y.example.org/a/1")
    assert len(short_text(replace(message, card=full.as_json()), 30)) <= 30


def test_apprise_that_is_not_installed_says_what_to_do(message: Delivery) -> None:
    try:
        import apprise  # noqa: F401, PLC0415 - only whether it is there
    except ModuleNotFoundError:
        channel = AppriseRelay(name="a", url_env="APPRISE_URL")
        sent = asyncio.run(channel.send(message, LoopbackTransport()))
        assert sent.permanent
        assert "yuqing[apprise]" in sent.detail
    else:
        pytest.skip("apprise is installed: its own test applies")


# Apprise itself imports a module that a later Python drops.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_what_apprise_takes_is_accepted_and_never_confirmed(
    message: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")

    async def run() -> tuple[Sent, int]:
        async with origin(lambda _: (200, b"{}")) as served:
            monkeypatch.setenv("APPRISE_URL", served.url.replace("http://", "json://"))
            sent = await AppriseRelay(name="a", url_env="APPRISE_URL").send(
                message, LoopbackTransport()
            )
            return sent, len(served.seen)

    sent, seen = asyncio.run(run())
    assert (sent.ok, sent.confirmed, seen) == (True, False, 1)
