from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.incidents import (
    CLOSED,
    NEXT,
    STATE_ZH,
    WHO_MAY,
    IllegalTransitionError,
    assign,
    change,
    confirm_level,
    incident_number,
    legal_steps,
    needs_joint_meeting,
    open_or_join,
    set_emergency_grade,
    transition,
)
from models.records import Alert, Incident, IncidentState, Level

S = IncidentState
Alerts = Callable[..., Alert]
Incidents = Callable[..., Incident]
HOUR = timedelta(hours=1)


def test_the_first_alert_opens_a_case(alert: Alerts, now: datetime) -> None:
    decision = open_or_join(alert(), (), now, "舆情〔2026〕第0001号")
    assert decision.opened
    assert decision.incident.state is S.MONITORED
    assert decision.incident.detected_at == alert().raised_at
    assert decision.incident.level is Level.YELLOW


def test_alerts_of_one_story_join_one_case(alert: Alerts, now: datetime) -> None:
    first = open_or_join(alert(), (), now, "n").incident
    other = alert(id="a2", rule="another", group="甲镇")
    decision = open_or_join(other, [first], now + HOUR, "n2")
    assert not decision.opened
    assert decision.incident.id == first.id
    assert open_or_join(alert(story_id="s2"), [first], now, "n2").opened


def test_without_a_story_the_rule_and_group_name_the_matter(alert: Alerts, now: datetime) -> None:
    first = open_or_join(alert(story_id=""), (), now, "n").incident
    assert not open_or_join(alert(id="a2", story_id=""), [first], now, "n").opened
    assert open_or_join(alert(id="a2", story_id="", group="乙镇"), [first], now, "n").opened


def test_the_suggested_level_rises_by_itself_and_never_falls(alert: Alerts, now: datetime) -> None:
    first = open_or_join(alert(), (), now, "n").incident
    worse = open_or_join(alert(id="a2", level=Level.RED), [first], now, "n")
    assert worse.level_rose
    assert worse.incident.level is Level.RED
    milder = open_or_join(alert(id="a3", level=Level.BLUE), [worse.incident], now, "n")
    assert (milder.level_rose, milder.incident.level) == (False, Level.RED)


def test_a_confirmed_level_stays_until_a_person_changes_it(
    alert: Alerts, incident: Incidents, now: datetime
) -> None:
    confirmed = confirm_level(incident(), Level.BLUE, "值班员", "仅一条旧帖", now)
    joined = open_or_join(alert(level=Level.ORANGE), [confirmed], now, "n").incident
    assert (joined.level, joined.level_suggested) == (Level.BLUE, Level.ORANGE)


def test_a_closed_case_is_not_joined(alert: Alerts, incident: Incidents, now: datetime) -> None:
    closed = incident(state=S.ARCHIVED, closed_at=now)
    assert open_or_join(alert(), [closed], now, "n").opened


def test_an_exercise_and_a_real_case_never_mix(
    alert: Alerts, incident: Incidents, now: datetime
) -> None:
    assert open_or_join(alert(exercise=True), [incident()], now, "n").opened
    assert open_or_join(alert(), [incident(exercise=True)], now, "n").opened


def test_the_same_alert_opens_the_same_case(alert: Alerts, now: datetime) -> None:
    one = open_or_join(alert(), (), now, "n").incident
    assert open_or_join(alert(), (), now + HOUR, "n").incident.id == one.id


def test_numbers_count_within_the_year_and_mark_exercises() -> None:
    assert incident_number(2026, 17) == "舆情〔2026〕第0017号"
    assert incident_number(2026, 3, exercise=True) == "演练〔2026〕第0003号"


def test_the_whole_line_from_watching_to_the_archive(incident: Incidents, now: datetime) -> None:
    line = [
        S.REGISTERED,
        S.ASSESSED,
        S.REPORTED_UP,
        S.ASSIGNED,
        S.VERIFIED,
        S.DRAFTED,
        S.IN_REVIEW,
        S.RESPONDED,
        S.TRACKING,
        S.EVALUATED,
        S.ARCHIVED,
    ]
    case = incident()
    for hours, state in enumerate(line):
        case = transition(case, state, "张主任", "section_head", "", now + hours * HOUR)
    assert case.state is S.ARCHIVED
    assert case.assigned_at == now + 3 * HOUR
    assert case.closed_at == now + 10 * HOUR
    assert legal_steps(case) == ()


def test_an_illegal_step_names_the_legal_ones(incident: Incidents, now: datetime) -> None:
    with pytest.raises(
        IllegalTransitionError, match="现为“监测”，不能转为“回应”；可转为：登记、误报"
    ):
        transition(incident(), S.RESPONDED, "值班员", "section_head", "", now)


