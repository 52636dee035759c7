"""Windows over mentions held in memory: a file of mentions answers like the store does.

The same half-open windows, groups and pasts as `storage/windows.py` (a test compares the two), for
back-tests of files that were never stored.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.records import MediaTier, MentionFilter, Window, WindowSpec

WEEK = timedelta(weeks=1)
EXAMPLES = 5
NO_GROUP = frozenset({"", "unclassified"})
TIERS = tuple(tier.value for tier in MediaTier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What rules need to know of one mention; `at` is its event time, aware."""

    id: str
    at: datetime
    source: str = ""
    media_tier: str = MediaTier.NETIZEN.value
    kind: str = "post"
    place: str = ""
    topic: str = ""
    sentiment: str = ""
    appeal: str = ""
    urgency: int = 0
    story: str = ""
    independent: bool = True
    platform: str = ""
    casualty: bool = False
    queries: tuple[str, ...] = ()


class Replay:
    """Mentions in order of time, ready to answer window specs at any moment."""

    def __init__(self, mentions: Iterable[Replayed]) -> None:
        """Sort them; late and out-of-order mentions need no care."""
        self._mentions = sorted(mentions, key=lambda mention: (mention.at, mention.id))
        self._kept: dict[MentionFilter, tuple[list[datetime], list[Replayed]]] = {}

    def windows(self, specs: Sequence[WindowSpec], now: datetime) -> list[Window]:
        """Return the windows of every spec at `now`, as `storage.windows.windows` does."""
        return [window for spec in specs for window in self._answer(spec, now)]

    def _answer(self, spec: WindowSpec, now: datetime) -> list[Window]:
        present = self._grouped(spec, now - spec.span, now)
        found = {
            group: _window(spec, group, members, now)
            for group, members in present.items()
            if len(members) >= spec.at_least
        }
        pieces = _pieces(spec, now)
        pasts = [self._independent(spec, after, until) for after, until in pieces]
        names = set(found)
        if not spec.group_by:
            names = {""}
        elif not spec.at_least:
            names |= {group for past in pasts for group in past}
        weeks = spec.baseline_weeks
        return [
            replace(
                found.get(name) or _window(spec, name, (), now),
                baseline=tuple(past[name] for past in pasts[:weeks]),
                prior=tuple(past[name] for past in pasts[weeks:]),
            )
            for name in sorted(names)
        ]

    def _independent(self, spec: WindowSpec, after: datetime, until: datetime) -> Counter[str]:
        grouped = self._grouped(spec, after, until)
        counts = {name: sum(m.independent for m in found) for name, found in grouped.items()}
        return Counter({name: count for name, count in counts.items() if count})

    def _grouped(
        self, spec: WindowSpec, after: datetime, until: datetime
    ) -> dict[str, list[Replayed]]:
        times, mentions = self._passing(spec.filter)
        chosen = mentions[bisect_right(times, after) : bisect_right(times, until)]
        grouped: dict[str, list[Replayed]] = defaultdict(list)
        for mention in chosen:
            for group in _groups(mention, spec):
                grouped[group].append(mention)
        return grouped

    def _passing(self, chosen: MentionFilter) -> tuple[list[datetime], list[Replayed]]:
        """Return the mentions a filter keeps, found once for all moments."""
        if chosen not in self._kept:
            mentions = [mention for mention in self._mentions if passes(mention, chosen)]
            self._kept[chosen] = ([mention.at for mention in mentions], mentions)
        return self._kept[chosen]


def passes(mention: Replayed, chosen: MentionFilter) -> bool:
    """Say whether a filter keeps a mention."""
    words = (
        (mention.topic, chosen.topics),
        (mention.sentiment, chosen.sentiments),
        (mention.appeal, chosen.appeals),
        (mention.media_tier, chosen.tiers),
        (mention.kind, chosen.kinds),
        (mention.source, chosen.sources),
        (mention.place, chosen.places),
        (mention.story, chosen.stories),
    )
    return (
        all(not wanted or word in wanted for word, wanted in words)
        and (not chosen.queries or not set(chosen.queries).isdisjoint(mention.queries))
        and mention.urgency >= chosen.urgency_at_least
    )


def _groups(mention: Replayed, spec: WindowSpec) -> tuple[str, ...]:
    if not spec.group_by:
        return ("",)
    if spec.group_by == "query":
        wanted = spec.filter.queries
        return tuple(q for q in dict.fromkeys(mention.queries) if not wanted or q in wanted)
    words: dict[str, Callable[[Replayed], str]] = {
        "story": lambda m: m.story,
        "topic": lambda m: m.topic,
        "place": lambda m: m.place,
        "source": lambda m: m.source,
        "tier": lambda m: m.media_tier,
    }
    word = words[spec.group_by](mention)
    return () if word in NO_GROUP else (word,)


def _pieces(spec: WindowSpec, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return the stretches of a spec's past: weeks first, then the spans before."""
    ends = [now - week * WEEK for week in range(1, spec.baseline_weeks + 1)]
    ends += [now - span * spec.span for span in range(1, spec.prior_spans + 1)]
    return [(end - spec.span, end) for end in ends]


def _window(spec: WindowSpec, group: str, members: Sequence[Replayed], now: datetime) -> Window:
    stories = _most_common(member.story for member in members)
    topics = _most_common(member.topic for member in members)
    return Window(
        rule=spec.rule,
        group=group,
        start=now - spec.span,
        end=now,
        mentions=len(members),
        independent=sum(member.independent for member in members),
        sources=len({member.source for member in members}),
        negative=sum(member.sentiment == "negative" for member in members),
        classified=sum(member.sentiment not in NO_GROUP for member in members),
        best_tier=min((member.media_tier for member in members), key=TIERS.index, default=""),
        urgent=sum(member.urgency >= 2 for member in members),
        casualty=sum(member.casualty for member in members),
        platforms=len({member.platform or member.source for member in members}),
        first_at=members[0].at if members else None,
        last_at=members[-1].at if members else None,
        story_id=group if spec.group_by == "story" else stories,
        topic=group if spec.group_by == "topic" else topics,
        examples=tuple(member.id for member in members[:EXAMPLES]),
    )


def _most_common(words: Iterable[str]) -> str:
    """Return the most frequent real word; of equals the first by name, as the store does."""
    counts = Counter(word for word in words if word not in NO_GROUP)
    return min(counts, key=lambda word: (-counts[word], word), default="")
