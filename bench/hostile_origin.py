"""A web server on loopback that does to a client what the worst origins do.

The path chooses the behaviour (`/slow_head`, `/gzip_bomb`, …); what came in is kept in `seen`.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Self
from urllib.parse import parse_qs, urlsplit

FEED = b"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title>
<item><title>one</title><link>https://example.org/1</link><guid>1</guid></item></channel></rss>"""
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Origin:
    """The server; `async with Origin() as origin` starts it on a free port of 127.0.0.1."""

    robots: bytes | int = 404
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, backlog=2048, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    @property
    def netloc(self) -> str:
        """Host and port, as an allow-list takes it."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """Return the URL of a path on this server."""
        return f"http://{self.netloc}{path}"

    def paths(self) -> list[str]:
        """Return what was asked for, without robots.txt."""
        return [seen.path for seen in self.seen if seen.path != "/robots.txt"]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has hung up, or the test is over
        finally:
            writer.transport.abort()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        seen = await _read_request(reader)
        self.seen.append(seen)
        if seen.path == "/robots.txt":
            await _answer_robots(self.robots, writer)
            return True
        name = urlsplit(seen.path).path.strip("/").split("/")[0]
        await BEHAVIOURS.get(name, _not_found)(seen, writer)
        await writer.drain()
        return name not in ENDS


async def _read_request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method=method, path=path, headers=headers, body=body)


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return a whole well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


async def _answer_robots(robots: bytes | int, writer: asyncio.StreamWriter) -> None:
    whole = answer(f"{robots} x") if isinstance(robots, int) else answer("200 OK", robots)
    writer.write(whole)
    await writer.drain()


async def _not_found(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(answer("404 Not Found", b"nothing here"))


async def _ok(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(answer("200 OK", FEED, 'ETag: "v1"', "Set-Cookie: session=1; Path=/"))


async def _conditional(seen: Seen, writer: asyncio.StreamWriter) -> None:
    known = seen.headers.get("if-none-match") == '"v1"'
    writer.write(answer("304 Not Modified") if known else answer("200 OK", FEED, 'ETag: "v1"'))


async def _always_304(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")


async def _status(seen: Seen, writer: asyncio.StreamWriter) -> None:
    query = parse_qs(urlsplit(seen.path).query)
    code = urlsplit(seen.path).path.split("/")[2]
    headers = [f"Retry-After: {value}" for value in query.get("retry", [])]
    writer.write(answer(f"{code} x", b"the reason", *headers))


async def _redirect(seen: Seen, writer: asyncio.StreamWriter) -> None:
    query = parse_qs(urlsplit(seen.path).query, encoding="latin-1")
    code = query.get("code", ["302"])[0]
    writer.write(answer(f"{code} x", b"", f"Location: {query['to'][0]}"))


async def _loop(seen: Seen, writer: asyncio.StreamWriter) -> None:
    step = int(urlsplit(seen.path).query or 0)
    writer.write(answer("302 x", b"", f"Location: /loop?{step + 1}"))


async def _echo(seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(answer("200 OK", seen.body))


async def _drip(writer: asyncio.StreamWriter, piece: bytes, seconds: float = 0.05) -> None:
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(seconds)


async def _never(_seen: Seen, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _slow_head(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    await _drip(writer, b"a")


async def _slow_body(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    await _drip(writer, b"a")


async def _slow_error(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 503 x\r\nRetry-After: 90\r\nContent-Length: 1000000\r\n\r\n")
    await _drip(writer, b"a")


async def _slow_interim(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    await _drip(writer, b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.2)


async def _endless_interim(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    await _drip(writer, b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, 0)


async def _endless_body(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await _drip(writer, b"x" * 65536, 0)


async def _endless_head(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await _drip(writer, b"X: " + b"x" * 8000 + b"\r\n", 0)


async def _crumbs(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await _drip(writer, b"1\r\nx\r\n" * 4096, 0)


async def _too_long(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
    for _ in range(1600):
        writer.write(b"x" * 65536)
        await writer.drain()


@cache
def _zeros() -> bytes:
    """64 MiB in 64 KiB."""
    return gzip.compress(bytes(64 * MIB))


def packed(body: bytes, coding: str, *more: str) -> bytes:
    """Return a whole answer whose body is sent as it is, called `coding`."""
    return answer("200 OK", body, f"Content-Encoding: {coding}", *more)


async def _gzip(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(packed(gzip.compress(FEED), "gzip"))


async def _deflate(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(packed(zlib.compress(FEED), "deflate"))


async def _raw_deflate(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    squeeze = zlib.compressobj(wbits=-15)
    writer.write(packed(squeeze.compress(FEED) + squeeze.flush(), "deflate"))


async def _gzip_bomb(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    for _ in range(16):
        writer.write(_zeros())
        await writer.drain()


async def _nested(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(packed(gzip.compress(_zeros()), "gzip, gzip"))


async def _cut_gzip(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(packed(gzip.compress(FEED)[:-12], "gzip"))


async def _fake_gzip(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(packed(FEED, "gzip"))


async def _unknown_coding(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(packed(FEED, "br"))


async def _garbage(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 40 + b"\r\n\r\n")


async def _short(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf")


async def _cut_chunked(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhalf")


async def _two_lengths(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nhalf!")


async def _slam(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _forgetful(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    # Says nothing of closing, and closes: the next request on the kept connection fails.
    writer.write(answer("200 OK", FEED))


Behaviour = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]
GOOD: dict[str, Behaviour] = {
    "ok": _ok,
    "conditional": _conditional,
    "gzip": _gzip,
    "deflate": _deflate,
    "raw_deflate": _raw_deflate,
    "echo": _echo,
    "forgetful": _forgetful,
    "status": _status,
    "redirect": _redirect,
}
TARPITS: dict[str, Behaviour] = {
    "never": _never,
    "slow_head": _slow_head,
    "slow_body": _slow_body,
    "slow_interim": _slow_interim,
}
FLOODS: dict[str, Behaviour] = {
    "endless_interim": _endless_interim,
    "endless_body": _endless_body,
    "endless_head": _endless_head,
    "crumbs": _crumbs,
    "too_long": _too_long,
    "gzip_bomb": _gzip_bomb,
    "nested": _nested,
}
BROKEN: dict[str, Behaviour] = {
    "loop": _loop,
    "cut_gzip": _cut_gzip,
    "fake_gzip": _fake_gzip,
    "unknown_coding": _unknown_coding,
    "garbage": _garbage,
    "short": _short,
    "cut_chunked": _cut_chunked,
    "two_lengths": _two_lengths,
    "slam": _slam,
    "always_304": _always_304,
}
BEHAVIOURS = GOOD | TARPITS | FLOODS | BROKEN | {"slow_error": _slow_error}
# After these the connection ends, announced or not.
ENDS = frozenset(FLOODS) | {"garbage", "short", "cut_chunked", "two_lengths", "slam", "forgetful"}
HOSTILE = tuple(TARPITS | FLOODS | BROKEN)


def main() -> None:
    """Serve until killed; print the port first."""

    async def serve() -> None:
        async with Origin() as origin:
            print(origin.port, flush=True)
            await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
