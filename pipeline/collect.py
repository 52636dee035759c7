"""Ask the sources that are due, all at once; a dead one is a row with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
    turns = asyncio.Semaphore(AT_ONCE)
    ended = 0

    async def one(source: Collector) -> Gathered:
        nonlocal ended
        memory = memories.get(source.name)
        state: State = memory.state if memory else {}
        context = CollectContext(fetcher=fetcher, state=state, now=now, folder=folder)
        async with turns:
            collected = await _collected(source, context)
        ended += 1
        if progress:
            progress(source.name, ended, len(sources))
        return Gathered(source=cast("SourceSettings", source), started_at=now, collected=collected)

    return list(await asyncio.gather(*(one(source) for source in sources)))


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
