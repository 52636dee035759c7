"""The demo's sources and its alert sink: a local HTTP server that speaks what real ones speak."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from xml.sax.saxutils import escape

from models.records import SHANGHAI
from pipeline.demo.story import Item, Story

FEED_LENGTH = 40
"""A feed shows its newest items, as feeds do."""

JUNK = "".join(
    f'<var id="q{i}7z"></var><cite id="w{i}k"><video id="v{i}"></video></cite>\n' for i in range(9)
)


@dataclass(slots=True)
class Sink:
    """What arrived at the alert sink; a repeat of a known key counts once."""

    cards: dict[str, dict[str, object]] = field(default_factory=dict)
    repeats: int = 0

    def receive(self, key: str, card: dict[str, object]) -> None:
        """Keep one card by its idempotency key."""
        if key in self.cards:
            self.repeats += 1
        self.cards[key] = card


class StoryServer:
    """Serves the story as it stands at `now()`, on loopback, from a thread of its own."""

    def __init__(self, story: Story, now: Callable[[], datetime], port: int = 0) -> None:
        self.story = story
        self.now = now
        self.sink = Sink()
        handler = type("StoryHandler", (_Handler,), {"server_of_story": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def host(self) -> str:
        """Return host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def visible(self, items: tuple[Item, ...]) -> list[Item]:
        """Return what has been published by now, newest first."""
        moment = self.now()
        return [item for item in reversed(items) if item.at <= moment]

    def page(self, path: str) -> tuple[str, bytes] | None:
        """Return the content type and body of a path, or None."""
        fixed: dict[str, tuple[str, Callable[[], str]]] = {
            "/robots.txt": ("text/plain", lambda: "User-agent: *\nDisallow: /private/\n"),
            "/feed.xml": ("application/rss+xml; charset=utf-8", self._feed),
            "/news/": ("text/html; charset=utf-8", self._list),
            "/board.json": ("application/json; charset=utf-8", self._board),
            "/hotline.csv": ("text/csv; charset=gb18030", self._hotline),
        }
        if path in fixed:
            kind, text = fixed[path][0], fixed[path][1]()
            encoding = "gb18030" if "gb18030" in kind else "utf-8"
            return kind, text.encode(encoding)
        for item in self.visible(self.story.news):
            if path == f"/news/{item.number}.html":
                return "text/html; charset=utf-8", _article(item).encode("utf-8")
        return None

    def _feed(self) -> str:
        items = "".join(
            f"<item><title>{escape(i.title)}</title>"
            f"<link>http://{self.host}/portal/{i.number}.html</link>"
            f"<guid isPermaLink='false'>portal-{i.number}</guid>"
            f"<source url='http://{self.host}/'>{escape(i.outlet)}</source>"
            f"<pubDate>{format_datetime(i.at)}</pubDate>"
            f"<description>{escape(_paragraphs(i.text))}</description></item>"
            for i in self.visible(self.story.feed)[:FEED_LENGTH]
        )
        return (
            "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel>"
            "<title>河州本地资讯</title>"
            f"<link>http://{self.host}/</link><description>本地媒体聚合</description>"
            f"{items}</channel></rss>"
        )

    def _list(self) -> str:
        rows = "".join(
            f'<li><a href="/news/{i.number}.html">{html.escape(i.title)}</a>'
            f"<span>{i.at:%Y-%m-%d}</span></li>"
            for i in self.visible(self.story.news)
        )
        return (
            "<!doctype html><html lang='zh'><head><meta charset='utf-8'>"
            "<title>清岚区人民政府 - 政务动态</title></head><body><nav><a href='/'>首页</a></nav>"
            f"<ul class='news-list'>{rows}</ul>"
            "<footer>清岚区人民政府办公室主办</footer></body></html>"
        )

    def _board(self) -> str:
        rows = [
            {
                "id": i.number,
                "subject": i.title,
                "body": i.text,
                "created": i.at.strftime("%Y-%m-%d %H:%M:%S"),
                "user": f"user{i.number * 37 % 101}",
            }
            for i in self.visible(self.story.board)
        ]
        return json.dumps(
            {"code": 0, "data": {"total": len(rows), "list": rows}}, ensure_ascii=False
        )

    def _hotline(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["工单编号", "受理时间", "主题", "诉求内容", "诉求类型", "主办单位"])
        for i in reversed(self.visible(self.story.hotline)):
            number = f"QL{i.at:%Y%m%d}{i.number:04d}"
            writer.writerow(
                [number, i.at.strftime("%Y-%m-%d %H:%M"), i.title, i.text, i.appeal, i.unit]
            )
        return out.getvalue()


class _Handler(BaseHTTPRequestHandler):
    """One request; answers 304 to a validator that still holds."""

    server_of_story: ClassVar[StoryServer]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a source page."""
        found = self.server_of_story.page(self.path)
        if found is None:
            self._answer(404, "text/plain", b"not found")
            return
        kind, body = found
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        if self.headers.get("If-None-Match") == tag:
            self._answer(304, kind, b"", tag)
        else:
            self._answer(200, kind, body, tag)

    def do_POST(self) -> None:
        """Take a card at the sink."""
        length = int(self.headers.get("Content-Length") or 0)
        card = json.loads(self.rfile.read(length) or b"{}")
        self.server_of_story.sink.receive(self.headers.get("Idempotency-Key") or "", card)
        self._answer(200, "application/json", b'{"ok": true}')

    def _answer(self, status: int, kind: str, body: bytes, tag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet: the demo prints its own story."""


def _article(item: Item) -> str:
    return _mirror_page(item) if item.mirror else _government_page(item)


def _government_page(item: Item) -> str:
    return (
        "<!doctype html><html lang='zh'><head><meta charset='utf-8'>"
        f"<title>{html.escape(item.title)} - 清岚区人民政府</title></head><body>"
        "<nav><a href='/'>首页</a> <a href='/news/'>政务动态</a></nav>"
        f"<h1>{html.escape(item.title)}</h1>"
        f"<p class='info'>发布时间：{item.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} "
        "来源：清岚区人民政府办公室 责任编辑：清岚区融媒体中心</p>"
        f"<div class='article'>{_paragraphs(item.text)}</div>"
        "<div class='related'><h3>相关阅读</h3>"
        "<ul><li><a href='/news/'>更多动态</a></li></ul></div></body></html>"
    )


def _mirror_page(item: Item) -> str:
    return (
        "<!doctype html><html><head><meta charset='utf-8'>"
        f"<title>{html.escape(item.title)}</title></head><body>{JUNK}"
        f"<h1>{html.escape(item.title)}</h1>"
        f"<p>時間：{item.at:%Y-%m-%d %H:%M} 來源：{html.escape(item.outlet)}</p>{JUNK}"
        f"<div>{_paragraphs(item.text)}</div>{JUNK}</body></html>"
    )


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines() if line.strip())