def test_every_pair_of_states_is_either_legal_or_refused(
    incident: Incidents, now: datetime
) -> None:
    for state in S:
        for to in S:
            case = incident(state=state)
            if to in NEXT[state]:
                assert transition(case, to, "某", WHO_MAY[to][-1], "理由", now).state is to
            else:
                with pytest.raises(IllegalTransitionError):
                    transition(case, to, "某", "principal_leader", "理由", now)


@pytest.mark.parametrize(
    ("state", "to"),
    [
        (S.ASSIGNED, S.RETURNED),
        (S.ASSESSED, S.REFERRED),
        (S.ASSESSED, S.NO_RESPONSE_NEEDED),
        (S.MONITORED, S.FALSE_ALARM),
    ],
    ids=["returned", "referred", "no response", "false alarm"],
)
def test_side_steps_need_a_reason(
    incident: Incidents, now: datetime, state: IncidentState, to: IncidentState
) -> None:
    with pytest.raises(IllegalTransitionError, match="理由"):
        transition(incident(state=state), to, "某", "section_head", " ", now)


def test_a_role_that_may_not_is_told_who_may(incident: Incidents, now: datetime) -> None:
    case = incident(state=S.ASSESSED)
    with pytest.raises(IllegalTransitionError, match="principal_leader"):
        transition(case, S.NO_RESPONSE_NEEDED, "监测员", "monitor", "不实", now)
    with pytest.raises(IllegalTransitionError, match="经办人"):
        transition(case, S.ASSIGNED, " ", "section_head", "", now)


def test_a_false_alarm_closes_and_can_be_taken_up_again(incident: Incidents, now: datetime) -> None:
    closed = transition(incident(), S.FALSE_ALARM, "某", "analyst", "旧闻", now)
    assert closed.closed_at == now
    archived = transition(closed, S.ARCHIVED, "某", "analyst", "", now + HOUR)
    assert archived.closed_at == now
    reopened = transition(closed, S.REGISTERED, "某", "analyst", "", now + HOUR)
    assert reopened.closed_at is None


def test_a_level_other_than_the_suggested_needs_a_reason(
    incident: Incidents, now: datetime
) -> None:
    assert confirm_level(incident(), Level.YELLOW, "某", "", now).level_confirmed is Level.YELLOW
    with pytest.raises(IllegalTransitionError, match="理由"):
        confirm_level(incident(), Level.RED, "某", "", now)
    with pytest.raises(IllegalTransitionError, match="定级人"):
        confirm_level(incident(), Level.YELLOW, "", "", now)


def test_the_grade_of_the_event_is_apart_and_needs_its_basis(
    incident: Incidents, now: datetime
) -> None:
    graded = set_emergency_grade(incident(), Level.RED, "某", "3人死亡", now)
    assert (graded.emergency_grade, graded.level) == (Level.RED, Level.YELLOW)
    assert needs_joint_meeting(graded)
    assert not needs_joint_meeting(incident())
    with pytest.raises(IllegalTransitionError):
        set_emergency_grade(incident(), Level.RED, "某", "", now)


def test_an_assignment_names_its_unit_and_keeps_its_first_time(
    incident: Incidents, now: datetime
) -> None:
    first = assign(incident(), "城管局", ["水务局"], now)
    second = assign(first, "水务局", [], now + HOUR)
    assert (second.responsible_unit, second.co_units, second.assigned_at) == ("水务局", (), now)
    with pytest.raises(IllegalTransitionError, match="责任单位"):
        assign(incident(), " ", [], now)


def test_the_history_line_says_what_changed(incident: Incidents, now: datetime) -> None:
    case = incident()
    moved = transition(case, S.REGISTERED, "某", "monitor", "", now)
    assert change(case, moved, "某", "").to_value == "registered"
    regraded = confirm_level(case, Level.RED, "某", "多家媒体", now)
    assert change(case, regraded, "某", "多家媒体").action == "regraded"
    agreed = confirm_level(case, case.level_suggested, "某", "", now)
    assert change(case, agreed, "某", "").action == "regraded"
    graded = set_emergency_grade(case, Level.ORANGE, "某", "三十人就医", now)
    assert change(case, graded, "某", "三十人就医").action == "emergency_grade"
    assert change(case, assign(case, "城管局", [], now), "某", "").to_value == "城管局"


def test_tables_cover_every_state() -> None:
    assert set(NEXT) == set(STATE_ZH) == set(S)
    assert set(WHO_MAY) == set(S) - {S.MONITORED}
    assert set(S) >= CLOSED


def test_no_step_keeps_who_posted_it(incident: Incidents) -> None:
    names = {*replace(incident()).__dataclass_fields__, *Alert.__dataclass_fields__}
    assert not {name for name in names if "author" in name or "poster" in name}
