"""One HTTP/1.1 exchange over a checked connection: httpx's transport for the guarded fetcher.

httpx's own pool walks every request and connection for each request, so its cost grows with the
requests in flight. Here an idle connection is one dictionary look-up away. h11 reads the wire.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import h11
import httpx

from collectors.http_deadline import Deadlines
from collectors.http_guard import AllowList, Resolver, check_address, check_all

ALLOW_LIST: Final = "yuqing.allow_list"
"""The request extension that carries the AllowList of the source being fetched."""

Dial = Callable[
    [str, int, ssl.SSLContext | None, str | None],
    Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
]
"""Connects to a checked address: address, port, TLS context and server name or None."""

READ_BYTES = 64 * 1024
MAX_HEAD_BYTES = 100 * 1024
MAX_INTERIM_RESPONSES = 16
CONNECT_SECONDS = 10.0
KEPT_IDLE_SECONDS = 15.0
MAX_IDLE = 512
# A body in crumbs costs a core for its whole deadline; no honest server sends these.
CRUMBS_AFTER = 4096
CRUMB_BYTES = 16
YIELD_EVERY = 256


class Disconnected(httpx.RemoteProtocolError):
    """The origin closed a kept connection before the first byte of its answer."""


@dataclass(slots=True, eq=False)
class Connection:
    """An open connection and what it may still be used for."""

    address: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    wire: h11.Connection = field(
        default_factory=lambda: h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    )
    reused: bool = False
    idle_since: float = 0.0
    exchange_bytes: int = 0

    def usable(self, now: float) -> bool:
        """Whether an idle connection is still open and young enough."""
        fresh = now - self.idle_since < KEPT_IDLE_SECONDS
        return fresh and not self.reader.at_eof() and not self.writer.is_closing()

    def abort(self) -> None:
        """Close at once, sending nothing more."""
        self.writer.transport.abort()


async def dial(
    address: str, port: int, tls: ssl.SSLContext | None, server_name: str | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to an IP address; never resolves a name."""
    return await asyncio.open_connection(
        address, port, ssl=tls, server_hostname=server_name, limit=READ_BYTES
    )


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connects only to checked addresses and bounds the bytes of one exchange."""

    def __init__(
        self,
        *,
        resolve: Resolver,
        dial: Dial,
        deadlines: Deadlines,
        tls: ssl.SSLContext,
        max_wire_bytes: int,
    ) -> None:
        self._resolve = resolve
        self._dial = dial
        self._deadlines = deadlines
        self._tls = tls
        self._max_wire_bytes = max_wire_bytes
        self._idle: dict[tuple[str, str, int], deque[Connection]] = {}
        self._idle_count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer with an unread body.

        Raises AddressRefusedError, httpx.TransportError or OSError. A GET on a kept connection that
        the origin had closed meanwhile is sent once more on a new one.
        """
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        origin = (url.scheme, url.raw_host.decode("ascii"), port)
        allowed = request.extensions[ALLOW_LIST]
        if request.method == "GET":
            kept = self._take_idle(origin, allowed)
            if kept is not None:
                with suppress(Disconnected):
                    return await self._exchange(kept, origin, request)
        fresh = await self._connect(origin, allowed)
        return await self._exchange(fresh, origin, request)

    async def aclose(self) -> None:
        """Close every idle connection."""
        idle = [connection for kept in self._idle.values() for connection in kept]
        self._idle.clear()
        self._idle_count = 0
        for connection in idle:
            connection.abort()
        for connection in idle:  # a socket closes some turns later: wait, or it outlives the loop
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(connection.writer.wait_closed(), timeout=1)

    async def _connect(self, origin: tuple[str, str, int], allowed: AllowList) -> Connection:
        scheme, host, port = origin
        tls = self._tls if scheme == "https" else None
        addresses = check_all(host, await self._resolve(host, port), port, allowed)
        failure: OSError | None = None
        for address in addresses:
            try:
                async with self._deadlines.within(CONNECT_SECONDS):
                    reader, writer = await self._dial(address, port, tls, host if tls else None)
            except TimeoutError:
                failure = failure or TimeoutError(f"no connection within {CONNECT_SECONDS:.0f} s")
            except ssl.SSLError:
                raise
            except OSError as error:
                failure = failure or error
            else:
                return Connection(address=address, reader=reader, writer=writer)
        raise failure or OSError(f"{host} has no address")

    async def _exchange(
        self, connection: Connection, origin: tuple[str, str, int], request: httpx.Request
    ) -> httpx.Response:
        try:
            await _send(connection, request)
            head = await self._read_head(connection)
        except BaseException:
            connection.abort()
            raise
        headers = [(name, value) for name, value in head.headers if name != b"set-cookie"]
        return httpx.Response(
            head.status_code, headers=headers, stream=_Body(self, connection, origin)
        )

    async def _read_head(self, connection: Connection) -> h11.Response:
        for _ in range(MAX_INTERIM_RESPONSES):
            event = await self.next_event(connection)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                break
        raise httpx.RemoteProtocolError("interim answers without an end")

    async def next_event(self, connection: Connection) -> h11.Event | type[h11.PAUSED]:
        """Return what the origin sent next; httpx.RemoteProtocolError for what is not HTTP."""
        while True:
            try:
                event = connection.wire.next_event()
            except h11.RemoteProtocolError as error:
                raise httpx.RemoteProtocolError(str(error)) from error
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]  # h11 types NEED_DATA as any event
            await self._receive(connection)

    async def _receive(self, connection: Connection) -> None:
        try:
            received = await connection.reader.read(READ_BYTES)
        except ConnectionError as error:
            raise _lost(connection, str(error) or "connection reset") from error
        if not received and connection.wire.their_state is h11.SEND_RESPONSE:
            raise _lost(connection, "closed without an answer")
        connection.exchange_bytes += len(received)
        if connection.exchange_bytes > self._max_wire_bytes:
            raise httpx.RemoteProtocolError(f"more than {self._max_wire_bytes:,} bytes sent")
        connection.wire.receive_data(received)

    def release(self, connection: Connection, origin: tuple[str, str, int]) -> None:
        """Keep a connection whose exchange is over, or close it."""
        wire = connection.wire
        if (
            wire.our_state is not h11.DONE
            or wire.their_state is not h11.DONE
            or self._idle_count >= MAX_IDLE
        ):
            connection.abort()
            return
        wire.start_next_cycle()
        connection.reused = True
        connection.idle_since = time.monotonic()
        connection.exchange_bytes = 0
        self._idle.setdefault(origin, deque()).append(connection)
        self._idle_count += 1

    def _take_idle(self, origin: tuple[str, str, int], allowed: AllowList) -> Connection | None:
        kept = self._idle.get(origin)
        now = time.monotonic()
        while kept:
            # Opened for one source, asked for by another: its own allow-list must agree.
            check_address(origin[1], kept[-1].address, origin[2], allowed)
            connection = kept.pop()
            self._idle_count -= 1
            if not kept:
                del self._idle[origin]
            if connection.usable(now):
                return connection
            connection.abort()
        return None


