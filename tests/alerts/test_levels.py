from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from alerts.levels import Facts, LevelPolicy, SensitivePeriod, suggest_level
from models.records import Level, MediaTier, Window

Windows = Callable[..., Window]
POLICY = LevelPolicy()
NO_FACTS = Facts()


def test_a_scattered_complaint_is_blue(window: Windows) -> None:
    found = suggest_level(window(mentions=2, independent=2, sources=1), NO_FACTS, POLICY)
    assert (found.level, found.points) == (Level.BLUE, 0)
    assert found.reasons == ("合计 0 分：建议蓝色（一般）（黄≥3，橙≥6，红≥9）",)


def test_every_reason_is_printed_with_its_number_and_points(window: Windows) -> None:
    found = suggest_level(
        window(
            independent=12,
            sources=4,
            negative=4,
            classified=5,
            best_tier=MediaTier.PROVINCIAL,
            topic="work_safety",
        ),
        NO_FACTS,
        POLICY,
    )
    assert found.reasons == (
        "省级媒体介入（+2）",
        "独立信息 12 条（+1）",
        "来源 4 个（+1）",
        "负面 4/5（80%）（+2）",
        "敏感领域：安全生产（+1）",
        "合计 7 分：建议橙色（重大）（黄≥3，橙≥6，红≥9）",
    )


@pytest.mark.parametrize(
    ("evidence", "level"),
    [
        ({"independent": 12, "sources": 3, "prior": (3,)}, Level.YELLOW),
        ({"independent": 60, "sources": 9, "best_tier": MediaTier.PROVINCIAL}, Level.ORANGE),
        (
            {"independent": 300, "sources": 20, "best_tier": MediaTier.CENTRAL, "platforms": 6},
            Level.RED,
        ),
        ({"independent": 1, "casualty": 1}, Level.YELLOW),
    ],
    ids=["visible", "provincial", "national", "people hurt"],
)
def test_levels_grow_with_the_evidence(
    window: Windows, evidence: dict[str, object], level: Level
) -> None:
    assert suggest_level(window(**evidence), NO_FACTS, POLICY).level is level


def test_steps_count_at_their_bound_not_below(window: Windows) -> None:
    assert suggest_level(window(independent=9), NO_FACTS, POLICY).points == 0
    assert suggest_level(window(independent=10), NO_FACTS, POLICY).points == 1


def test_a_share_of_too_few_says_nothing(window: Windows) -> None:
    assert suggest_level(window(negative=4, classified=4), NO_FACTS, POLICY).points == 0


def test_speed_needs_a_past_and_enough_mentions(window: Windows) -> None:
    assert suggest_level(window(independent=5), NO_FACTS, POLICY).points == 0
    assert suggest_level(window(independent=4, prior=(0,)), NO_FACTS, POLICY).points == 0
    assert suggest_level(window(independent=5, prior=(0,)), NO_FACTS, POLICY).points == 1


def test_a_sensitive_period_weighs_by_the_shanghai_day(window: Windows) -> None:
    period = SensitivePeriod(name="高考", first=date(2026, 6, 7), last=date(2026, 6, 9))
    policy = LevelPolicy(sensitive_periods=(period,))
    inside = datetime(2026, 6, 6, 16, 0, tzinfo=UTC)  # 00:00 on the 7th in Shanghai
    before = datetime(2026, 6, 6, 15, 59, tzinfo=UTC)
    found = suggest_level(window(), Facts.at(inside, policy), policy)
    assert found.reasons[0] == "敏感时间节点：高考（+1）"
    assert Facts.at(before, policy) == NO_FACTS


def test_numbers_are_configuration(window: Windows) -> None:
    policy = LevelPolicy.model_validate(
        {"red_at_points": 1, "independent": [{"at_least": 2, "points": 1}]}
    )
    assert suggest_level(window(independent=2), NO_FACTS, policy).level is Level.RED


def test_a_topic_of_the_place_itself_is_shown_as_it_is(window: Windows) -> None:
    policy = LevelPolicy(sensitive_topics=("机场搬迁",))
    found = suggest_level(window(topic="机场搬迁"), NO_FACTS, policy)
    assert found.reasons[0] == "敏感领域：机场搬迁（+1）"
