"""A local server that plays sources and a webhook sink, and can be told to misbehave."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>本地资讯</title>
<item><title>清岚区河边步道贯通</title><guid>n1</guid><link>http://example.org/1</link>
<pubDate>Tue, 12 May 2026 10:00:00 +0800</pubDate>
<description>清岚区沿河步道近日全线贯通，受到居民欢迎。</description></item>
</channel></rss>"""

HOTLINE = """工单编号,受理时间,主题,诉求内容,联系电话
1,2026-05-12 09:00,反映停水,柳湾街道停水没有通知，请尽快恢复供水，联系人电话13900000001,13900000001
2,2026-05-12 09:20,停水影响经营,柳湾街道沿河路餐饮店停水无法营业，要求答复,13900000002
3,2026-05-12 09:40,老人用水困难,柳湾街道西苑小区停水，家中有卧床老人,13900000003
"""


class Origin:
    """Serves `pages`; what is posted to /sink is in `received`; `sink_status` is its answer."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {"/feed.xml": FEED, "/hotline.csv": HOTLINE}
        self.received: list[dict[str, Any]] = []
        self.sink_status = 200
        handler = type("Handler", (_Handler,), {"origin": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

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
    origin: ClassVar[Origin]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        page = self.origin.pages.get(self.path)
        self._answer(404 if page is None else 200, (page or "").encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.origin.sink_status == 200:
            self.origin.received.append(json.loads(body))
        self._answer(self.origin.sink_status, b"{}")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