class _Body(httpx.AsyncByteStream):
    """The body of one answer, as it comes over the wire."""

    def __init__(
        self, transport: CheckedTransport, connection: Connection, origin: tuple[str, str, int]
    ) -> None:
        self._transport = transport
        self._connection: Connection | None = connection
        self._origin = origin

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = 0
        total = 0
        while self._connection is not None:
            event = await self._transport.next_event(self._connection)
            if not isinstance(event, h11.Data):
                return
            pieces += 1
            total += len(event.data)
            if pieces > CRUMBS_AFTER and total < pieces * CRUMB_BYTES:
                raise httpx.RemoteProtocolError("the body comes in crumbs")
            if pieces % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            yield bytes(event.data)

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.release(connection, self._origin)


async def _send(connection: Connection, request: httpx.Request) -> None:
    wire = connection.wire
    content = request.content
    try:
        head = h11.Request(
            method=request.method, target=request.url.raw_path, headers=request.headers.raw
        )
        data = wire.send(head) or b""
        if content:
            data += wire.send(h11.Data(data=content)) or b""
        data += wire.send(h11.EndOfMessage()) or b""
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error
    connection.writer.write(data)
    with suppress(ConnectionError):  # the answer may already be there: read it
        await connection.writer.drain()


def _lost(connection: Connection, reason: str) -> httpx.RemoteProtocolError:
    nothing_yet = connection.exchange_bytes == 0
    return (
        Disconnected(reason)
        if connection.reused and nothing_yet
        else httpx.RemoteProtocolError(reason)
    )
