"""Kill -9 at random points of collecting, judging and telling: what is lost, what comes twice."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Self

from bench.measure import Row, strange_text
from models.records import SHANGHAI, Reason
from pipeline.office import open_office
from pipeline.settings import load
from storage import incidents, outbox

KILLS = 50
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_LIFE_SECONDS = 6.0
ROOT = Path(__file__).resolve().parent.parent

CONFIG = """
region: {{name: 清岚区}}
sources:
  - {{name: hotline, kind: hotline_file, path: inbox/*.csv, mention_kind: citizen_message}}
rules:
  - {{name: 来件, kind: threshold, at_least: 1, group_by: place, level: orange}}
channels:
  - {{name: sink, kind: webhook, url: "http://{host}/sink"}}
tell:
  - {{channel: sink, receivers: [值班员]}}
http: {{allow_hosts: ["{host}"], pause_seconds: 0}}
"""

CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from collectors.http import Fetcher
from pipeline.cycle import run_cycle
from pipeline.deliver import deliver
from pipeline.office import open_office
from pipeline.settings import load

async def live():
    loaded = load(Path(sys.argv[1]))
    with open_office(loaded, datetime.now(UTC)) as office:
        print("open", flush=True)
        async with Fetcher(office.fetch_settings()) as fetcher:
            while True:
                await run_cycle(office, fetcher, datetime.now(UTC), only=loaded.active_sources())
                await deliver(office, fetcher, datetime.now(UTC))
                await asyncio.sleep(0.02)

asyncio.run(live())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashReport:
    """What a run of kills came to."""

    kills: int
    written: int
    stored: int
    alerts: int
    cases: int
    cases_without_clocks: int
    received: int
    undelivered: int
    repeats: int


def run() -> Iterator[Row]:
    """Yield what was lost and what was repeated over fifty kills."""
    with tempfile.TemporaryDirectory() as folder:
        report = kill_loop(Path(folder), KILLS, random.Random(7))  # noqa: S311 - times to kill at
    lost = report.written - report.stored
    yield Row(name="kills", unit="", ours=report.kills)
    yield Row(name="mentions lost", unit="", ours=lost, goal="0", met=lost == 0)
    missing = report.written - report.alerts
    yield Row(name="alerts lost", unit="", ours=missing, goal="0", met=missing == 0)
    clocks = report.cases_without_clocks
    yield Row(name="cases without clocks", unit="", ours=clocks, goal="0", met=clocks == 0)
    lost = report.undelivered
    yield Row(name="messages lost", unit="", ours=lost, goal="0", met=lost == 0)
    share = report.repeats / max(1, report.kills)
    yield Row(name="repeats a kill", unit="", ours=share, goal="≤ 1", met=share <= 1)


def kill_loop(folder: Path, kills: int, chance: random.Random) -> CrashReport:
    """Write a new matter before each life, kill it at a random time, at last let one finish."""
    (folder / "inbox").mkdir()
    with Sink() as sink:
        config = folder / "yuqing.yaml"
        config.write_text(CONFIG.format(host=sink.host), encoding="utf-8")
        for number in range(kills):
            _write_matter(folder, number)
            _live(config, chance.uniform(0.0, LONGEST_LIFE_SECONDS))
        _finish(config)
        return _report(config, kills, sink.received)


def _write_matter(folder: Path, number: int) -> None:
    moment = datetime.now(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    title, words = strange_text(number, 12), strange_text(number + 1000, 80)
    text = "工单编号,受理时间,主题,诉求内容,所属区域\n"
    text += f"{number},{moment},{title},{words},第{number}社区\n"
    (folder / "inbox" / f"{number:03}.csv").write_text(text, encoding="utf-8")


def _live(config: Path, seconds: float) -> None:
    """Start a life and end it with kill -9 some time after the database is open."""
    child = _start(config)
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    child.stdout.readline()
    time.sleep(seconds)
    child.kill()
    child.communicate()


def _finish(config: Path) -> None:
    """Let one life run until nothing waits any more."""
    child = _start(config)
    time.sleep(LONGEST_LIFE_SECONDS * 4)
    child.terminate()
    child.communicate()


def _start(config: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", CHILD, str(config)], cwd=ROOT, stdout=subprocess.PIPE
    )


def _report(config: Path, kills: int, received: Counter[str]) -> CrashReport:
    with open_office(load(config), datetime.now(UTC)) as office, office.store.read() as reader:
        cases = incidents.all_incidents(reader)
        told = outbox.since(reader, LONG_AGO)
        firsts = [d for d in told if d.reason is Reason.FIRST]
        return CrashReport(
            kills=kills,
            written=kills,
            stored=int(reader.value("SELECT count(DISTINCT id) FROM mention")),
            alerts=len({s.alert.group for s in incidents.alerts_since(reader, LONG_AGO)}),
            cases=len(cases),
            cases_without_clocks=sum(not incidents.clocks(reader, case.id) for case in cases),
            received=len(received),
            undelivered=sum(d.id not in received for d in firsts),
            repeats=sum(count - 1 for count in received.values()),
        )


class Sink:
    """A webhook sink that counts each idempotency key."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        handler = type("Handler", (_Handler,), {"sink": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def host(self) -> str:
        """Return host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    sink: ClassVar[Sink]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.sink.received[str(self.headers.get("Idempotency-Key"))] += 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass
