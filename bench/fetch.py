"""CPU time of one fetch: the guarded client beside aiohttp and one plain httpx.AsyncClient.

A loopback server in a process of its own answers every request with the same 8 KB feed; what is
measured is the CPU time of this process, so the server and the machine's other work stay out.
Ours does all it always does: robots, address check, deadline, byte bound.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from bench.measure import Row
from collectors.http import Fetcher, FetchSettings, Request

BODY = b"<rss><channel>" + b"<item><title>x</title></item>" * 280 + b"</channel></rss>"
IN_FLIGHT = (1, 50, 500)
REQUESTS = {1: 1500, 50: 3000, 500: 4000}
ROUNDS = 3
HTTPX_REQUESTS = {1: 500, 50: 600}

Get = Callable[[], Awaitable[int]]
"""Fetches once; returns the bytes of the body."""


def run() -> Iterator[Row]:
    """Yield microseconds of CPU a request at 1, 50 and 500 in flight."""
    with _server() as url:
        # In turns, and the least of three: other work on the machine only ever adds.
        rounds = [
            {(get, n): asyncio.run(get(url, n)) for get in (_ours, _aiohttp) for n in IN_FLIGHT}
            for _ in range(ROUNDS)
        ]
        best = {key: min(one[key] for one in rounds) for key in rounds[0]}
        httpx = {n: asyncio.run(_httpx(url, n)) for n in HTTPX_REQUESTS}
    ours = {n: best[_ours, n] for n in IN_FLIGHT}
    aiohttp = {n: best[_aiohttp, n] for n in IN_FLIGHT}
    for n in IN_FLIGHT:
        goal, met = ("≤ 3×", ours[n] <= 3 * aiohttp[n]) if n == 50 else ("", None)
        yield _row(f"{n} in flight", ours[n], "aiohttp", aiohttp[n], goal=goal, met=met)
    for n in HTTPX_REQUESTS:
        goal, met = ("≤ 1/5", ours[n] * 5 <= httpx[n]) if n == 50 else ("", None)
        yield _row(f"{n} in flight", ours[n], "httpx.AsyncClient", httpx[n], goal=goal, met=met)
    yield _row(
        "500 in flight against 50",
        ours[500],
        "ours at 50",
        ours[50],
        goal="≤ 1.25×",
        met=ours[500] <= 1.25 * ours[50],
    )


def _row(
    name: str, ours: float, peer_name: str, peer: float, *, goal: str, met: bool | None
) -> Row:
    return Row(
        name=f"fetch, {name}",
        unit="µs CPU/request",
        ours=ours * 1e6,
        peer_name=peer_name,
        peer=peer * 1e6,
        goal=goal,
        met=met,
    )


async def _ours(url: str, in_flight: int) -> float:
    host = url.removeprefix("http://").rstrip("/")
    most = max(IN_FLIGHT)
    settings = FetchSettings(allow_hosts=frozenset({host}), in_flight=most, own_host_in_flight=most)
    async with Fetcher(settings) as fetcher:

        async def get() -> int:
            return len((await fetcher.get(Request(url=url + "feed"))).body)

        return await _cpu_seconds(get, in_flight, REQUESTS[in_flight])


async def _aiohttp(url: str, in_flight: int) -> float:
    import aiohttp  # noqa: PLC0415  # a peer, installed for the benchmark only

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def get() -> int:
            async with session.get(url + "feed") as response:
                return len(await response.read())

        return await _cpu_seconds(get, in_flight, REQUESTS[in_flight])


async def _httpx(url: str, in_flight: int) -> float:
    import httpx  # noqa: PLC0415  # here as a peer; the product builds clients in collectors/http.py

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def get() -> int:
            return len((await client.get(url + "feed")).content)

        return await _cpu_seconds(get, in_flight, HTTPX_REQUESTS[in_flight])


async def _cpu_seconds(get: Get, in_flight: int, requests: int) -> float:
    """CPU seconds of this process a request, with `in_flight` askers; connections are warm."""
    await asyncio.gather(*(_ask(get, 1) for _ in range(in_flight)))
    each = requests // in_flight
    start = time.process_time()
    await asyncio.gather(*(_ask(get, each) for _ in range(in_flight)))
    return (time.process_time() - start) / (each * in_flight)


async def _ask(get: Get, times: int) -> None:
    for _ in range(times):
        size = await get()
        if size != len(BODY):
            raise RuntimeError(f"bench fetch: got {size} bytes instead of {len(BODY)}")


@contextmanager
def _server() -> Iterator[str]:
    """Start the answering process; yields its URL with a closing slash."""
    command = [sys.executable, "-m", "bench.fetch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  # our own module
        try:
            if server.stdout is None:
                raise RuntimeError("bench fetch: the server has no output")
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
        finally:
            server.terminate()


class _Answer(asyncio.Protocol):
    """Answers each complete request head at once."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            robots = head.startswith(b"GET /robots.txt ")
            status, body = (b"404 Not Found", b"") if robots else (b"200 OK", BODY)
            answer = (
                b"HTTP/1.1 %b\r\nContent-Type: application/rss+xml; charset=utf-8\r\n"
                b'ETag: "1"\r\nServer: bench\r\nContent-Length: %d\r\n\r\n%b'
            )
            if isinstance(self._transport, asyncio.WriteTransport):
                self._transport.write(answer % (status, len(body), body))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Answer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
