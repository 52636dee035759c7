"""Replay a time, or a file, through the rules: what would have fired, when, why, how often."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.backtest import Backtest, backtest, moments_between
from alerts.contract import Rule
from alerts.replay import Replay, Replayed
from collectors.dates import parse_date
from models.records import Window, WindowSpec
from models.watch import Document, compile_queries
from pipeline.office import Office
from pipeline.settings import Loaded
from storage import windows

Progress = Callable[[str, int, int], None]
MAX_MOMENTS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is replayed: (start, end], judged every `step`."""

    start: datetime
    end: datetime
    step: timedelta

    def moments(self) -> list[datetime]:
        """Return the moments to judge at; ValueError when there are none or far too many."""
        if self.end <= self.start:
            raise ValueError("the end must lie after the start")
        if (self.end - self.start) // self.step > MAX_MOMENTS:
            raise ValueError(f"more than {MAX_MOMENTS} moments: take a longer --step or less time")
        return moments_between(self.start, self.end, self.step)


class BadReplayError(ValueError):
    """A line of a replay file that cannot be used."""


def over_store(office: Office, rules: Sequence[Rule], period: Period, tick: Progress) -> Backtest:
    """Replay what is stored."""
    moments = period.moments()

    def ask(specs: Sequence[WindowSpec], now: datetime) -> list[Window]:
        with office.store.read() as reader:
            return windows.windows(reader, specs, now)

    policy = office.loaded.settings.levels
    return backtest(rules, ask, moments, policy, lambda done: tick("", done, len(moments)))


def over_file(
    loaded: Loaded, replay: Replay, rules: Sequence[Rule], period: Period, tick: Progress
) -> Backtest:
    """Replay mentions that were read from a file."""
    moments = period.moments()
    policy = loaded.settings.levels
    return backtest(
        rules, replay.windows, moments, policy, lambda done: tick("", done, len(moments))
    )


def read_replay(file: Path, loaded: Loaded) -> tuple[Replay, datetime, datetime]:
    """Read JSON lines {"at","title","text","source",…}; return them with their first and last time.

    Raises BadReplayError naming file and line.
    """
    matcher = compile_queries(loaded.queries)
    rows = [
        _row(file, number, line)
        for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1)
        if line.strip()
    ]
    if not rows:
        raise BadReplayError(f"{file}: no lines in it")
    documents = [
        Document(title=str(row.get("title", "")), text=str(row.get("text", ""))) for row, _ in rows
    ]
    found = matcher.match_batch(documents)
    replayed = [
        Replayed(
            id=str(row.get("id", number)),
            at=at,
            source=str(row.get("source", "file")),
            media_tier=str(row.get("tier", "netizen")),
            kind=str(row.get("kind", "post")),
            place=str(row.get("place", "")),
            topic=str(row.get("topic", "")),
            sentiment=str(row.get("sentiment", "")),
            story=str(row.get("story", "")),
            independent=not row.get("repost_of"),
            queries=tuple(matched),
        )
        for number, ((row, at), matched) in enumerate(zip(rows, found, strict=True), 1)
    ]
    times = [one.at for one in replayed]
    return Replay(replayed), min(times), max(times)


def _row(file: Path, number: int, line: str) -> tuple[dict[str, Any], datetime]:
    try:
        row = json.loads(line)
        at = parse_date(str(row["at"]), datetime.now(UTC)).value
    except (ValueError, KeyError, TypeError) as error:
        raise BadReplayError(f'{file}:{number}: expected {{"at": time, …}}: {error}') from None
    if at is None:
        raise BadReplayError(f"{file}:{number}: {row['at']!r} is no time")
    return row, at
