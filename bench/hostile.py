"""A round over 1,000 sources on loopback of which 5 % are hostile, beside one without them.

Hostile means each of the ways in `bench/hostile_origin.py`: tarpits, floods, bombs, loops,
garbage. The server runs in a process of its own; good sources answer with a small feed.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.hostile_origin import FEED, HOSTILE
from bench.measure import Row
from collectors.http import Fetched, Fetcher, FetchSettings, Request

SOURCES = 1000
HOSTILE_EVERY = 20
DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round over the sources took and brought."""

    seconds: float
    last_good_seconds: float
    slowest_seconds: float
    lost: int
    unnoticed: int
    more_resident_mib: float


def run() -> Iterator[Row]:
    """Yield the bounds of a round: its length, the delay of good sources, losses, memory."""
    with _server() as good, _server() as bad:
        calm = asyncio.run(_round(_paths(good, None)))
        stormy = asyncio.run(_round(_paths(good, bad)))
    delay = stormy.last_good_seconds - calm.last_good_seconds
    yield _row("round with 5 % hostile", "s", stormy.seconds, DEADLINE_SECONDS + 5)
    yield _row("slowest single fetch", "s", stormy.slowest_seconds, DEADLINE_SECONDS + 1)
    yield _row("delay of the last good source", "s", delay, 5)
    yield _row("good sources lost", "sources", stormy.lost, 0)
    yield _row("hostile sources taken for good", "sources", stormy.unnoticed, 0)
    yield _row("memory on top", "MiB", stormy.more_resident_mib, 128)


def _row(name: str, unit: str, ours: float, at_most: float) -> Row:
    goal = f"≤ {at_most:g} {unit}"
    return Row(name=f"hostile, {name}", unit=unit, ours=ours, goal=goal, met=ours <= at_most)


def _paths(good: str, bad: str | None) -> list[str]:
    """List the sources of a round; every twentieth is hostile where `bad` is given."""
    urls = []
    for number in range(SOURCES):
        name = HOSTILE[number // HOSTILE_EVERY % len(HOSTILE)]
        hostile = bad is not None and number % HOSTILE_EVERY == 0
        urls.append(f"{bad}/{name}/{number}" if hostile else f"{good}/ok/{number}")
    return urls


async def _round(urls: list[str]) -> Round:
    hosts = frozenset(url.split("/")[2] for url in urls)
    settings = FetchSettings(allow_hosts=hosts, deadline_seconds=DEADLINE_SECONDS)
    before, start = _peak_mib(), time.monotonic()
    async with Fetcher(settings) as fetcher:
        fetched = await asyncio.gather(*(_timed(fetcher, url, start) for url in urls))
    good = [(one, ended) for one, ended in fetched if "/ok/" in one.url]
    hostile = [one for one, _ in fetched if "/ok/" not in one.url]
    return Round(
        seconds=time.monotonic() - start,
        last_good_seconds=max(ended for _, ended in good),
        slowest_seconds=max(one.elapsed for one, _ in fetched),
        lost=sum(one.body != FEED for one, _ in good),
        unnoticed=sum(one.error is None for one in hostile),
        more_resident_mib=_peak_mib() - before,
    )


async def _timed(fetcher: Fetcher, url: str, start: float) -> tuple[Fetched, float]:
    fetched = await fetcher.get(Request(url=url))
    return fetched, time.monotonic() - start


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
