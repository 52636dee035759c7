from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.clocks import (
    ClockRefusedError,
    clocks_for,
    extend,
    extend_working_days,
    followups_due,
    meet,
    next_due,
    overdue,
    remaining,
    reminders,
    request_clock,
    shanghai,
)
from alerts.constants import load_constants
from models.records import SHANGHAI, Clock, Incident, IncidentState, Level

CONSTANTS = load_constants()
DETECTED = datetime(2026, 10, 1, 22, 10, tzinfo=SHANGHAI).astimezone(UTC)


def incident(
    *, grade: Level | None = None, level: Level = Level.YELLOW, occurred: datetime | None = None
) -> Incident:
    return Incident(
        id="i1",
        number="舆情〔2026〕第0001号",
        title="某路段停水",
        state=IncidentState.MONITORED,
        level_suggested=level,
        detected_at=DETECTED,
        updated_at=DETECTED,
        emergency_grade=grade,
        occurred_at=occurred,
    )


def by_id(clocks: tuple[Clock, ...]) -> dict[str, Clock]:
    return {clock.clock_id: clock for clock in clocks}


def test_a_major_emergency_in_the_holiday_runs_5_and_24_wall_hours() -> None:
    clocks = by_id(clocks_for(incident(grade=Level.ORANGE), CONSTANTS, DETECTED))
    assert shanghai(clocks["first_authoritative_info"].due) == "2026-10-02 03:10"
    assert shanghai(clocks["press_conference"].due) == "2026-10-02 22:10"
    assert shanghai(clocks["escalate_phone"].due) == "2026-10-01 22:25"
    assert shanghai(clocks["escalate_written_major"].due) == "2026-10-01 22:45"
    assert clocks["first_authoritative_info"].source == "国办发〔2016〕80号"


def test_ordinary_opinion_has_a_24_hour_target_and_a_48_hour_limit_only() -> None:
    clocks = by_id(clocks_for(incident(), CONSTANTS, DETECTED))
    assert {key: clock.due - DETECTED for key, clock in clocks.items()} == {
        "respond_hot_henan_target": timedelta(hours=24),
        "respond_other_limit": timedelta(hours=48),
    }


def test_the_opinion_level_alone_never_starts_the_emergency_clocks() -> None:
    clocks = by_id(clocks_for(incident(level=Level.RED), CONSTANTS, DETECTED))
    assert "first_authoritative_info" not in clocks


@pytest.mark.parametrize(
    ("grade", "clock_id", "minutes"),
    [
        (Level.YELLOW, "escalate_written_larger", 60),
        (Level.BLUE, "escalate_written_general", 360),
    ],
)
def test_smaller_emergencies_are_reported_in_writing(
    grade: Level, clock_id: str, minutes: int
) -> None:
    clocks = by_id(clocks_for(incident(grade=grade), CONSTANTS, DETECTED))
    assert clocks[clock_id].due - DETECTED == timedelta(minutes=minutes)


def test_a_known_time_of_the_event_is_the_t0_and_is_named() -> None:
    occurred = DETECTED - timedelta(hours=1)
    clocks = by_id(clocks_for(incident(grade=Level.RED, occurred=occurred), CONSTANTS, DETECTED))
    assert clocks["first_authoritative_info"].t0_name == "occurred"
    assert clocks["first_authoritative_info"].due == occurred + timedelta(hours=5)
    assert clocks["escalate_phone"].t0_name == "detected"


def test_an_upgrade_counts_from_the_same_t0() -> None:
    stored = clocks_for(incident(), CONSTANTS, DETECTED)
    later = DETECTED + timedelta(hours=3)
    clocks = by_id(clocks_for(incident(grade=Level.RED), CONSTANTS, later, stored))
    assert clocks["first_authoritative_info"].t0 == DETECTED
    assert clocks["respond_other_limit"].due == DETECTED + timedelta(hours=48)


def test_a_downgrade_keeps_a_passed_limit_and_drops_one_still_ahead() -> None:
    stored = clocks_for(incident(grade=Level.RED), CONSTANTS, DETECTED)
    later = DETECTED + timedelta(hours=6)
    clocks = by_id(clocks_for(incident(grade=Level.YELLOW), CONSTANTS, later, stored))
    assert clocks["first_authoritative_info"].due == DETECTED + timedelta(hours=5)
    assert overdue(clocks["first_authoritative_info"], later)
    assert "press_conference" not in clocks


def test_a_later_time_of_the_event_never_moves_a_passed_limit() -> None:
    stored = clocks_for(incident(grade=Level.RED), CONSTANTS, DETECTED)
    later = DETECTED + timedelta(hours=6)
    corrected = incident(grade=Level.RED, occurred=DETECTED + timedelta(hours=2))
    clocks = by_id(clocks_for(corrected, CONSTANTS, later, stored))
    assert clocks["first_authoritative_info"].due == DETECTED + timedelta(hours=5)
    assert clocks["press_conference"].due == DETECTED + timedelta(hours=26)


def test_met_and_extended_clocks_stay_so() -> None:
    first, *rest = clocks_for(incident(), CONSTANTS, DETECTED)
    met = meet(first, DETECTED + timedelta(hours=2))
    extended = extend(rest[0], rest[0].due + timedelta(hours=12), "需现场检测", DETECTED)
    later = clocks_for(incident(), CONSTANTS, DETECTED + timedelta(hours=3), (met, extended))
    assert by_id(later) == by_id((met, extended))
    assert meet(met, DETECTED + timedelta(hours=9)) == met


def test_an_extension_needs_a_reason_once_before_expiry_and_a_later_time() -> None:
    clock = clocks_for(incident(), CONSTANTS, DETECTED)[0]
    later = clock.due + timedelta(hours=1)
    with pytest.raises(ClockRefusedError, match="理由"):
        extend(clock, later, " ", DETECTED)
    with pytest.raises(ClockRefusedError, match="到期"):
        extend(clock, later, "需现场检测", clock.due)
    with pytest.raises(ClockRefusedError, match="晚于"):
        extend(clock, clock.due, "需现场检测", DETECTED)
    with pytest.raises(ClockRefusedError, match="再次"):
        extend(extend(clock, later, "一", DETECTED), later + timedelta(1), "二", DETECTED)
    with pytest.raises(ClockRefusedError, match="已完成"):
        extend(meet(clock, DETECTED), later, "一", DETECTED)


def test_reminders_at_50_80_and_100_percent_not_before() -> None:
    clock = by_id(clocks_for(incident(), CONSTANTS, DETECTED))["respond_hot_henan_target"]
    at_half = DETECTED + timedelta(hours=12)
    assert reminders(clock, at_half - timedelta(seconds=1)) == ()
    assert [r.percent for r in reminders(clock, at_half)] == [50]
    assert [r.percent for r in reminders(clock, DETECTED + timedelta(hours=19.2))] == [50, 80]
    last = reminders(clock, clock.due)[-1]
    assert (last.percent, last.overdue) == (100, True)
    assert reminders(meet(clock, at_half), clock.due) == ()


def test_a_duty_met_late_counts_as_overdue_and_in_time_does_not() -> None:
    clock = clocks_for(incident(), CONSTANTS, DETECTED)[0]
    assert overdue(meet(clock, clock.due + timedelta(seconds=1)), clock.due + timedelta(days=9))
    assert not overdue(meet(clock, clock.due), clock.due + timedelta(days=9))


def test_follow_up_reports_are_due_at_8_and_17_from_yellow_up() -> None:
    now = DETECTED + timedelta(hours=12)  # 10:10 on the 2nd
    due = [shanghai(clock.due) for clock in followups_due(incident(), CONSTANTS, now)]
    assert due == ["2026-10-02 08:00", "2026-10-02 17:00"]
    assert followups_due(incident(level=Level.BLUE), CONSTANTS, now) == ()


def test_follow_up_reports_continue_after_the_last_stored_and_end_with_the_incident() -> None:
    now = DETECTED + timedelta(hours=12)
    stored = followups_due(incident(), CONSTANTS, now)
    assert followups_due(incident(), CONSTANTS, now, stored[-1].due) == ()
    closed = replace(incident(), closed_at=DETECTED + timedelta(hours=1))
    assert followups_due(closed, CONSTANTS, now) == ()


def test_an_information_request_follows_the_calendar_and_extends_once() -> None:
    clock = request_clock("r1", datetime(2026, 9, 21, 9, 0, tzinfo=SHANGHAI), CONSTANTS)
    assert shanghai(clock.due) == "2026-10-26 18:00"
    longer = extend_working_days(clock, CONSTANTS, "需征求第三方意见", clock.t0)
    assert shanghai(longer.due) == "2026-11-23 18:00"
    late = request_clock("r2", datetime(2026, 12, 7, 9, 0, tzinfo=SHANGHAI), CONSTANTS)
    assert late.flag == "calendar_incomplete"


def test_the_next_deadline_is_the_earliest_unmet_one() -> None:
    clocks = clocks_for(incident(grade=Level.RED), CONSTANTS, DETECTED)
    first = next_due(clocks)
    assert first is not None
    assert first.clock_id == "escalate_phone"
    assert next_due(tuple(meet(clock, DETECTED) for clock in clocks)) is None


def test_time_left_reads_in_chinese() -> None:
    assert remaining(DETECTED + timedelta(hours=3, minutes=5), DETECTED) == "还剩 3小时5分"
    assert remaining(DETECTED, DETECTED + timedelta(hours=2)) == "已超 2小时"
    assert remaining(DETECTED + timedelta(seconds=20), DETECTED) == "还剩 0分"
