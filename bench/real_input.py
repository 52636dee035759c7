"""The whole product over real feeds, pages and a real export: stored once, and only once.

Needs `../shared/corpus` beside the project. Everything is served from loopback.
"""

from __future__ import annotations

import asyncio
import html
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from bench.measure import Row
from collectors.http import Fetcher
from models.records import SHANGHAI
from pipeline.absorb import Tally
from pipeline.cycle import CycleReport, run_cycle
from pipeline.digests import make_digest
from pipeline.office import open_office
from pipeline.settings import load

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus"
FEEDS = Path("feeds") / "real" / "wechat_gov_news"
TABLE = Path("feedback") / "leader_board_xlsx" / "ai04_file2.xlsx"
TABLE_ROWS = 495


@dataclass(frozen=True, slots=True, kw_only=True)
class RealReport:
    """What two rounds over the corpus came to."""

    feeds: int
    pages: int
    first: CycleReport
    second: CycleReport
    digest: str
    seconds: float

    def of(self, prefix: str) -> Tally:
        """Return the first round's counts of the sources whose name begins so."""
        runs = [run for run in self.first.runs if run.source.startswith(prefix)]
        return Tally(
            fetched=sum(run.fetched for run in runs),
            stored=sum(run.stored for run in runs),
            duplicates=sum(run.duplicates for run in runs),
        )


def run() -> Iterator[Row]:
    """Yield what was stored at first, at the second round, and how fast."""
    if not CORPUS.is_dir():
        raise ImportError("the corpus is not beside the project", name="../shared/corpus")
    with tempfile.TemporaryDirectory() as folder:
        report = run_over(CORPUS, Path(folder))
    stored, again = report.first.tally.stored, report.second.tally.stored
    failed = sum(r.status == "failed" for r in report.first.runs)
    yield Row(name="mentions stored", unit="rows", ours=stored)
    yield Row(name="stored by a second run", unit="rows", ours=again, goal="0", met=again == 0)
    yield Row(name="sources failed", unit="sources", ours=failed, goal="0", met=failed == 0)
    yield Row(name="two rounds and a digest", unit="s", ours=report.seconds)


def run_over(corpus: Path, folder: Path) -> RealReport:
    """Collect everything into a fresh database in `folder`, twice, and make today's digest."""
    pages = chinese_pages(corpus)
    with served(corpus, _list_page(pages)) as host:
        config = folder / "yuqing.yaml"
        feeds = sorted(path.name for path in (corpus / FEEDS).iterdir() if path.is_file())
        settings = _settings(host, feeds, corpus / TABLE)
        config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        started = perf_counter()
        first, second, digest = asyncio.run(_rounds(config))
    return RealReport(
        feeds=len(feeds),
        pages=len(pages),
        first=first,
        second=second,
        digest=digest,
        seconds=perf_counter() - started,
    )


async def _rounds(config: Path) -> tuple[CycleReport, CycleReport, str]:
    loaded, now = load(config), datetime.now(UTC)
    with open_office(loaded, now) as office:
        async with Fetcher(office.fetch_settings()) as fetcher:
            first = await run_cycle(office, fetcher, now)
            # The second round asks again for everything, without the validators of the first.
            with office.store.transaction() as tx:
                tx.run("DELETE FROM source_state")
            second = await run_cycle(office, fetcher, datetime.now(UTC))
        rendered = make_digest(office, now.astimezone(SHANGHAI).date(), datetime.now(UTC))
    return first, second, rendered.html


def chinese_pages(corpus: Path) -> list[dict[str, Any]]:
    """Return the manifest rows of the Chinese pages."""
    lines = (corpus / "pages.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["lang"].startswith("zh")]


@contextmanager
def served(corpus: Path, list_page: bytes) -> Iterator[str]:
    """Serve the corpus on loopback, with one list page that links to the articles."""
    handler = partial(_Handler, directory=str(corpus), list_page=list_page)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, list_page: bytes, directory: str) -> None:
        self._list_page = list_page
        super().__init__(*args, directory=directory)

    def do_GET(self) -> None:
        if self.path != "/list.html":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self._list_page)))
        self.end_headers()
        self.wfile.write(self._list_page)

    def log_message(self, *_: object) -> None:
        pass


def _list_page(pages: list[dict[str, Any]]) -> bytes:
    rows = "".join(
        f"<li><a href='/{html.escape(page['path'])}'>article {number}</a></li>"
        for number, page in enumerate(pages, 1)
    )
    return f"<!doctype html><meta charset='utf-8'><ul class='news'>{rows}</ul>".encode()


def _settings(host: str, feeds: list[str], table: Path) -> dict[str, Any]:
    sources: list[dict[str, Any]] = [
        {
            "name": f"feed_{number:03}",
            "kind": "feed",
            "url": f"http://{host}/{FEEDS.as_posix()}/{name}",
            "media_tier": "county",
        }
        for number, name in enumerate(feeds, 1)
    ]
    sources.append(
        {
            "name": "pages",
            "kind": "page_list",
            "url": f"http://{host}/list.html",
            "links": "ul.news a",
            "articles_at_most": 500,
        }
    )
    sources.append(
        {
            "name": "board",
            "kind": "hotline_file",
            "path": str(table),
            "mention_kind": "citizen_message",
        }
    )
    return {
        "region": {"name": "上街区"},
        "watch": {"queries": {"上街区": "上街区", "郑州": "郑州 OR 河南"}},
        "http": {"allow_hosts": [host], "pause_seconds": 0},
        "sources": sources,
        "rules": [{"name": "集中", "kind": "threshold", "at_least": 5, "group_by": "story"}],
    }
