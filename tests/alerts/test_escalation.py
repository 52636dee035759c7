from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.constants import load_constants
from alerts.escalation import CaseState, EscalationPolicy, StepDue, steps_due, unanswered
from models.records import Level

WINDOWS = load_constants().acknowledge
POLICY = EscalationPolicy.model_validate(
    {"steps": [{"who": ["oncall:duty"]}, {"who": ["科长"]}, {"who": ["分管领导"]}]}
)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def resolve(name: str, now: datetime) -> Sequence[str]:
    assert now.tzinfo is not None
    return ("值班员",) if name == "oncall:duty" else () if name == "空缺" else (name,)


def case(now: datetime, **changes: object) -> CaseState:
    made = CaseState(level=Level.RED, level_since=now, opened_at=now)
    return replace(made, **changes)  # type: ignore[arg-type]


def due(state: CaseState, now: datetime, policy: EscalationPolicy = POLICY) -> tuple[StepDue, ...]:
    return steps_due(state, policy, WINDOWS, resolve, now)


def people(state: CaseState, now: datetime, policy: EscalationPolicy = POLICY) -> list[str]:
    return [person for step in due(state, now, policy) for person in step.people]


def test_the_first_step_is_at_the_opening(now: datetime) -> None:
    assert people(case(now), now) == ["值班员"]


@pytest.mark.parametrize(
    ("level", "minutes"), [(Level.RED, 5), (Level.ORANGE, 10), (Level.YELLOW, 30)]
)
def test_the_next_comes_when_the_levels_window_is_full(
    now: datetime, level: Level, minutes: int
) -> None:
    state = case(now, level=level)
    assert people(state, now + minutes * MINUTE - SECOND) == ["值班员"]
    assert people(state, now + minutes * MINUTE) == ["值班员", "科长"]
    assert people(state, now + 2 * minutes * MINUTE) == ["值班员", "科长", "分管领导"]


def test_blue_never_escalates(now: datetime) -> None:
    assert due(case(now, level=Level.BLUE), now + timedelta(days=1)) == ()


def test_an_acknowledgement_stops_it(now: datetime) -> None:
    state = case(now, acknowledged_at=now + MINUTE)
    assert due(state, now + 60 * MINUTE) == ()


def test_a_forgotten_acknowledgement_re_opens_at_its_time(now: datetime) -> None:
    state = case(now, acknowledged_at=now)
    assert due(state, now + 120 * MINUTE - SECOND) == ()
    again = due(state, now + 120 * MINUTE)
    assert [step.people for step in again] == [("值班员",)]
    assert again[0].occasion != due(case(now), now)[0].occasion


def test_progress_puts_the_re_opening_off(now: datetime) -> None:
    state = case(now, acknowledged_at=now, progress_at=now + 60 * MINUTE)
    assert due(state, now + 179 * MINUTE) == ()
    assert len(due(state, now + 180 * MINUTE)) == 1


def test_an_empty_step_is_skipped_at_once(now: datetime) -> None:
    policy = EscalationPolicy.model_validate(
        {"steps": [{"who": ["空缺"]}, {"who": ["科长"]}, {"who": ["空缺"]}, {"who": ["分管领导"]}]}
    )
    assert people(case(now), now, policy) == ["科长"]
    assert people(case(now), now + 5 * MINUTE, policy) == ["科长", "分管领导"]


def test_steps_that_nobody_fills_end_quietly(now: datetime) -> None:
    policy = EscalationPolicy.model_validate({"steps": [{"who": ["空缺"]}], "loops": -1})
    assert due(case(now), now + timedelta(days=1), policy) == ()


def test_after_the_last_step_it_stops_or_starts_over(now: datetime) -> None:
    hour = now + 60 * MINUTE
    assert len(due(case(now), hour)) == 3
    assert unanswered(due(case(now), hour), POLICY)
    twice = POLICY.model_copy(update={"loops": 2})
    assert len(due(case(now), hour, twice)) == 6
    for_ever = POLICY.model_copy(update={"loops": -1})
    assert len(due(case(now), hour, for_ever)) == 13
    assert not unanswered(due(case(now), hour, for_ever), for_ever)


def test_a_step_asked_twice_is_the_same_occasion(now: datetime) -> None:
    first, later = due(case(now), now), due(case(now), now + 5 * MINUTE)
    assert first[0].occasion == later[0].occasion != later[1].occasion


def test_a_graver_level_counts_from_when_it_came(now: datetime) -> None:
    rose = now + 29 * MINUTE
    state = case(now, level=Level.RED, level_since=rose)
    assert people(state, rose) == ["值班员"]
    assert people(state, rose + 5 * MINUTE) == ["值班员", "科长"]


def test_a_silence_or_the_end_holds_it_back(now: datetime) -> None:
    assert due(case(now, suspended=True), now + 60 * MINUTE) == ()
    assert due(case(now, closed_at=now), now + 60 * MINUTE) == ()
