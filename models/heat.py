"""What a story looks like in figures: first source, reach, sentiment, hourly curve, heat.

Heat is a sum of six parts, each `count × weight, at most a limit`, 100 in all with the default
weights, so that an officer with pencil and paper gets the number the screen shows. Weights are
configuration; nothing in the regulations prescribes them (no public rule gives numeric grades).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from models.records import TIER_ZH, MediaTier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SPEED_HOURS = 6
"""Over how many of the last hours speed is averaged, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One mention as heat counts it; times aware.

    `published` is None where the source gave no date, `sentiment` empty where nothing is scored.
    """

    mention: str
    source: str
    platform: str
    tier: MediaTier
    event_at: datetime
    published: datetime | None = None
    repost_of: str = ""
    sentiment: str = ""

    @property
    def independent(self) -> bool:
        """Whether the mention is somebody's own words and no copy."""
        return not self.repost_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSource:
    """Who said it first (首发). `dated` is False when no mention carries a date of its own."""

    mention: str
    source: str
    at: datetime
    dated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentShares:
    """Shares of the classified mentions, 0..1, reposts left out; all 0 with none classified."""

    positive: float
    neutral: float
    negative: float
    classified: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCount:
    """One hour of the curve, from `start` (aware UTC, a full hour): both numbers."""

    start: datetime
    independent: int
    reposts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFacts:
    """The counts heat is made of.

    `independent` and `reposts` add up to the mentions; `per_hour` is the speed over the last
    hours, reposts included; `negative_share` is None when nothing is classified.
    """

    independent: int
    reposts: int
    sources: int
    platforms: int
    best_tier: MediaTier | None
    per_hour: float
    negative_share: float | None

    @property
    def mentions(self) -> int:
        """Reach: everything that was published, copies included."""
        return self.independent + self.reposts


