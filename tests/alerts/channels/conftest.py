"""Real servers on loopback: an HTTP origin that behaves as told, and a way out to it."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from alerts.cards import Card
from alerts.contract import Posted
from models.records import Delivery


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the server read it."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Seen], tuple[int, bytes]]


@dataclass(slots=True)
class Origin:
    """A server of one test: what it saw, and how it answers."""

    url: str
    seen: list[Seen] = field(default_factory=list)


class LoopbackTransport:
    """POSTs with the standard library; what it meets comes back as a value."""

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], deadline_seconds: float
    ) -> Posted:
        try:
            work = asyncio.to_thread(_post, url, body, headers, deadline_seconds)
            return await asyncio.wait_for(work, deadline_seconds + 1)
        except (OSError, TimeoutError, http.client.HTTPException) as error:
            return Posted(failure=f"{type(error).__name__}: {error}")


def _post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Posted:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        after = answer.headers.get("Retry-After")
        return Posted(
            status=answer.status,
            body=answer.read(),
            retry_after=timedelta(seconds=int(after)) if after else None,
        )
    finally:
        connection.close()


@asynccontextmanager
async def origin(answer: Answer | None, retry_after: str = "") -> AsyncIterator[Origin]:
    """Serve until the block ends; without an answer it takes requests and hangs."""
    served = Origin(url="")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            seen = await read_request(reader)
            served.seen.append(seen)
            if answer is None:
                await asyncio.sleep(30)
                return
            status, body = answer(seen)
            extra = f"Retry-After: {retry_after}\r\n" if retry_after else ""
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    served.url = f"http://127.0.0.1:{port}"
    try:
        yield served
    finally:
        server.close()


async def read_request(reader: asyncio.StreamReader) -> Seen:
    """Return one request as it came in."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    length = int(headers.get("Content-Length", "0"))
    return Seen(lines[0].split(" ")[1], headers, await reader.readexactly(length))


@pytest.fixture
def message(delivery: Callable[..., Delivery]) -> Delivery:
    """A delivery with a real card."""
    base = delivery()
    made = Card(
        level=base.level,
        title="城北片区停水",
        reason=base.reason,
        as_of=base.created_at,
        why=("规则 r：6小时内独立信息 12（达到 10）",),
        mentions=20,
        independent=12,
        sources=4,
    )
    return replace(base, card=made.as_json())
