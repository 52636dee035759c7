"""One rule after another: what fires, what does not, at the bound and below it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.rules._common import chance
from alerts.rules.absence import Absence
from alerts.rules.burst import Burst
from alerts.rules.cardinality import Cardinality
from alerts.rules.change import Change
from alerts.rules.combination import Combination
from alerts.rules.keyword import Keyword
from alerts.rules.new_term import NewTerm
from alerts.rules.share import Share
from alerts.rules.silence import Silence
from alerts.rules.story_growth import StoryGrowth
from models.records import Level, Window

Windows = Callable[..., Window]
QUIET_WEEK = (0,) * 84


def test_a_burst_fires_on_three_where_nobody_ever_speaks(window: Windows, now: datetime) -> None:
    rule = Burst(name="r", at_least=3)
    assert rule.judge([window(independent=2, prior=QUIET_WEEK)], now) == ()
    (finding,) = rule.judge([window(independent=3, prior=QUIET_WEEK)], now)
    assert "平时 0.0 条" in finding.reasons[0]


def test_a_burst_is_no_surprise_where_people_speak_all_day(window: Windows, now: datetime) -> None:
    rule = Burst(name="r", at_least=3)
    assert rule.judge([window(independent=8, prior=(6, 5, 7, 4, 6, 5, 8, 6))], now) == ()
    assert len(rule.judge([window(independent=40, prior=(6, 5, 7, 4, 6, 5, 8, 6))], now)) == 1


def test_a_burst_needs_some_past_and_believes_the_busier_one(
    window: Windows, now: datetime
) -> None:
    rule = Burst(name="r")
    assert rule.judge([window(independent=9)], now) == ()
    busy_mondays = window(independent=6, prior=QUIET_WEEK, baseline=(5, 6, 5, 7))
    assert rule.judge([busy_mondays], now) == ()


def test_one_outburst_in_the_past_does_not_hide_the_next() -> None:
    assert chance(6, (0,) * 83 + (60,)) < 0.001


@given(st.integers(0, 200), st.lists(st.integers(0, 100), max_size=60))
def test_a_chance_is_a_probability_that_falls_with_the_count(count: int, past: list[int]) -> None:
    here, more = chance(count, past), chance(count + 1, past)
    assert 0 <= more <= here + 1e-9 <= 1 + 1e-9


def test_a_new_term_is_one_the_past_does_not_know(window: Windows, now: datetime) -> None:
    rule = NewTerm(name="r", group_by="place", known_days=30, window_minutes=1440)
    (spec,) = rule.windows()
    assert spec.prior_spans == 30
    fresh = window(group="乙镇", independent=1, prior=(0,) * 30)
    known = window(group="甲镇", independent=1, prior=(0,) * 29 + (1,))
    assert [f.window.group for f in rule.judge([fresh, known], now)] == ["乙镇"]
    assert "30天来首次出现" in rule.judge([fresh], now)[0].reasons[0]


def change_windows(window: Windows, then: tuple[int, int], now: tuple[int, int]) -> list[Window]:
    """Windows of all and of the part: (part, all) in the span before and in this one."""
    return [
        window(rule="r#all", independent=now[1], prior=(then[1],)),
        window(rule="r#part", independent=now[0], prior=(then[0],)),
    ]


def test_a_change_fires_when_the_share_moved_by_its_points(window: Windows, now: datetime) -> None:
    rule = Change(name="r", points=30, at_least=10)
    assert len(rule.judge(change_windows(window, (2, 10), (5, 10)), now)) == 1
    assert rule.judge(change_windows(window, (2, 10), (4, 10)), now) == ()
    assert rule.judge(change_windows(window, (5, 10), (2, 10)), now) == ()
    either = Change(name="r", points=30, at_least=10, direction="either")
    assert len(either.judge(change_windows(window, (5, 10), (2, 10)), now)) == 1


def test_a_change_needs_enough_on_both_sides_and_never_fires_at_first_sight(
    window: Windows, now: datetime
) -> None:
    rule = Change(name="r", points=30, at_least=10)
    assert rule.judge(change_windows(window, (0, 9), (10, 10)), now) == ()
    assert rule.judge(change_windows(window, (0, 10), (9, 9)), now) == ()
    assert rule.judge([window(rule="r#all", independent=20)], now) == ()


def test_a_change_asks_for_the_whole_and_for_the_part() -> None:
    whole, part = Change.model_validate(
        {"name": "r", "filter": {"query": "停水"}, "part": {"tier": "central"}}
    ).windows()
    assert (whole.rule, part.rule) == ("r#all", "r#part")
    assert (part.filter.queries, part.filter.tiers) == (("停水",), ("central",))


def test_distinct_voices_are_counted_not_loud_ones(window: Windows, now: datetime) -> None:
    rule = Cardinality(name="r", at_least=5)
    assert rule.judge([window(mentions=500, sources=4)], now) == ()
    assert len(rule.judge([window(mentions=5, sources=5)], now)) == 1
    platforms = Cardinality(name="r", at_least=3, of="platforms")
    assert len(platforms.judge([window(sources=1, platforms=3)], now)) == 1


def test_a_share_fires_at_its_percentage_with_enough_classified(
    window: Windows, now: datetime
) -> None:
    rule = Share(name="r", percent_at_least=50, classified_at_least=10)
    assert rule.judge([window(mentions=90, negative=9, classified=9)], now) == ()
    assert len(rule.judge([window(mentions=90, negative=5, classified=10)], now)) == 1
    assert rule.judge([window(negative=5, classified=11)], now) == ()
    assert rule.judge([window()], now) == ()


def test_a_keyword_fires_at_the_first_mention_of_each_query(window: Windows, now: datetime) -> None:
    rule = Keyword.model_validate({"name": "r", "filter": {"query": ["坍塌", "爆炸"]}})
    found = rule.judge([window(group="坍塌", independent=1), window(group="爆炸")], now)
    assert [finding.window.group for finding in found] == ["坍塌"]
    assert "命中“坍塌” 1 条" in found[0].reasons[0]


def test_a_keyword_rule_without_a_query_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"filter\.query is missing"):
        Keyword(name="r")


def test_a_story_grows_by_count_sources_and_multiple(window: Windows, now: datetime) -> None:
    rule = StoryGrowth(name="r", at_least=6, sources_at_least=2, times=2)
    grown = {"mentions": 9, "independent": 6, "sources": 2, "prior": (3, 1, 0, 0)}
    assert len(rule.judge([window(**grown)], now)) == 1
    for change in ({"mentions": 5}, {"sources": 1}, {"independent": 5}):
        assert rule.judge([window(**{**grown, **change})], now) == ()
    brand_new = window(mentions=6, independent=6, sources=2, prior=(0, 0, 0, 0))
    assert len(rule.judge([brand_new], now)) == 1


def test_silence_fires_where_there_used_to_be_talk(window: Windows, now: datetime) -> None:
    rule = Silence(name="r", usually_at_least=3)
    assert len(rule.judge([window(group="日报", prior=(3, 3, 3))], now)) == 1
    assert rule.judge([window(group="日报", mentions=1, prior=(3, 3, 3))], now) == ()
    assert rule.judge([window(group="日报", prior=(3, 3, 2))], now) == ()


def test_a_source_that_never_spoke_is_found_when_it_was_expected(
    window: Windows, now: datetime
) -> None:
    rule = Silence(name="r", expected=("公报", "日报"))
    found = rule.judge([window(group="日报", mentions=2)], now)
    assert [finding.window.group for finding in found] == ["公报"]
    assert "从未有信息" in found[0].reasons[0]


def test_absence_fires_on_an_empty_window_only(window: Windows, now: datetime) -> None:
    rule = Absence(name="r")
    assert len(rule.judge([window()], now)) == 1
    assert rule.judge([window(mentions=1)], now) == ()


def test_the_dead_mans_switch_counts_from_the_last_success_or_the_start(now: datetime) -> None:
    rule = Absence(name="r", window_minutes=60)
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    assert rule.cycle_overdue(now - hour + second, now - 9 * hour, now) == ""
    assert "上次成功采集" in rule.cycle_overdue(now - hour, now - 9 * hour, now)
    assert rule.cycle_overdue(None, now - hour + second, now) == ""
    assert "尚无成功采集" in rule.cycle_overdue(None, now - hour, now)


def combination(mode: str) -> Combination:
    return Combination.model_validate(
        {
            "name": "c",
            "mode": mode,
            "of": [
                {"kind": "threshold", "name": "many", "at_least": 3, "group_by": "story"},
                {"kind": "share", "name": "angry", "classified_at_least": 2, "group_by": "story"},
            ],
        }
    )


def member_windows(window: Windows) -> list[Window]:
    many = [window(rule="c#0#many", group=g, independent=n) for g, n in (("s1", 3), ("s2", 9))]
    angry = window(rule="c#1#angry", group="s1", negative=2, classified=2)
    return [*many, angry]


def test_a_combination_fires_where_all_agree(window: Windows, now: datetime) -> None:
    (finding,) = combination("all").judge(member_windows(window), now)
    assert (finding.rule, finding.window.group) == ("c", "s1")
    assert finding.reasons[0] == "规则 c：全部满足（2/2）"
    assert len(finding.reasons) == 3


def test_a_combination_of_any_fires_where_one_does(window: Windows, now: datetime) -> None:
    found = combination("any").judge(member_windows(window), now)
    assert [finding.window.group for finding in found] == ["s1", "s2"]


def test_a_member_without_groups_counts_for_every_group(window: Windows, now: datetime) -> None:
    rule = Combination.model_validate(
        {
            "name": "c",
            "level": "orange",
            "of": [
                {"kind": "threshold", "name": "any", "at_least": 1},
                {"kind": "threshold", "name": "here", "at_least": 1, "group_by": "place"},
            ],
        }
    )
    windows = [
        window(rule="c#0#any", independent=2),
        window(rule="c#1#here", group="甲镇", independent=1),
    ]
    (finding,) = rule.judge(windows, now)
    assert (finding.window.group, finding.level) == ("甲镇", Level.ORANGE)


def test_a_combination_asks_for_the_windows_of_its_members() -> None:
    assert [spec.rule for spec in combination("all").windows()] == ["c#0#many", "c#1#angry"]


@pytest.mark.parametrize(
    "member",
    [{"kind": "nothing"}, {"kind": "combination"}, {"kind": "_common"}, {"kind": "os.path"}, {}, 3],
)
def test_a_member_of_no_kind_is_refused(member: object) -> None:
    good = {"kind": "threshold", "name": "t", "at_least": 1}
    with pytest.raises(ValidationError):
        Combination.model_validate({"name": "c", "of": [good, member]})
