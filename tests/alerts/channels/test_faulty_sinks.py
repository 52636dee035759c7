"""Sinks that misbehave, for real on loopback, while the clock of the outbox runs ahead.

Each round tries what is due with a real request; only `now` is ours. The sink recovers after five
minutes; everything must arrive within two more, under one id.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from alerts.channels.dingtalk import Dingtalk
from alerts.outbox import Target, after_attempt, due, needs_second_channel, second_channel
from models.records import Delivery, DeliveryStatus
from tests.alerts.channels.conftest import LoopbackTransport, Seen, read_request

RECOVERS = timedelta(minutes=5)
TOLD_BY = timedelta(seconds=120)
TICK = timedelta(seconds=1)
OK = b'{"errcode":0,"errmsg":"ok"}'

Behave = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _answer(body: bytes, status: int = 200, extra: str = "") -> Behave:
    async def behave(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        writer.write(head.encode() + body)

    return behave


async def _drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _hang(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(20)


async def _half(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + OK[:9])


async def _garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


FAULTS: dict[str, Behave] = {
    "drops": _drop,
    "hangs": _hang,
    "half": _half,
    "garbage": _garbage,
    "500": _answer(b"{}", 500),
    "502 page": _answer(b"<html>", 502),
    "429": _answer(b"{}", 429, "Retry-After: 30\r\n"),
    "error in 200": _answer(b'{"errcode":-1,"errmsg":"system busy"}'),
    "unknown error in 200": _answer(b'{"errcode":4711,"errmsg":"?"}'),
    "page in 200": _answer(b"<html>maintenance</html>"),
    "empty 200": _answer(b""),
}


@dataclass(slots=True)
class Sink:
    """A robot's endpoint that misbehaves until it is told to recover."""

    fault: Behave
    broken: bool = True
    taken: list[Seen] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            seen = await read_request(reader)
            if not self.broken:
                self.taken.append(seen)
            await (self.fault if self.broken else _answer(OK))(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _arrives(sink: Sink, message: Delivery, now: datetime) -> tuple[Delivery, timedelta]:
    """Run the outbox until the message is out, and say how long after the recovery."""
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    channel = Dingtalk(name="d", base_url=url, token_env="TOKEN", deadline_seconds=0.1)  # noqa: S106 - a name
    one, start = message, now
    try:
        while now < start + RECOVERS + TOLD_BY + TICK and one.status is DeliveryStatus.PENDING:
            sink.broken = now < start + RECOVERS
            for waiting in due([one], now):
                one = after_attempt(waiting, await channel.send(waiting, LoopbackTransport()), now)
            now += TICK
    finally:
        server.close()
    return one, (one.sent_at or now) - start - RECOVERS


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost_and_it_arrives_soon_after_the_recovery(
    name: str, message: Delivery, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t")
    sink = Sink(FAULTS[name])
    told, late = asyncio.run(_arrives(sink, message, now))
    assert told.status is DeliveryStatus.SENT
    assert late <= TOLD_BY
    assert len(sink.taken) == 1
    assert told.attempts > 3
    assert "城北片区停水" in json.loads(sink.taken[0].body)["markdown"]["text"]


def test_a_permanent_refusal_takes_the_second_channel_at_once(
    message: Delivery, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t")
    sink = Sink(_answer(b'{"errcode":310000,"errmsg":"keywords not in content"}'))
    dead, _ = asyncio.run(_arrives(sink, message, now))
    assert (dead.status, dead.attempts) == (DeliveryStatus.DEAD, 1)
    assert needs_second_channel(dead)
    second = second_channel(dead, Target(channel="mail", receiver="duty@example.org"), now)
    assert due([second], now) == (second,)


def test_the_second_channel_is_asked_while_the_first_still_hangs(
    message: Delivery, now: datetime
) -> None:
    stuck = replace(message, attempts=4)
    assert needs_second_channel(stuck)
    assert stuck.status is DeliveryStatus.PENDING
