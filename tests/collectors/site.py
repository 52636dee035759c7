"""A web site on loopback for the kinds that read over HTTP, and one collection from it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from collectors.contract import CollectContext, Collected, Collector, State
from collectors.http import Fetcher, FetchSettings

NOW = datetime(2026, 5, 13, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site answers."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    etag: str = ""


class Site:
    """Serves `pages` by path and query; what was asked for stands in `asked`, robots.txt apart."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer | str] = {}
        self.asked: list[str] = []
        handler = type("Handler", (_Handler,), {"site": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def answer(self, path: str) -> Answer:
        found = self.pages.get(path, Answer(status=404))
        return found if isinstance(found, Answer) else Answer(found.encode())

    def collect(
        self, source: Collector, state: State | None = None, now: datetime = NOW
    ) -> Collected:
        """Let a source collect once, as the cycle would."""
        settings = FetchSettings(allow_hosts=frozenset({self.host}), per_host_pause_seconds=0)

        async def once() -> Collected:
            async with Fetcher(settings) as fetcher:
                context = CollectContext(
                    fetcher=fetcher, state=state or {}, now=now, folder=Path("/nonexistent")
                )
                return await source.collect(context)

        return asyncio.run(once())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    site: ClassVar[Site]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != "/robots.txt":
            self.site.asked.append(self.path)
        answer = self.site.answer(self.path)
        is_known = bool(answer.etag) and self.headers.get("If-None-Match") == answer.etag
        body = b"" if is_known else answer.body
        self.send_response(304 if is_known else answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        if answer.etag:
            self.send_header("ETag", answer.etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def article(title: str, day: str = "2026-05-13 10:12", text: str = "") -> str:
    """Return an article page of a small government site."""
    words = text or "柳湾街道连夜抢修供水管道，预计今晚恢复供水，期间安排送水车到各小区。"
    paragraphs = "".join(f"<p>{words}第{n}段，{title}。</p>" for n in range(4))
    return (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
        f"<div class='info'>发布时间：{day} 来源：清岚发布</div>"
        f"<div class='content'>{paragraphs}</div></body></html>"
    )
