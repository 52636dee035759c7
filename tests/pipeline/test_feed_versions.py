"""Real feeds as they changed over two days: each article once, an edit as a new version."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from collectors.http import Fetcher
from pipeline.absorb import Tally
from pipeline.cycle import run_cycle
from pipeline.office import Office, open_office
from pipeline.settings import load
from tests.builders import NOW
from tests.collectors.site import Site

LINK = re.compile(r"<item>.*?<link>(.*?)</link>", re.DOTALL)
TITLE = re.compile(r"(<item>\s*<title>)")


@pytest.fixture(scope="module")
def versions(shared: Path) -> list[list[str]]:
    """The successive texts of every third feed, the oldest first."""
    folder = shared / "corpus" / "streams" / "wechat_feed_versions"
    feeds = sorted(path for path in folder.iterdir() if path.is_dir())
    return [[file.read_text("utf-8") for file in sorted(feed.iterdir())] for feed in feeds[::3]]


@pytest.fixture
def office(tmp_path: Path, site: Site, versions: list[list[str]]) -> Iterator[Office]:
    named = [
        {"name": f"feed{n}", "kind": "feed", "url": f"{site.url}/{n}"} for n in range(len(versions))
    ]
    settings = {
        "region": {"name": "清岚区"},
        "http": {"allow_hosts": [site.host], "pause_seconds": 0},
        "sources": named,
    }
    config = tmp_path / "yuqing.yaml"
    config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    with open_office(load(config), NOW) as office:
        yield office


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def round_of(office: Office, site: Site, feeds: list[str], number: int) -> Tally:
    site.pages |= {f"/{n}": text for n, text in enumerate(feeds)}

    async def once() -> Tally:
        async with Fetcher(office.fetch_settings()) as fetcher:
            at = NOW + timedelta(hours=number)
            report = await run_cycle(office, fetcher, at, only=office.loaded.active_sources())
        assert [run.reason for run in report.runs if run.reason] == []
        return report.tally

    return asyncio.run(once())


def counted(office: Office, sql: str) -> int:
    with office.store.read() as reader:
        return int(reader.value(sql))


def test_each_article_is_stored_once_and_each_edit_is_a_version(
    office: Office, site: Site, versions: list[list[str]]
) -> None:
    known: set[tuple[int, str]] = set()
    longest = max(map(len, versions))
    for number in range(longest):
        feeds = [texts[min(number, len(texts) - 1)] for texts in versions]
        listed = {(n, link) for n, text in enumerate(feeds) for link in LINK.findall(text)}
        tally = round_of(office, site, feeds, number)
        assert (tally.stored, tally.updated) == (len(listed - known), 0)
        assert tally.stored + tally.duplicates == tally.fetched
        known |= listed
    assert counted(office, "SELECT count(*) FROM mention") == len(known)

    edited = [TITLE.sub(r"\1更正：", texts[-1], count=1) for texts in versions]
    tally = round_of(office, site, edited, longest)
    assert (tally.stored, tally.updated) == (0, len(versions))
    assert counted(office, "SELECT count(*) FROM mention WHERE version = 2") == len(versions)
    assert counted(office, "SELECT count(*) FROM mention_version") == len(versions)
    assert counted(office, "SELECT count(*) FROM mention") == len(known)
