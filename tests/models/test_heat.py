"""Heat adds up by hand; first source, curve and shares count what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.heat import (
    HeatWeights,
    StoryFacts,
    Told,
    best_tier,
    first_source,
    heat,
    hourly_curve,
    key_mentions,
    sentiment_shares,
    story_facts,
)
from models.records import MediaTier

NOW = datetime(2026, 5, 13, 4, 30, tzinfo=UTC)
QUIET = StoryFacts(
    independent=1,
    reposts=0,
    sources=1,
    platforms=1,
    best_tier=MediaTier.NETIZEN,
    per_hour=0.0,
    negative_share=None,
)


def told(name: str, *, minutes_ago: float = 10, **changes: object) -> Told:
    at = NOW - timedelta(minutes=minutes_ago)
    fields: dict[str, object] = {
        "mention": name,
        "source": f"source of {name}",
        "platform": "web",
        "tier": MediaTier.NETIZEN,
        "event_at": at,
        "published": at,
    }
    return Told(**(fields | changes))  # type: ignore[arg-type]


def test_the_parts_add_up_to_the_heat() -> None:
    facts = StoryFacts(
        independent=37,
        reposts=120,
        sources=11,
        platforms=3,
        best_tier=MediaTier.PROVINCIAL,
        per_hour=25 / 6,
        negative_share=0.613,
    )
    result = heat(facts)
    assert {part.name: part.points for part in result.parts} == {
        "independent": 18.5,
        "reposts": 6.0,
        "sources": 11.0,
        "tier": 12.0,
        "speed": 4.17,
        "negative": 6.1,
    }
    assert result.value == 57.77
    assert "热度 57.77 = 18.5 + 6 + 11 + 12 + 4.17 + 6.1" in result.formula
    assert "独立信息 37 × 0.5 = 18.5（上限 25）" in result.formula


def test_a_part_stops_at_its_limit() -> None:
    facts = StoryFacts(
        independent=10_000,
        reposts=10_000,
        sources=10_000,
        platforms=9,
        best_tier=MediaTier.CENTRAL,
        per_hour=10_000,
        negative_share=1.0,
    )
    assert heat(facts).value == 100.0
    assert "取上限 25" in heat(facts).formula


def test_a_hundred_reposts_weigh_less_than_twenty_complaints() -> None:
    copied = StoryFacts(
        independent=1,
        reposts=100,
        sources=1,
        platforms=1,
        best_tier=None,
        per_hour=0,
        negative_share=None,
    )
    complained = StoryFacts(
        independent=21,
        reposts=0,
        sources=1,
        platforms=1,
        best_tier=None,
        per_hour=0,
        negative_share=None,
    )
    assert heat(copied).value < heat(complained).value
    assert copied.mentions == 101


def test_weights_come_from_configuration() -> None:
    assert heat(QUIET, HeatWeights(independent_each=7)).parts[0].points == 7


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        HeatWeights(source_each=-1)
    with pytest.raises(ValueError, match="must not be negative"):
        HeatWeights(tier_points={MediaTier.CENTRAL: -1})


counts = st.integers(min_value=0, max_value=100_000)


@given(counts, counts, counts, st.floats(0, 1e4), st.floats(0, 1))
def test_the_printed_points_are_the_value(
    independent: int, reposts: int, sources: int, per_hour: float, share: float
) -> None:
    facts = StoryFacts(
        independent=independent,
        reposts=reposts,
        sources=sources,
        platforms=1,
        best_tier=MediaTier.COUNTY,
        per_hour=per_hour,
        negative_share=share,
    )
    result = heat(facts)
    assert result.value == round(sum(part.points for part in result.parts), 2)
    for part in result.parts:
        assert part.points == round(min(part.count * part.weight, part.at_most), 2)
    assert 0 <= result.value <= 100


def test_facts_tell_reach_from_voices() -> None:
    story = [
        told("a", sentiment="negative", source="forum"),
        told("b", sentiment="negative", repost_of="a", source="portal"),
        told("c", sentiment="neutral", tier=MediaTier.MUNICIPAL, source="portal", platform="app"),
        told("later", minutes_ago=-5),
    ]
    facts = story_facts(story, NOW, speed_hours=1)
    assert (facts.independent, facts.reposts, facts.mentions) == (2, 1, 3)
    assert (facts.sources, facts.platforms) == (2, 2)
    assert facts.best_tier is MediaTier.MUNICIPAL
    assert facts.per_hour == 3
    assert facts.negative_share == 0.5


def test_speed_looks_at_the_last_hours_only() -> None:
    story = [told("old", minutes_ago=6 * 60), told("new", minutes_ago=6 * 60 - 1)]
    assert story_facts(story, NOW).per_hour == pytest.approx(1 / 6)


def test_the_first_source_is_the_earliest_published_independent_mention() -> None:
    story = [
        told("copy", minutes_ago=90, repost_of="x"),
        told("second", minutes_ago=50),
        told("first", minutes_ago=60, source="county paper"),
        told("undated", minutes_ago=80, published=None),
    ]
    first = first_source(story)
    assert first is not None
    assert (first.mention, first.source, first.dated) == ("first", "county paper", True)


def test_without_dates_the_earliest_collected_stands_in_and_says_so() -> None:
    story = [told("b", minutes_ago=20, published=None), told("a", minutes_ago=30, published=None)]
    first = first_source(story)
    assert first is not None
    assert (first.mention, first.dated) == ("a", False)
    assert first_source([told("copy", repost_of="a")]) is None


def test_sentiment_shares_leave_copies_and_the_unscored_out() -> None:
    story = [
        told("a", sentiment="negative"),
        told("b", sentiment="negative", repost_of="a"),
        told("c", sentiment="positive"),
        told("d"),
    ]
    shares = sentiment_shares(story)
    assert (shares.negative, shares.positive, shares.neutral) == (0.5, 0.5, 0.0)
    assert shares.classified == 2
    assert sentiment_shares([]).classified == 0


def test_the_curve_counts_full_hours_up_to_now() -> None:
    story = [
        told("a", minutes_ago=5),
        told("b", minutes_ago=31, repost_of="a"),
        told("c", minutes_ago=200),
    ]
    curve = hourly_curve(story, NOW, 3)
    assert [hour.start.hour for hour in curve] == [2, 3, 4]
    assert [(hour.independent, hour.reposts) for hour in curve] == [(0, 0), (0, 1), (1, 0)]


def test_the_best_tier_is_the_highest_present() -> None:
    assert best_tier([MediaTier.NETIZEN, MediaTier.COUNTY]) is MediaTier.COUNTY
    assert best_tier([]) is None


def test_key_mentions_say_why() -> None:
    story = [
        told("a", minutes_ago=60, sentiment="negative"),
        told("b", minutes_ago=50, tier=MediaTier.CENTRAL),
        told("c", minutes_ago=40, repost_of="b"),
        told("d", minutes_ago=1, sentiment="negative"),
    ]
    chosen = {key.mention: key.zh for key in key_mentions(story)}
    assert chosen == {"a": "首发", "b": "媒体级别最高（中央）", "d": "最新负面"}
    assert len(key_mentions(story, at_most=1)) == 1
