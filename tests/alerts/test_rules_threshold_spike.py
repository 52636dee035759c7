from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from alerts.contract import SensitivePeriod
from alerts.rules.spike import Spike
from alerts.rules.threshold import Threshold
from models.records import Level, Window

Windows = Callable[..., Window]


def test_a_threshold_fires_at_its_count_not_below(window: Windows, now: datetime) -> None:
    rule = Threshold(name="r", at_least=3)
    assert rule.judge([window(independent=2)], now) == ()
    (finding,) = rule.judge([window(independent=3)], now)
    assert finding.reasons == ("规则 r：6小时内独立信息 3（达到 3）",)


def test_two_hundred_reposts_of_one_article_are_one_independent_mention(
    window: Windows, now: datetime
) -> None:
    storm = window(mentions=200, independent=1, sources=60)
    assert Threshold(name="r", at_least=10).judge([storm], now) == ()
    assert len(Threshold(name="r", at_least=10, count="mentions").judge([storm], now)) == 1
    assert len(Threshold(name="r", at_least=60, count="sources").judge([storm], now)) == 1


def test_a_threshold_names_levels_by_count(window: Windows, now: datetime) -> None:
    rule = Threshold.model_validate(
        {"name": "r", "at_least": 2, "level_at": {"yellow": 10, "orange": 50}}
    )
    levels = [rule.judge([window(independent=n)], now)[0].level for n in (9, 10, 50)]
    assert levels == [None, Level.YELLOW, Level.ORANGE]


def test_a_grouped_threshold_asks_only_for_groups_that_can_fire() -> None:
    (spec,) = Threshold(name="r", at_least=7, group_by="story").windows()
    assert (spec.at_least, spec.span) == (7, timedelta(hours=6))


def test_a_spike_fires_at_its_multiple_not_below(window: Windows, now: datetime) -> None:
    rule = Spike(name="r", times=4, at_least=5)
    past = {"baseline": (2, 2, 2, 2), "prior": (1, 1)}
    assert rule.judge([window(independent=7, **past)], now) == ()
    (finding,) = rule.judge([window(independent=8, **past)], now)
    assert "为平时 2.0 条的 4.0 倍" in finding.reasons[0]


def test_a_brand_new_crisis_fires_with_an_empty_past(window: Windows, now: datetime) -> None:
    rule = Spike(name="r", at_least=5)
    fresh = window(independent=5, baseline=(0, 0, 0, 0), prior=(0, 0, 0, 0))
    assert "平时为 0" in rule.judge([fresh], now)[0].reasons[0]
    assert len(rule.judge([window(independent=5)], now)) == 1


def test_nothing_against_nothing_is_no_spike(window: Windows, now: datetime) -> None:
    quiet = window(baseline=(0,), prior=(0,))
    assert Spike(name="r").judge([quiet], now) == ()
    assert Spike(name="r", direction="down").judge([quiet], now) == ()


def test_the_larger_past_is_the_yardstick(window: Windows, now: datetime) -> None:
    rule = Spike(name="r", times=4, at_least=5)
    a_busy_day_already = window(independent=20, baseline=(0, 0), prior=(18, 20))
    every_monday = window(independent=20, baseline=(19, 21), prior=(0, 0))
    assert rule.judge([a_busy_day_already, every_monday], now) == ()


def test_a_fall_fires_at_its_fraction_when_there_was_enough(window: Windows, now: datetime) -> None:
    rule = Spike(name="r", times=4, at_least=8, direction="down")
    assert len(rule.judge([window(independent=2, prior=(8,))], now)) == 1
    assert rule.judge([window(independent=3, prior=(8,))], now) == ()
    assert rule.judge([window(independent=0, prior=(7,))], now) == ()


@pytest.mark.parametrize(
    "bad",
    [
        {"at_least": 0},
        {"at_least": 3, "window_minutes": 0},
        {"at_least": 3, "unknown": 1},
        {"at_least": 3, "level": "purple"},
        {"at_least": 3, "active_hours": "25:00-26:00"},
        {"at_least": 3, "name": "空 格"},
    ],
)
def test_a_wrong_setting_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Threshold.model_validate({"name": "r", **bad})


def test_a_rule_for_sensitive_days_is_silent_on_others() -> None:
    period = SensitivePeriod(name="中考", first=date(2026, 6, 18), last=date(2026, 6, 20))
    rule = Threshold(name="r", at_least=1, sensitive_periods=(period,))
    assert rule.active(datetime(2026, 6, 17, 16, 0, tzinfo=UTC)), "18 June in Shanghai"
    assert not rule.active(datetime(2026, 6, 17, 15, 59, tzinfo=UTC))
    assert not rule.active(datetime(2026, 6, 20, 16, 0, tzinfo=UTC))
