"""Ten thousand messages at once through a channel that takes twenty a minute, virtual time."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

from alerts.cards import Card
from bench.measure import Row
from collectors.http import Fetcher
from models.records import Delivery, Level, Reason
from pipeline.deliver import deliver
from pipeline.office import Office, open_office
from pipeline.settings import load
from storage import outbox

MESSAGES = 10_000
RECEIVERS = 5
CONFIG = """
region: {{name: 清岚区}}
channels:
  - {{name: robot, kind: wecom, key_env: YUQING_BENCH_KEY, base_url: "http://{host}/send"}}
http: {{allow_hosts: ["{host}"], pause_seconds: 0}}
"""


def run() -> Iterator[Row]:
    """Yield the virtual minutes until everything is represented, and how soon red left."""
    os.environ.setdefault("YUQING_BENCH_KEY", "bench-key")
    with tempfile.TemporaryDirectory() as folder:
        minutes, busiest, red_seconds, cpu = storm(Path(folder))
    yield Row(
        name="10,000 messages represented after",
        unit="min",
        ours=minutes,
        goal="≤ 5",
        met=minutes <= 5,
    )
    yield Row(
        name="most in one minute", unit="messages", ours=busiest, goal="≤ 20", met=busiest <= 20
    )
    yield Row(
        name="a red among them left in the round after",
        unit="s",
        ours=red_seconds,
        goal="≤ 2",
        met=red_seconds <= 2,
    )
    yield Row(name="work for all of it", unit="s", ours=cpu)


def storm(folder: Path) -> tuple[float, int, float, float]:
    """Return virtual minutes, most messages a minute, seconds until red, and seconds of work."""
    received: list[tuple[datetime, str]] = []
    clock = _Clock(datetime(2026, 5, 12, 4, 0, tzinfo=UTC))
    handler = type("Handler", (_Handler,), {"received": received, "clock": clock})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = folder / "yuqing.yaml"
    host = f"127.0.0.1:{server.server_address[1]}"
    config.write_text(CONFIG.format(host=host), encoding="utf-8")
    began = perf_counter()
    with open_office(load(config), clock.now) as office:
        with office.store.transaction() as tx:
            outbox.add(tx, [_message(n, clock.now) for n in range(MESSAGES)])
        minutes = asyncio.run(_until_told(office, clock))
    server.shutdown()
    server.server_close()
    per_minute: dict[int, int] = {}
    for at, _ in received:
        per_minute[int(at.timestamp() // 60)] = per_minute.get(int(at.timestamp() // 60), 0) + 1
    red = next(at for at, text in received if "红色" in text)
    start = datetime(2026, 5, 12, 4, 0, tzinfo=UTC)
    return (
        minutes,
        max(per_minute.values()),
        (red - start).total_seconds(),
        perf_counter() - began,
    )


class _Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now


async def _until_told(office: Office, clock: _Clock) -> float:
    start = clock.now
    async with Fetcher(office.fetch_settings()) as fetcher:
        while True:
            await deliver(office, fetcher, clock.now)
            with office.store.read() as reader:
                if outbox.pending(reader) == 0:
                    return (clock.now - start).total_seconds() / 60
            clock.now += timedelta(seconds=1)


def _message(number: int, now: datetime) -> Delivery:
    level = Level.RED if number == MESSAGES // 2 else Level.YELLOW
    card = Card(level=level, title=f"事件{number}", reason=Reason.FIRST, as_of=now)
    base = Delivery(
        id=f"storm-{number}",
        channel="robot",
        receiver=f"值班{number % RECEIVERS}",
        reason=Reason.FIRST,
        level=level,
        subject=card.subject(),
        card=card.as_json(),
        created_at=now,
        next_try_at=now,
    )
    return replace(base, incident_id=f"i{number}")


class _Handler(BaseHTTPRequestHandler):
    received: ClassVar[list[tuple[datetime, str]]]
    clock: ClassVar[_Clock]

    def do_POST(self) -> None:
        body: dict[str, Any] = json.loads(
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
        )
        self.received.append((self.clock.now, json.dumps(body, ensure_ascii=False)))
        answer = b'{"errcode": 0, "errmsg": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass
