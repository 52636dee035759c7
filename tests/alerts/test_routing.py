from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from alerts.grouping import Member, Told, group_reason
from alerts.outbox import Target
from alerts.routing import (
    Inhibition,
    Match,
    Notice,
    Route,
    Silence,
    Timing,
    check_silence,
    inhibited,
    route,
    silenced,
)
from models.records import Alert, Incident, Level, Reason

MINUTE = timedelta(minutes=1)
TREE = Route.model_validate(
    {
        "receivers": [{"channel": "mail", "to": "all@example.org"}],
        "routes": [
            {
                "match": {"level_at_least": "orange"},
                "receivers": [{"channel": "sms", "to": "值班手机"}],
                "continue": True,
            },
            {
                "match": {"topic": "environment"},
                "receivers": [{"channel": "wecom", "to": "环保群"}],
                "group_by": ["topic", "place"],
                "routes": [{"match": {"place": ["甲镇"]}, "timing": {"repeat_minutes": 60}}],
            },
            {
                "match": {"topic": "health"},
                "receivers": [{"channel": "wecom", "to": "卫生群"}],
                "muted_hours": "22:00-08:00",
            },
            {"match": {"topic": ["health", "environment"]}, "receivers": [{"channel": "late"}]},
        ],
    }
)


def channels(notice: Notice, now: datetime) -> list[str]:
    return [target.channel for routed in route(TREE, notice, now) for target in routed.targets]


def test_the_root_takes_what_no_child_matches(now: datetime) -> None:
    assert channels(Notice(level=Level.BLUE), now) == ["mail"]


def test_the_first_matching_child_ends_the_search(now: datetime) -> None:
    assert channels(Notice(level=Level.BLUE, topic="environment"), now) == ["wecom"]


def test_a_child_that_says_continue_does_not_end_it(now: datetime) -> None:
    assert channels(Notice(level=Level.RED, topic="environment"), now) == ["sms", "wecom"]
    assert channels(Notice(level=Level.ORANGE), now) == ["sms"]


def test_a_child_takes_from_its_parent_what_it_leaves_out(now: datetime) -> None:
    notice = Notice(level=Level.BLUE, topic="environment", place="甲镇")
    (routed,) = route(TREE, notice, now)
    assert routed.targets == (Target(channel="wecom", receiver="环保群"),)
    assert routed.group == ("environment", "甲镇")
    assert routed.timing == Timing(repeat_minutes=60)


def test_a_muted_route_still_ends_the_search_and_red_is_never_muted() -> None:
    night = datetime.fromisoformat("2026-05-13T23:00:00+08:00")
    (routed,) = route(TREE, Notice(level=Level.YELLOW, topic="health"), night)
    assert routed.muted == "静默时段 22:00-08:00"
    assert [target.channel for target in routed.targets] == ["wecom"]
    red = route(TREE, Notice(level=Level.RED, topic="health"), night)
    assert not any(routed.muted for routed in red)


def test_the_edges_of_muted_hours() -> None:
    def muted(clock: str) -> bool:
        at = datetime.fromisoformat(f"2026-05-13T{clock}:00+08:00")
        return bool(route(TREE, Notice(level=Level.BLUE, topic="health"), at)[0].muted)

    edges = [muted(clock) for clock in ("21:59", "22:00", "07:59", "08:00")]
    assert edges == [False, True, True, False]


def test_a_notice_carries_the_labels_of_its_alert_and_case(
    alert: Callable[..., Alert], incident: Callable[..., Incident]
) -> None:
    notice = Notice.of(alert(), incident(responsible_unit="水务局"), Reason.WORSE)
    assert (notice.unit, notice.rule, notice.topic) == ("水务局", "r", "municipal_services")
    assert notice.value("level") == "yellow"
    assert Match(reason=("worse",)).matches(notice)


RED = Notice(level=Level.RED, incident="i1", rule="a")
YELLOW = Notice(level=Level.YELLOW, incident="i1", rule="b")


def test_a_red_of_an_incident_quiets_its_milder_alerts_only() -> None:
    assert inhibited(YELLOW, [RED], [Inhibition()]) == RED
    elsewhere = Notice(level=Level.YELLOW, incident="i2")
    assert inhibited(elsewhere, [RED], [Inhibition()]) is None
    assert inhibited(RED, [RED, YELLOW], [Inhibition()]) is None


def test_a_missing_label_equals_an_empty_one() -> None:
    rule = Inhibition(equal=("place",))
    assert inhibited(YELLOW, [RED], [rule]) == RED


def test_a_notice_that_fits_both_sides_is_never_inhibited() -> None:
    rule = Inhibition(source=Match(), target=Match())
    assert inhibited(YELLOW, [RED], [rule]) is None


def silence(now: datetime, **changes: object) -> Silence:
    made = {
        "match": {"topic": "environment", "level_at_most": "orange"},
        "starts_at": now,
        "ends_at": now + 60 * MINUTE,
        "author": "张主任",
        "reason": "已知施工",
    }
    return Silence.model_validate({**made, **changes})


def test_a_silence_holds_from_its_start_up_to_its_end_and_is_shown(now: datetime) -> None:
    notice = Notice(level=Level.YELLOW, topic="environment")
    one = silence(now)
    assert silenced(notice, [one], now) == one
    assert silenced(notice, [one], now - MINUTE) is None
    assert silenced(notice, [one], now + 60 * MINUTE) is None
    assert silenced(Notice(level=Level.YELLOW), [one], now) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"match": {}}, "全部预警"),
        ({"match": {"topic": "health"}}, "单个事件"),
        ({"match": {"incident": "i1"}}, ""),
    ],
    ids=["good", "everything", "red by topic", "red by incident"],
)
def test_what_may_be_silenced(now: datetime, changes: dict[str, object], said: str) -> None:
    found = check_silence(silence(now, **changes))
    assert said in found if said else found == ""


def test_a_silence_needs_an_end_after_its_start_an_author_and_a_reason(now: datetime) -> None:
    assert "结束时间" in check_silence(silence(now, ends_at=now))
    for field in ("author", "reason"):
        with pytest.raises(ValueError, match=field):
            silence(now, **{field: ""})


TIMING = Timing(group_wait_seconds=30, group_interval_minutes=5, repeat_minutes=240)


def member(now: datetime, name: str = "a", **changes: object) -> Member:
    made: dict[str, object] = {"id": name, "level": Level.YELLOW, "since": now, **changes}
    return Member(**made)  # type: ignore[arg-type]


def told(now: datetime, *firing: str) -> Told:
    return Told(at=now, firing=frozenset(firing), level=Level.YELLOW)


def test_the_first_message_waits_to_collect_the_group(now: datetime) -> None:
    one = [member(now)]
    assert group_reason(one, None, now + timedelta(seconds=29), TIMING) is Reason.NONE
    assert group_reason(one, None, now + timedelta(seconds=30), TIMING) is Reason.FIRST


def test_red_does_not_wait(now: datetime) -> None:
    assert group_reason([member(now, level=Level.RED)], None, now, TIMING) is Reason.FIRST


def test_what_is_over_before_the_wait_ends_is_never_told(now: datetime) -> None:
    gone = [member(now, resolved_at=now + timedelta(seconds=10))]
    assert group_reason(gone, None, now + MINUTE, TIMING) is Reason.NONE
    assert group_reason([], None, now, TIMING) is Reason.NONE


def test_a_new_member_waits_for_the_interval(now: datetime) -> None:
    two = [member(now), member(now + MINUTE, "b")]
    assert group_reason(two, told(now, "a"), now + 4 * MINUTE, TIMING) is Reason.NONE
    assert group_reason(two, told(now, "a"), now + 5 * MINUTE, TIMING) is Reason.GROWN


def test_graver_leaves_at_once(now: datetime) -> None:
    worse = [member(now, level=Level.ORANGE)]
    assert group_reason(worse, told(now, "a"), now + MINUTE, TIMING) is Reason.WORSE


def test_an_unchanged_group_repeats_when_the_interval_is_full(now: datetime) -> None:
    one, last = [member(now)], told(now, "a")
    assert group_reason(one, last, now + 239 * MINUTE, TIMING) is Reason.NONE
    assert group_reason(one, last, now + 240 * MINUTE, TIMING) is Reason.REPEAT


def test_the_end_is_told_once_and_only_if_the_start_was(now: datetime) -> None:
    over = [member(now, resolved_at=now + MINUTE)]
    later = now + 10 * MINUTE
    assert group_reason(over, told(now, "a"), later, TIMING) is Reason.RESOLVED
    known = Told(at=now, firing=frozenset("a"), resolved=frozenset("a"), level=Level.YELLOW)
    assert group_reason(over, known, later, TIMING) is Reason.NONE
    assert group_reason(over, told(now, "z"), later, TIMING) is Reason.NONE


def test_twenty_three_matters_at_once_are_one_message(now: datetime) -> None:
    many = [member(now, f"m{n}") for n in range(23)]
    assert group_reason(many, None, now + MINUTE, TIMING) is Reason.FIRST
    everybody = Told(at=now + MINUTE, firing=frozenset(m.id for m in many), level=Level.YELLOW)
    assert group_reason(many, everybody, now + 20 * MINUTE, TIMING) is Reason.NONE
