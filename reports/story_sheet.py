"""A story in figures, as the console shows it and the command line prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from models.heat import (
    FirstSource,
    Heat,
    HeatWeights,
    HourCount,
    KeyMention,
    SentimentShares,
    StoryFacts,
    Told,
    first_source,
    heat,
    hourly_curve,
    key_mentions,
    sentiment_shares,
    story_facts,
)
from storage import story_facts as stored
from storage.store import Reader
from storage.story_facts import StoryHead

CURVE_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """A story in one line of a list."""

    head: StoryHead
    facts: StoryFacts
    heat: Heat
    first: FirstSource | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """What one source or platform told of a story: both numbers."""

    name: str
    independent: int
    reposts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySheet:
    """Everything that is counted of one story; `curve` ends at `curve_end`."""

    head: StoryHead
    facts: StoryFacts
    heat: Heat
    first: FirstSource | None
    shares: SentimentShares
    sources: tuple[SourceCount, ...]
    platforms: tuple[SourceCount, ...]
    curve: tuple[HourCount, ...]
    curve_end: datetime
    key: tuple[KeyMention, ...]


def hottest(
    reader: Reader,
    weights: HeatWeights,
    now: datetime,
    *,
    since: datetime,
    at_most: int,
    mentions_at_least: int = 2,
) -> list[StoryLine]:
    """Return the stories that spoke since then, the hottest first."""
    counted = stored.counts(reader, now, since, mentions_at_least=mentions_at_least)
    heats = {story: heat(facts, weights) for story, facts in counted.items()}
    chosen = nsmallest(at_most, heats, key=lambda story: (-heats[story].value, story))
    heads, told = stored.heads(reader, chosen), stored.told_of(reader, chosen)
    return [
        StoryLine(
            head=heads[story],
            facts=counted[story],
            heat=heats[story],
            first=first_source(_known(told[story], now)),
        )
        for story in chosen
    ]


def story_sheet(
    reader: Reader,
    story_id: str,
    weights: HeatWeights,
    now: datetime,
    *,
    curve_end: datetime | None = None,
) -> StorySheet | None:
    """Return a story as known at `now`, or None when there is no such story.

    The curve ends now, or with the last mention of a story that has long been silent, unless
    told where.
    """
    head = stored.head(reader, story_id)
    if head is None:
        return None
    told = _known(stored.told(reader, story_id), now)
    facts = story_facts(told, now)
    end = min(curve_end, now) if curve_end else _curve_end(told, now)
    return StorySheet(
        head=head,
        facts=facts,
        heat=heat(facts, weights),
        first=first_source(told),
        shares=sentiment_shares(told),
        sources=_by([(one.source, one) for one in told]),
        platforms=_by([(one.platform, one) for one in told]),
        curve=hourly_curve(told, end, CURVE_HOURS),
        curve_end=end,
        key=key_mentions(told),
    )


def _known(told: Sequence[Told], now: datetime) -> list[Told]:
    return [one for one in told if one.event_at <= now]


def _curve_end(told: Sequence[Told], now: datetime) -> datetime:
    last = max((one.event_at for one in told), default=now)
    return now if now - last < timedelta(hours=CURVE_HOURS) else last


def _by(named: Sequence[tuple[str, Told]]) -> tuple[SourceCount, ...]:
    """Count by name, the name with most mentions first."""
    own = Counter(name for name, one in named if one.independent)
    every = Counter(name for name, _ in named)
    return tuple(
        SourceCount(name=name, independent=own[name], reposts=count - own[name])
        for name, count in every.most_common()
    )
