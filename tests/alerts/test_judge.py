from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.contract import Finding, RuleSettings
from alerts.judge import judge, specs_of
from alerts.levels import LevelPolicy
from alerts.rules.threshold import Threshold
from models.records import Alert, Level, Window, WindowSpec

Windows = Callable[..., Window]
POLICY = LevelPolicy()
RULE = Threshold(name="r", at_least=3, cool_down_minutes=60)
MINUTE = timedelta(minutes=1)


class Broken(RuleSettings):
    def windows(self) -> tuple[WindowSpec, ...]:
        return ()

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        raise ZeroDivisionError(f"{len(windows)} windows at {now}")


def run(
    windows: Sequence[Window], now: datetime, recent: Sequence[Alert] = (), rule: Threshold = RULE
) -> tuple[Alert, ...]:
    return judge([rule], windows, recent, POLICY, now).alerts


def test_an_alert_carries_level_reasons_and_evidence(window: Windows, now: datetime) -> None:
    (alert,) = run([window(independent=3, story_id="s1", examples=("m1", "m2"))], now)
    assert alert.level is Level.BLUE
    assert alert.reasons[0].startswith("规则 r：")
    assert (alert.story_id, alert.mention_ids, alert.raised_at) == ("s1", ("m1", "m2"), now)


def test_the_same_facts_give_the_same_id_whatever_the_second(
    window: Windows, now: datetime
) -> None:
    later = now + timedelta(seconds=20)
    (first,) = run([window(independent=3)], now)
    (again,) = run([window(independent=3, end=later)], later)
    assert first.id == again.id


def test_a_restart_in_the_cool_down_tells_nothing_twice(window: Windows, now: datetime) -> None:
    told = run([window(independent=3)], now)
    for minutes in (0, 1, 59):
        later = now + minutes * MINUTE
        assert run([window(independent=3, end=later)], later, told) == ()


def test_the_cool_down_ends_at_its_length(window: Windows, now: datetime) -> None:
    told = run([window(independent=3)], now)
    later = now + 60 * MINUTE
    assert len(run([window(independent=3, end=later)], later, told)) == 1


def test_graver_is_told_within_the_cool_down_and_milder_is_not(
    window: Windows, now: datetime
) -> None:
    told = run([window(independent=3, casualty=1)], now)
    assert told[0].level is Level.YELLOW
    later = now + MINUTE
    assert run([window(independent=3, end=later)], later, told) == ()
    worse = window(independent=3, casualty=5, sources=9, end=later)
    assert [a.level for a in run([worse], later, told)] == [Level.ORANGE]


def test_twice_the_spread_is_told_within_the_cool_down(window: Windows, now: datetime) -> None:
    told = run([window(independent=3)], now)
    later = now + MINUTE
    assert run([window(independent=5, end=later)], later, told) == ()
    assert len(run([window(independent=6, end=later)], later, told)) == 1


def test_groups_cool_down_apart(window: Windows, now: datetime) -> None:
    told = run([window(independent=3, group="甲镇")], now)
    found = run(
        [window(independent=3, group="甲镇"), window(independent=3, group="乙镇")], now, told
    )
    assert [alert.group for alert in found] == ["乙镇"]


def test_a_clock_set_back_tells_nothing_twice_and_misses_nothing_new(
    window: Windows, now: datetime
) -> None:
    told = run([window(independent=3)], now)
    back = now - 30 * MINUTE
    assert run([window(independent=3, end=back)], back, told) == ()
    a_day_back = now - timedelta(days=1)
    assert len(run([window(independent=3, end=a_day_back)], a_day_back, told)) == 1


def test_midnight_changes_nothing(window: Windows) -> None:
    midnight = datetime.fromisoformat("2026-05-14T00:00:00+08:00")
    told = run([window(independent=3, end=midnight - MINUTE)], midnight - MINUTE)
    after = midnight + MINUTE
    assert run([window(independent=3, end=after)], after, told) == ()


def test_a_broken_rule_is_reported_and_the_others_speak(window: Windows, now: datetime) -> None:
    found = judge([Broken(name="broken"), RULE], [window(independent=3)], (), POLICY, now)
    assert [failure.rule for failure in found.failures] == ["broken"]
    assert found.failures[0].error.startswith("ZeroDivisionError: 0 windows")
    assert len(found.alerts) == 1


def test_a_rule_sees_only_its_own_windows(window: Windows, now: datetime) -> None:
    assert run([window(rule="other", independent=9)], now) == ()
    assert len(run([window(rule="r#part", independent=9)], now)) == 1


def test_a_disabled_rule_asks_for_nothing_and_says_nothing(window: Windows, now: datetime) -> None:
    off = RULE.model_copy(update={"enabled": False})
    assert specs_of([off]) == ()
    assert run([window(independent=9)], now, rule=off) == ()


def test_active_hours_hold_their_start_and_not_their_end(window: Windows) -> None:
    day = RULE.model_copy(update={"active_hours": "08:00-22:00"})
    night = RULE.model_copy(update={"active_hours": "22:00-08:00"})

    def speaks(rule: Threshold, clock: str) -> bool:
        at = datetime.fromisoformat(f"2026-05-13T{clock}:00+08:00")
        return bool(run([window(independent=9, end=at)], at, rule=rule))

    assert [speaks(day, c) for c in ("07:59", "08:00", "21:59", "22:00")] == [
        False,
        True,
        True,
        False,
    ]
    assert [speaks(night, c) for c in ("07:59", "08:00", "21:59", "22:00")] == [
        True,
        False,
        False,
        True,
    ]


def test_the_gravest_comes_first_and_titles_come_from_the_story(
    window: Windows, now: datetime
) -> None:
    mild = window(independent=3, group="a", story_id="s1")
    grave = window(independent=3, group="b", casualty=1)
    found = judge([RULE], [mild, grave], (), POLICY, now, {"s1": "城北片区停水"}).alerts
    assert [alert.group for alert in found] == ["b", "a"]
    assert [alert.title for alert in found] == ["r：b", "城北片区停水"]


def test_a_fixed_level_of_the_rule_wins_and_says_so(window: Windows, now: datetime) -> None:
    rule = RULE.model_copy(update={"level": Level.RED})
    (alert,) = run([window(independent=3)], now, rule=rule)
    assert alert.level is Level.RED
    assert alert.reasons[-1] == "规则指定等级：红色（特别重大）"


def test_stopping_in_the_middle_of_a_burst_changes_nothing(window: Windows, now: datetime) -> None:
    counts = [1, 2, 3, 4, 6, 9, 13, 20, 20, 20]

    def replay(kept: Callable[[list[Alert]], list[Alert]]) -> list[tuple[datetime, int]]:
        stored: list[Alert] = []
        for minutes, count in enumerate(counts):
            at = now + 10 * minutes * MINUTE
            stored += run([window(independent=count, end=at)], at, kept(stored))
        return [(alert.raised_at, alert.independent) for alert in stored]

    restarted = replay(lambda stored: [replace(alert) for alert in stored])
    assert restarted == replay(lambda stored: stored)
    assert [count for _, count in restarted] == [3, 6, 13]
