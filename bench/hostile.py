"""A collecting round over 1,000 feeds on loopback of which 5 % are hostile, beside a calm one.

Hostile means each of the ways in `bench/hostile_origin.py`: tarpits, floods, bombs, loops,
garbage. The servers run in processes of their own; the round is the product's own: guarded
client, feed kind, `pipeline.collect`.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.hostile_origin import HOSTILE, TARPITS
from bench.measure import Row
from collectors.http import Fetcher, FetchSettings
from collectors.kinds.feed import Feed
from pipeline.collect import collect

SOURCES = 1000
HOSTILE_EVERY = 20
DEADLINE_SECONDS = 30.0
ENTRIES_IN_A_GOOD_FEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round over the sources took and brought."""

    seconds: float
    last_good_seconds: float
    lost: int
    unnoticed: int
    more_resident_mib: float


def run() -> Iterator[Row]:
    """Yield the bounds of a round: its length, the delay of good sources, losses, memory."""
    with _server() as good, _server() as bad:
        calm = asyncio.run(_round(good, bad, ()))
        mixed = asyncio.run(_round(good, bad, HOSTILE))
        mired = asyncio.run(_round(good, bad, tuple(TARPITS)))
    for name, storm in (("5 % hostile", mixed), ("5 % tarpits", mired)):
        delay = storm.last_good_seconds - calm.last_good_seconds
        yield _row(f"{name}: the round", "s", storm.seconds, DEADLINE_SECONDS + 5)
        yield _row(f"{name}: delay of the last good source", "s", delay, 5)
        yield _row(f"{name}: entries of good sources lost", "entries", storm.lost, 0)
        yield _row(f"{name}: hostile taken for good", "sources", storm.unnoticed, 0)
        yield _row(f"{name}: memory on top", "MiB", storm.more_resident_mib, 128)


def _row(name: str, unit: str, ours: float, at_most: float) -> Row:
    goal = f"≤ {at_most:g} {unit}"
    return Row(name=f"hostile, {name}", unit=unit, ours=ours, goal=goal, met=ours <= at_most)


def _sources(good: str, bad: str, ways: Sequence[str]) -> list[Feed]:
    """List the sources of a round; every twentieth is hostile in one of the `ways`, if any."""
    sources = []
    for number in range(SOURCES):
        hostile = ways and number % HOSTILE_EVERY == 0
        way = ways[number // HOSTILE_EVERY % len(ways)] if hostile else ""
        url = f"{bad}/{way}/{number}" if hostile else f"{good}/ok/{number}"
        name = f"{'hostile' if hostile else 'good'}-{number}"
        sources.append(Feed(kind="feed", name=name, url=url))
    return sources


async def _round(good: str, bad: str, ways: Sequence[str]) -> Round:
    sources = _sources(good, bad, ways)
    hosts = frozenset(source.url.split("/")[2] for source in sources)
    settings = FetchSettings(allow_hosts=hosts, deadline_seconds=DEADLINE_SECONDS)
    before, start = _peak_mib(), time.monotonic()
    ended: dict[str, float] = {}

    def note(name: str, _done: int, _all: int) -> None:
        ended[name] = time.monotonic() - start

    async with Fetcher(settings) as fetcher:
        gathered = await collect(
            sources, {}, fetcher, now=datetime.now(UTC), folder=Path.cwd(), progress=note
        )
    kept = [one for one in gathered if one.source.name.startswith("good")]
    hostile = [one for one in gathered if one.source.name.startswith("hostile")]
    return Round(
        seconds=time.monotonic() - start,
        last_good_seconds=max(ended[one.source.name] for one in kept),
        lost=sum(ENTRIES_IN_A_GOOD_FEED - len(one.collected.entries) for one in kept),
        unnoticed=sum(not one.collected.failure for one in hostile),
        more_resident_mib=_peak_mib() - before,
    )


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.hostile_origin"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  # our own module
        try:
            if server.stdout is None:
                raise RuntimeError("bench hostile: the server has no output")
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()
