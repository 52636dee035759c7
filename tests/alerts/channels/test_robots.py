"""The three robots against local servers that speak each vendor's protocol, errors included."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest

from alerts.cards import Letter, card_of
from alerts.channels._text import CUT, cut_bytes
from alerts.channels.dingtalk import Dingtalk
from alerts.channels.feishu import Feishu
from alerts.channels.wecom import Wecom
from alerts.contract import Channel, Sent
from models.records import Delivery, Level
from tests.alerts.channels.conftest import Answer, LoopbackTransport, Origin, Seen, origin

Build = Callable[[str], Channel]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "WECOM_KEY": "k 1",
        "DING_TOKEN": "t1",
        "DING_SECRET": "SEC1",
        "FEISHU_TOKEN": "h1",
        "FEISHU_SECRET": "s1",
        "DING_AT": "10000000001, 10000000002",
    }.items():
        monkeypatch.setenv(name, value)


def wecom(url: str) -> Channel:
    return Wecom(name="w", base_url=url, key_env="WECOM_KEY", mention=("@all",), deadline_seconds=1)


def dingtalk(url: str) -> Channel:
    return Dingtalk(
        name="d",
        base_url=url,
        token_env="DING_TOKEN",  # noqa: S106 - a name
        secret_env="DING_SECRET",  # noqa: S106 - a name
        at_mobiles_env="DING_AT",
        deadline_seconds=1,
    )


def feishu(url: str) -> Channel:
    return Feishu(
        name="f",
        base_url=url,
        token_env="FEISHU_TOKEN",  # noqa: S106 - a name
        secret_env="FEISHU_SECRET",  # noqa: S106 - a name
        deadline_seconds=1,
    )


OK = {wecom: b'{"errcode":0,"errmsg":"ok"}', dingtalk: b'{"errcode":0}', feishu: b'{"code":0}'}
ALL = pytest.mark.parametrize("build", [wecom, dingtalk, feishu], ids=lambda b: b.__name__)


def send(build: Build, message: Delivery, answer: Answer | None) -> tuple[Sent, Origin]:
    async def run() -> tuple[Sent, Origin]:
        async with origin(answer) as served:
            return await build(f"{served.url}/send").send(message, LoopbackTransport()), served

    return asyncio.run(run())


def answering(body: bytes, status: int = 200) -> Answer:
    return lambda _: (status, body)


@ALL
def test_code_0_is_sent(build: Build, message: Delivery) -> None:
    sent, served = send(build, message, answering(OK[build]))
    assert (sent.ok, sent.confirmed) == (True, True)
    assert "城北片区停水" in served.seen[0].body.decode()


@pytest.mark.parametrize(
    ("build", "body", "permanent", "wait"),
    [
        (wecom, {"errcode": 93000, "errmsg": "invalid webhook url"}, True, None),
        (wecom, {"errcode": 45009, "errmsg": "api freq out of limit"}, False, 60),
        (wecom, {"errcode": -1, "errmsg": "system busy"}, False, 10),
        (wecom, {"errcode": 77777, "errmsg": "new"}, False, None),
        (dingtalk, {"errcode": 310000, "errmsg": "sign not match"}, True, None),
        (dingtalk, {"errcode": 130101, "errmsg": "send too fast"}, False, 600),
        (dingtalk, {"errcode": -1, "errmsg": "busy"}, False, 10),
        (feishu, {"code": 19021, "msg": "sign match fail"}, True, None),
        (feishu, {"code": 11232, "msg": "frequency limited"}, False, 60),
        (feishu, {"code": 9499, "msg": "Bad Request"}, True, None),
    ],
    ids=lambda v: v.__name__ if callable(v) else None,
)
def test_an_error_inside_a_200_is_read(
    message: Delivery,
    build: Build,
    body: dict[str, object],
    permanent: bool,  # noqa: FBT001 - a table
    wait: int | None,
) -> None:
    sent, _ = send(build, message, answering(json.dumps(body).encode()))
    assert (sent.ok, sent.permanent) == (False, permanent)
    assert sent.retry_after == (timedelta(seconds=wait) if wait else None)
    assert str(next(iter(body.values()))) in sent.detail


@ALL
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"errcode"',
        b"<html>login</html>",
        b"[]",
        b'{"other":1}',
        b'{"errcode":"x","code":"x"}',
    ],
    ids=["empty", "half", "page", "list", "no code", "odd code"],
)
def test_half_an_answer_is_sent_again(build: Build, message: Delivery, body: bytes) -> None:
    sent, _ = send(build, message, answering(body))
    assert (sent.ok, sent.permanent) == (False, False)


@ALL
def test_a_500_and_a_silent_server_may_pass(build: Build, message: Delivery) -> None:
    for answer in (answering(b"{}", 500), None):
        sent, _ = send(build, message, answer)
        assert (sent.ok, sent.permanent) == (False, False)


@ALL
def test_a_missing_key_is_permanent_and_named(
    build: Build, message: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WECOM_KEY", "DING_TOKEN", "FEISHU_TOKEN"):
        monkeypatch.delenv(name)
    sent, served = send(build, message, answering(OK[build]))
    assert sent.permanent
    assert "未设置环境变量" in sent.detail
    assert served.seen == []


def body_of(seen: Seen) -> dict[str, object]:
    found = json.loads(seen.body)
    assert isinstance(found, dict)
    return found


def test_wecom_sends_markdown_and_text_with_mentions_when_it_is_grave(message: Delivery) -> None:
    _, mild = send(wecom, message, answering(OK[wecom]))
    assert body_of(mild.seen[0])["msgtype"] == "markdown"
    assert mild.seen[0].path == "/send?key=k%201"
    _, grave = send(wecom, replace(message, level=Level.RED), answering(OK[wecom]))
    text = body_of(grave.seen[0])["text"]
    assert isinstance(text, dict)
    assert text["mentioned_list"] == ["@all"]


def test_dingtalk_signs_time_and_secret_and_mentions_when_it_is_grave(message: Delivery) -> None:
    _, served = send(dingtalk, replace(message, level=Level.RED), answering(OK[dingtalk]))
    query = parse_qs(urlsplit(served.seen[0].path).query)
    stamp = query["timestamp"][0]
    digest = hmac.new(b"SEC1", f"{stamp}\nSEC1".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(digest).decode()]
    assert quote_plus(query["sign"][0]) in served.seen[0].path
    assert query["access_token"] == ["t1"]
    body = body_of(served.seen[0])
    assert body["at"] == {"atMobiles": ["10000000001", "10000000002"], "isAtAll": False}


def test_feishu_signs_and_colours_by_level(message: Delivery) -> None:
    _, served = send(feishu, message, answering(OK[feishu]))
    body = body_of(served.seen[0])
    key = f"{body['timestamp']}\ns1".encode()
    assert body["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    card = body["card"]
    assert isinstance(card, dict)
    assert card["header"]["template"] == "yellow"
    assert served.seen[0].path == "/send/h1"


@ALL
def test_a_long_card_stays_within_the_bytes_on_whole_characters(
    build: Build, message: Delivery
) -> None:
    long = replace(card_of(message.card), why=("很长的理由" * 400,) * 9)
    for level in (Level.YELLOW, Level.RED):
        wanted = replace(message, card=long.as_json(), level=level)
        _, served = send(build, wanted, answering(OK[build]))
        raw = served.seen[0].body
        assert CUT.strip() in raw.decode()
        assert len(raw) <= 20_480
        if build is wecom:
            body = body_of(served.seen[0])
            content = body["text" if level is Level.RED else "markdown"]
            assert isinstance(content, dict)
            assert len(content["content"].encode()) <= (2048 if level is Level.RED else 4096)


def test_a_report_goes_as_its_text(message: Delivery) -> None:
    letter = Letter(text="今日舆情日报", html="<p>今日舆情日报</p>")
    _, served = send(wecom, replace(message, card=letter.as_json()), answering(OK[wecom]))
    assert "今日舆情日报" in served.seen[0].body.decode()


@pytest.mark.parametrize("size", range(30, 60))
def test_cutting_never_splits_a_character(size: int) -> None:
    text = "停水😀a" * 40
    cut = cut_bytes(text, size)
    assert len(cut.encode()) <= size
    assert cut.removesuffix(CUT) in text
    assert cut_bytes("停水", size) == "停水"
