"""Ask the sources that are due, all at once; a dead one is a row with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from collectors.contract import CollectContext, Collected, Collector, SourceSettings, State
from collectors.http import Fetcher
from collectors.politeness import Poll, PollOutcome, Rhythm, next_poll
from models.records import SourceRun
from storage.sources import SourceMemory

SOURCE_SECONDS = 300.0
"""A source that needs longer in one round is cut off; each fetch has its own, shorter bound."""

AT_ONCE = 400
WAVE_SECONDS = 3.0
"""What has come by then is stored and judged; a source that never answers delays no other."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
HISTORY = timedelta(days=3)

Progress = Callable[[str, int, int], None]
"""Told the source that ended, how many have ended, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What one source brought, and when."""

    source: SourceSettings
    started_at: datetime
    collected: Collected


def due(
    sources: Sequence[Collector], memories: Mapping[str, SourceMemory], now: datetime
) -> list[Collector]:
    """Return the sources whose time has come; a new source is due at once."""
    return [s for s in sources if _due_at(memories.get(s.name)) <= now]


def _due_at(memory: SourceMemory | None) -> datetime:
    return (memory.next_due_at if memory else None) or LONG_AGO


async def collect(
    sources: Sequence[Collector],
    memories: Mapping[str, SourceMemory],
    fetcher: Fetcher,
    *,
    now: datetime,
    folder: Path,
    progress: Progress | None = None,
) -> list[Gathered]:
    """Collect from the sources, at most 400 at once; never raises for a source."""
    asked = waves(sources, memories, fetcher, now=now, folder=folder, progress=progress)
    return [one async for wave in asked for one in wave]


async def waves(
    sources: Sequence[Collector],
    memories: Mapping[str, SourceMemory],
    fetcher: Fetcher,
    *,
    now: datetime,
    folder: Path,
    progress: Progress | None = None,
) -> AsyncGenerator[list[Gathered], None]:
    """Yield what has come, at the end or every `WAVE_SECONDS`: nobody waits for the slowest."""
    turns = asyncio.Semaphore(AT_ONCE)
    asked = _Round(memories=memories, fetcher=fetcher, now=now, folder=folder)
    ended = 0

    async def one(source: Collector) -> Gathered:
        nonlocal ended
        async with turns:
            gathered = await _gathered(source, asked)
        ended += 1
        if progress:
            progress(source.name, ended, len(sources))
        return gathered

    tasks = [asyncio.create_task(one(source)) for source in sources]
    waiting = set(tasks)
    try:
        while waiting:
            done, waiting = await _wave(waiting)
            yield [task.result() for task in tasks if task in done]
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


Tasks = set[asyncio.Task[Gathered]]


async def _wave(waiting: Tasks) -> tuple[Tasks, Tasks]:
    """Return the tasks that ended and those that did not, once there is one that did."""
    done, left = await asyncio.wait(waiting, timeout=WAVE_SECONDS)
    if not done:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
    return done, left


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What is the same for every source of a round."""

    memories: Mapping[str, SourceMemory]
    fetcher: Fetcher
    now: datetime
    folder: Path


async def _gathered(source: Collector, asked: _Round) -> Gathered:
    memory = asked.memories.get(source.name)
    state: State = memory.state if memory else {}
    context = CollectContext(fetcher=asked.fetcher, state=state, now=asked.now, folder=asked.folder)
    collected = await _collected(source, context)
    return Gathered(
        source=cast("SourceSettings", source), started_at=asked.now, collected=collected
    )


async def _collected(source: Collector, context: CollectContext) -> Collected:
    try:
        async with asyncio.timeout(SOURCE_SECONDS):
            return await source.collect(context)
    except TimeoutError:
        reason = f"took longer than {SOURCE_SECONDS:.0f} s and was cut off"
    except Exception as error:  # noqa: BLE001 - the border: one source never ends a cycle
        reason = f"{type(error).__name__}: {error}"
    return Collected(state=context.state, failure=reason)


def outcome(gathered: Gathered) -> PollOutcome:
    """Return how a collection ended, in the word that is stored as the run's status."""
    collected = gathered.collected
    if collected.failure:
        return PollOutcome.FAILED
    if collected.not_modified:
        return PollOutcome.NOT_MODIFIED
    return PollOutcome.FOUND if collected.entries else PollOutcome.EMPTY


def next_due(
    gathered: Gathered, history: Sequence[SourceRun], run: SourceRun, now: datetime
) -> datetime:
    """Return when to ask a source again: by its own rhythm, within its configured interval."""
    longest = timedelta(minutes=gathered.source.every_minutes)
    rhythm = Rhythm(shortest=longest / 4, longest=longest)
    past = [as_poll(r) for r in history if r.source == run.source]
    last = replace(
        as_poll(run),
        retry_after=gathered.collected.retry_after_seconds,
        permanent=gathered.collected.permanent,
    )
    return next_poll([*past, last], now, rhythm)


def as_poll(run: SourceRun) -> Poll:
    """Return a stored run as the politeness rules read it."""
    return Poll(
        at=run.started_at, outcome=PollOutcome(run.status), new=run.stored, reason=run.reason
    )
