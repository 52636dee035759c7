"""From a stored mention to the first byte at the channel, at a thousand mentions a minute."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.measure import Row, strange_text
from collectors.contract import Collected, SourceSettings
from models.records import Entry, MentionKind
from pipeline.collect import Gathered
from pipeline.cycle import absorb
from pipeline.office import Office, open_office
from pipeline.schedule import Service
from pipeline.settings import load

MENTIONS_A_MINUTE = 1000
ROUNDS = 30
MENTIONS_A_ROUND = 17
"""About a second's worth: a round comes each second."""

CONFIG = """
region: {{name: 清岚区}}
console: {{port: 0}}
rules:
  - {{name: 来件, kind: threshold, at_least: 1, group_by: place, level: orange}}
channels:
  - {{name: sink, kind: webhook, url: "http://{host}/sink"}}
tell:
  - {{channel: sink, receivers: [值班员]}}
http: {{allow_hosts: ["{host}"], pause_seconds: 0}}
"""
SOURCE = SourceSettings(name="bench", mention_kind=MentionKind.CITIZEN_MESSAGE)


def run() -> Iterator[Row]:
    """Yield the latency from commit to first byte, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = latencies(Path(folder))
    p95 = float(np.percentile(seconds, 95))
    yield Row(name="alerts told", unit="", ours=len(seconds))
    yield Row(name="stored → first byte, p50", unit="s", ours=float(np.median(seconds)))
    yield Row(name="stored → first byte, p95", unit="s", ours=p95, goal="≤ 2", met=p95 <= 2)


def latencies(folder: Path) -> list[float]:
    """Return, for each round's alert, the seconds from its commit to its arrival at the sink."""
    arrived: dict[str, float] = {}
    handler = type("Handler", (_Handler,), {"arrived": arrived})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        config = folder / "yuqing.yaml"
        host = f"127.0.0.1:{server.server_address[1]}"
        config.write_text(CONFIG.format(host=host), encoding="utf-8")
        with open_office(load(config), datetime.now(UTC)) as office:
            stored = asyncio.run(_rounds(office))
    finally:
        server.shutdown()
        server.server_close()
    return [arrived[place] - at for place, at in stored.items() if place in arrived]


async def _rounds(office: Office) -> dict[str, float]:
    service = Service(office)
    running = asyncio.create_task(service.run())
    await asyncio.sleep(2)
    stored: dict[str, float] = {}
    for number in range(ROUNDS):
        began = time.monotonic()
        place = f"第{number}社区"
        await asyncio.to_thread(_store_round, office, number, place)
        stored[place] = time.monotonic()
        await asyncio.sleep(max(0.0, 1 - (time.monotonic() - began)))
    await asyncio.sleep(5)
    service.ending.set()
    await running
    return stored


def _store_round(office: Office, number: int, place: str) -> None:
    now = datetime.now(UTC)
    entries = tuple(
        Entry(
            source=SOURCE.name,
            external_id=f"{number}-{i}",
            title=strange_text(number * 100 + i, 12),
            text=strange_text(number * 100 + i + 50, 120),
            published=now - timedelta(seconds=1),
            place=place if i == 0 else "",
        )
        for i in range(MENTIONS_A_ROUND)
    )
    gathered = Gathered(source=SOURCE, started_at=now, collected=Collected(entries=entries))
    absorb(office, [gathered], (), now)


class _Handler(BaseHTTPRequestHandler):
    arrived: ClassVar[dict[str, float]]

    def do_POST(self) -> None:
        at = time.monotonic()
        body: dict[str, Any] = json.loads(
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
        )
        place = str(body.get("card", {}).get("place", ""))
        self.arrived.setdefault(place, at)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass
