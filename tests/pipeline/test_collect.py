from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from collectors.contract import CollectContext, Collected, Collector
from collectors.http import Fetcher
from pipeline import collect
from pipeline.collect import Gathered, waves

NOW = datetime(2026, 5, 13, 2, 12, tzinfo=UTC)


@dataclass
class Answers:
    """A source that answers once it is let."""

    name: str
    let: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def collect(self, context: CollectContext) -> Collected:
        del context
        await self.let.wait()
        if self.error:
            raise self.error
        return Collected()


def asked(*sources: Answers, log: list[str] | None = None) -> AsyncGenerator[list[Gathered], None]:
    def note(name: str, done: int, of: int) -> None:
        if log is not None:
            log.append(f"{name} {done}/{of}")

    return waves(
        [cast("Collector", source) for source in sources],
        {},
        cast("Fetcher", None),
        now=NOW,
        folder=Path(),
        progress=note,
    )


def names(wave: list[Gathered]) -> set[str]:
    return {one.source.name for one in wave}


def test_sources_that_answer_at_once_are_one_wave() -> None:
    async def story() -> list[set[str]]:
        ready = [Answers("a"), Answers("b")]
        for source in ready:
            source.let.set()
        return [names(wave) async for wave in asked(*ready)]

    assert asyncio.run(story()) == [{"a", "b"}]


def test_nobody_waits_for_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "WAVE_SECONDS", 0.05)

    async def story() -> list[set[str]]:
        good, tarpit = Answers("good"), Answers("tarpit")
        good.let.set()
        seen = []
        async for wave in asked(good, tarpit):
            seen.append(names(wave))
            tarpit.let.set()
        return seen

    assert asyncio.run(story()) == [{"good"}, {"tarpit"}]


def test_no_wave_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "WAVE_SECONDS", 0.01)

    async def story() -> list[set[str]]:
        late = Answers("late")
        asyncio.get_running_loop().call_later(0.1, late.let.set)
        return [names(wave) async for wave in asked(late)]

    assert asyncio.run(story()) == [{"late"}]


def test_a_source_that_raises_is_a_failure_with_its_reason() -> None:
    async def story() -> list[Gathered]:
        broken = Answers("broken", error=ValueError("bad"))
        broken.let.set()
        return [one async for wave in asked(broken) for one in wave]

    assert [one.collected.failure for one in asyncio.run(story())] == ["ValueError: bad"]


def test_progress_counts_every_source() -> None:
    async def story() -> list[str]:
        log: list[str] = []
        ready = [Answers("a"), Answers("b")]
        for source in ready:
            source.let.set()
        async for _ in asked(*ready, log=log):
            pass
        return sorted(line.split()[1] for line in log)

    assert asyncio.run(story()) == ["1/2", "2/2"]


def test_a_round_that_is_given_up_ends_its_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "WAVE_SECONDS", 0.01)

    async def story() -> int:
        good, tarpit = Answers("good"), Answers("tarpit")
        good.let.set()
        round_of = asked(good, tarpit)
        async for _ in round_of:
            break
        await round_of.aclose()
        return len([task for task in asyncio.all_tasks() if not task.done()])

    assert asyncio.run(story()) == 1, "only the story itself is left"
