"""What the tests of the client share: a fetch from a loopback origin, and a recording dialler."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import TypeVar

from bench.hostile_origin import Origin
from collectors.http import FailureKind, Fetched, Fetcher, FetchSettings, Request

T = TypeVar("T")
PUBLIC = "93.184.215.14"


def settings(*origins: Origin, **changes: object) -> FetchSettings:
    allowed = frozenset(origin.netloc for origin in origins)
    fields: dict[str, object] = {"allow_hosts": allowed, "deadline_seconds": 5.0, "robots": False}
    return FetchSettings(**(fields | changes))  # type: ignore[arg-type]  # a test's shorthand


def run(story: Callable[[], Coroutine[object, object, T]]) -> T:
    return asyncio.run(story())


def fetch(path: str, **changes: object) -> tuple[Fetched, Origin]:
    async def story() -> tuple[Fetched, Origin]:
        async with Origin() as origin, Fetcher(settings(origin, **changes)) as fetcher:
            return await fetcher.get(Request(url=origin.url(path))), origin

    return run(story)


def failure_of(path: str, **changes: object) -> FailureKind:
    fetched, _ = fetch(path, **changes)
    assert fetched.error is not None, f"{path} gave {fetched.body[:60]!r}"
    assert fetched.body == b""
    return fetched.error.kind


class Dials:
    """A resolver with set answers and a dialler that records where it was sent, and refuses."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        self.asked.append(host)
        return tuple(self.answers)

    async def dial(
        self, address: str, port: int, tls: ssl.SSLContext | None, name: str | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.dialled.append((address, port))
        raise ConnectionRefusedError("recorded, not connected")