DEFAULT_TIER_POINTS = {
    MediaTier.CENTRAL: 15.0,
    MediaTier.PROVINCIAL: 12.0,
    MediaTier.MUNICIPAL: 9.0,
    MediaTier.PORTAL: 8.0,
    MediaTier.COUNTY: 6.0,
    MediaTier.SELF_MEDIA: 3.0,
    MediaTier.NETIZEN: 0.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatWeights:
    """Points for each count and the most a part can give; the defaults add up to 100."""

    independent_each: float = 0.5
    independent_at_most: float = 25.0
    repost_each: float = 0.05
    repost_at_most: float = 10.0
    source_each: float = 1.0
    source_at_most: float = 20.0
    tier_points: dict[MediaTier, float] = field(default_factory=lambda: dict(DEFAULT_TIER_POINTS))
    per_hour_each: float = 1.0
    per_hour_at_most: float = 20.0
    negative_share_each: float = 10.0

    def __post_init__(self) -> None:
        """Refuse negative points: heat never falls because something happened."""
        numbers = [value for value in _numbers(self) if value < 0]
        if numbers:
            raise ValueError(f"heat weights must not be negative, found {numbers[0]:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatPart:
    """One line of the sum: `points = min(count × weight, at_most)`."""

    name: str
    zh: str
    count: float
    weight: float
    at_most: float
    points: float

    @property
    def line(self) -> str:
        """The line as an officer checks it: 独立信息 37 × 0.5 = 18.5（上限 25）."""
        full = self.count * self.weight
        capped = (
            f"，取上限 {self.at_most:g}" if full > self.at_most else f"（上限 {self.at_most:g}）"
        )
        return f"{self.zh} {self.count:g} × {self.weight:g} = {round(full, 2):g}{capped}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A heat with the sum it came from; `value` is the sum of the points, to two decimals."""

    value: float
    parts: tuple[HeatPart, ...]
    formula: str


def heat(facts: StoryFacts, weights: HeatWeights | None = None) -> Heat:
    """Return the heat of a story and how it adds up (0..100 with the default weights).

    Counts enter the sum as printed (speed and share with two decimals), so recomputing the
    printed line gives the same points.
    """
    weights = weights or HeatWeights()
    tier = facts.best_tier
    tier_points = weights.tier_points.get(tier, 0.0) if tier else 0.0
    tier_zh = f"最高媒体级别（{TIER_ZH[tier] if tier else '无'}）"
    most_for_tier = max(weights.tier_points.values(), default=0.0)
    share = facts.negative_share or 0.0
    w = weights
    parts = (
        _part(
            "independent", "独立信息", facts.independent, w.independent_each, w.independent_at_most
        ),
        _part("reposts", "转载", facts.reposts, w.repost_each, w.repost_at_most),
        _part("sources", "不同信源", facts.sources, w.source_each, w.source_at_most),
        _part("tier", tier_zh, 1 if tier else 0, tier_points, most_for_tier),
        _part("speed", "每小时新增", facts.per_hour, w.per_hour_each, w.per_hour_at_most),
        _part("negative", "负面占比", share, w.negative_share_each, w.negative_share_each),
    )
    value = round(sum(part.points for part in parts), 2)
    sums = " + ".join(f"{part.points:g}" for part in parts)
    lines = "；".join(part.line for part in parts)
    return Heat(value=value, parts=parts, formula=f"热度 {value:g} = {sums}。{lines}")


def story_facts(
    told: Sequence[Told], now: datetime, *, speed_hours: int = SPEED_HOURS
) -> StoryFacts:
    """Return the counts of a story as known at `now`; later mentions are left out."""
    known = [one for one in told if one.event_at <= now]
    since = now - timedelta(hours=speed_hours)
    recent = sum(one.event_at > since for one in known)
    shares = sentiment_shares(known)
    reposts = sum(not one.independent for one in known)
    return StoryFacts(
        independent=len(known) - reposts,
        reposts=reposts,
        sources=len({one.source for one in known}),
        platforms=len({one.platform for one in known}),
        best_tier=best_tier(one.tier for one in known),
        per_hour=recent / speed_hours,
        negative_share=shares.negative if shares.classified else None,
    )


def best_tier(tiers: Iterable[MediaTier]) -> MediaTier | None:
    """Return the highest tier present (central first), or None."""
    order = list(MediaTier)
    return min(tiers, key=order.index, default=None)


def first_source(told: Iterable[Told]) -> FirstSource | None:
    """Return the earliest published independent mention, or None without any.

    A mention without a date of its own can only be first when no independent one has a date;
    then the earliest collected stands in, and `dated` says so. Ties go to the lower id.
    """
    own = [one for one in told if one.independent]
    dated = [(one.published, one.mention, one) for one in own if one.published is not None]
    if dated:
        published, _, first = min(dated, key=lambda row: row[:2])
        return FirstSource(mention=first.mention, source=first.source, at=published, dated=True)
    undated = min(own, key=lambda one: (one.event_at, one.mention), default=None)
    if undated is None:
        return None
    return FirstSource(
        mention=undated.mention, source=undated.source, at=undated.event_at, dated=False
    )


def sentiment_shares(told: Iterable[Told]) -> SentimentShares:
    """Return the shares among independent mentions that carry a sentiment.

    A copy is not one more opinion, so reposts are left out.
    """
    counts = Counter(one.sentiment for one in told if one.independent and one.sentiment)
    classified = counts.total()
    by = {name: count / classified for name, count in counts.items()}
    return SentimentShares(
        positive=by.get("positive", 0.0),
        neutral=by.get("neutral", 0.0),
        negative=by.get("negative", 0.0),
        classified=classified,
    )


def hourly_curve(told: Iterable[Told], now: datetime, hours: int) -> tuple[HourCount, ...]:
    """Return `hours` full hours up to the one `now` is in, oldest first, empty hours included."""
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    first = last - timedelta(hours=hours - 1)
    own, copied = Counter[int](), Counter[int]()
    for one in told:
        slot = (one.event_at - first) // timedelta(hours=1)
        (own if one.independent else copied)[slot] += 1
    return tuple(
        HourCount(start=first + timedelta(hours=slot), independent=own[slot], reposts=copied[slot])
        for slot in range(hours)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMention:
    """A mention an officer should read, and why."""

    mention: str
    zh: str


def key_mentions(told: Sequence[Told], *, at_most: int = 5) -> tuple[KeyMention, ...]:
    """Return the mentions to read first: 首发, highest tier, most copied, latest negative ones."""
    chosen: dict[str, str] = {}
    first = first_source(told)
    if first:
        chosen[first.mention] = "首发"
    own = [one for one in told if one.independent]
    order = list(MediaTier)
    for one in sorted(own, key=lambda one: (order.index(one.tier), one.event_at, one.mention))[:1]:
        chosen.setdefault(one.mention, f"媒体级别最高（{TIER_ZH[one.tier]}）")
    copies = Counter(one.repost_of for one in told if one.repost_of)
    present = {one.mention for one in told}
    for mention, count in copies.most_common(1):
        if mention in present:
            chosen.setdefault(mention, f"转载最多（{count} 次）")
    negative = [one for one in own if one.sentiment == "negative"]
    for one in sorted(negative, key=lambda one: (one.event_at, one.mention), reverse=True):
        chosen.setdefault(one.mention, "最新负面")
    rows = list(chosen.items())[:at_most]
    return tuple(KeyMention(mention=mention, zh=zh) for mention, zh in rows)


def _part(name: str, zh: str, count: float, weight: float, at_most: float) -> HeatPart:
    shown = round(count, 2)
    points = round(min(shown * weight, at_most), 2)
    return HeatPart(name=name, zh=zh, count=shown, weight=weight, at_most=at_most, points=points)


def _numbers(weights: HeatWeights) -> list[float]:
    values = [getattr(weights, name) for name in HeatWeights.__dataclass_fields__]
    plain = [value for value in values if isinstance(value, int | float)]
    return plain + list(weights.tier_points.values())
