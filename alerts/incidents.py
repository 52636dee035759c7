"""Cases: which alerts belong to one, and which steps a person may take next (domain §4.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.clocks import shanghai
from models.records import SHANGHAI, Alert, Incident, IncidentState, Level

S = IncidentState
STATE_ZH = {
    S.MONITORED: "监测",
    S.REGISTERED: "登记",
    S.ASSESSED: "研判",
    S.REPORTED_UP: "报送",
    S.ASSIGNED: "交办",
    S.VERIFIED: "核查",
    S.DRAFTED: "拟稿",
    S.IN_REVIEW: "审核",
    S.RESPONDED: "回应",
    S.TRACKING: "跟踪",
    S.EVALUATED: "评估",
    S.ARCHIVED: "归档",
    S.RETURNED: "退回",
    S.REFERRED: "移送",
    S.NO_RESPONSE_NEEDED: "不予回应",
    S.FALSE_ALARM: "误报",
}
"""Officers' words for the states."""

NEXT: dict[IncidentState, tuple[IncidentState, ...]] = {
    S.MONITORED: (S.REGISTERED, S.FALSE_ALARM),
    S.REGISTERED: (S.ASSESSED, S.FALSE_ALARM),
    S.ASSESSED: (S.REPORTED_UP, S.ASSIGNED, S.NO_RESPONSE_NEEDED, S.REFERRED, S.FALSE_ALARM),
    S.REPORTED_UP: (S.ASSIGNED, S.NO_RESPONSE_NEEDED, S.REFERRED),
    S.ASSIGNED: (S.VERIFIED, S.RETURNED, S.REPORTED_UP),
    S.RETURNED: (S.ASSIGNED, S.REFERRED, S.NO_RESPONSE_NEEDED),
    S.VERIFIED: (S.DRAFTED, S.REFERRED, S.NO_RESPONSE_NEEDED, S.FALSE_ALARM),
    S.REFERRED: (S.DRAFTED, S.TRACKING),
    S.DRAFTED: (S.IN_REVIEW,),
    S.IN_REVIEW: (S.DRAFTED, S.RESPONDED),
    S.RESPONDED: (S.TRACKING, S.DRAFTED),
    S.TRACKING: (S.EVALUATED, S.DRAFTED, S.REGISTERED),
    S.EVALUATED: (S.ARCHIVED,),
    S.NO_RESPONSE_NEEDED: (S.ARCHIVED, S.REGISTERED),
    S.FALSE_ALARM: (S.ARCHIVED, S.REGISTERED),
    S.ARCHIVED: (),
}
"""The legal steps: the main line, its loops, and the side states."""

DUTY = ("monitor", "duty_officer", "analyst", "openness_office", "cyberspace_office", "publicity")
LEADERS = ("section_head", "deputy_leader", "principal_leader")
UNITS = ("liaison", *DUTY, *LEADERS)
WHO_MAY: dict[IncidentState, tuple[str, ...]] = {
    S.REGISTERED: (*DUTY, *LEADERS),
    S.ASSESSED: ("analyst", "duty_officer", "openness_office", "publicity", *LEADERS),
    S.REPORTED_UP: (*DUTY, *LEADERS),
    S.ASSIGNED: ("duty_officer", "openness_office", "publicity", *LEADERS),
    S.VERIFIED: UNITS,
    S.DRAFTED: (*UNITS, "press_officer", "spokesperson"),
    S.IN_REVIEW: (*UNITS, "press_officer", "spokesperson"),
    S.RESPONDED: ("press_officer", "spokesperson", "publicity", "openness_office", *LEADERS),
    S.TRACKING: UNITS,
    S.EVALUATED: ("analyst", "openness_office", *LEADERS),
    S.ARCHIVED: ("analyst", "duty_officer", "openness_office", *LEADERS),
    S.RETURNED: UNITS,
    S.REFERRED: ("cyberspace_office", "publicity", "openness_office", *LEADERS),
    S.NO_RESPONSE_NEEDED: LEADERS,
    S.FALSE_ALARM: ("analyst", "duty_officer", "openness_office", *LEADERS),
}
"""Which roles (domain §4.2) may bring a case into a state."""

NEEDS_NOTE = frozenset({S.RETURNED, S.REFERRED, S.NO_RESPONSE_NEEDED, S.FALSE_ALARM})
"""States that need a written reason."""

CLOSED = frozenset({S.ARCHIVED, S.FALSE_ALARM, S.NO_RESPONSE_NEEDED})
"""States in which no clock runs and a new alert opens a new case."""


class IllegalTransitionError(ValueError):
    """A step the procedure does not have; the message names the legal ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDecision:
    """What an alert means for the cases: the case as it now stands, and what changed."""

    incident: Incident
    opened: bool
    level_rose: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One step of a case as a line of its history."""

    action: str
    from_value: str
    to_value: str
    who: str
    note: str


def matter_of(alert: Alert) -> str:
    """Return what alerts of one case share: the story, or the rule and group without one."""
    return alert.story_id or f"rule:{alert.rule}/{alert.group}"


def incident_number(year: int, count: int, *, exercise: bool = False) -> str:
    """Return the internal number people quote, as in `舆情〔2026〕第0017号`."""
    return f"{'演练' if exercise else '舆情'}〔{year}〕第{count:04d}号"


def open_or_join(
    alert: Alert, open_incidents: Sequence[Incident], now: datetime, number: str
) -> IncidentDecision:
    """Return the case an alert belongs to: an open one of its story, or a new one.

    The suggested level only ever rises here; lowering it is a person's decision. An exercise never
    joins a real case, nor a real alert an exercise.
    """
    matter = matter_of(alert)
    for incident in open_incidents:
        if incident.story_id == matter and _open_for(alert, incident):
            return _join(alert, incident, now)
    incident = Incident(
        id=hashlib.sha256(f"{matter}\x1f{alert.id}".encode()).hexdigest()[:16],
        number=number,
        title=alert.title,
        state=IncidentState.MONITORED,
        level_suggested=alert.level,
        detected_at=alert.raised_at,
        updated_at=now,
        story_id=matter,
        topic=alert.topic,
        exercise=alert.exercise,
    )
    note = f"预警 {alert.id} 立案：{alert.level.zh}"
    return IncidentDecision(incident=incident, opened=True, level_rose=False, note=note)


def _open_for(alert: Alert, incident: Incident) -> bool:
    return (
        incident.exercise == alert.exercise
        and incident.state not in CLOSED
        and incident.closed_at is None
    )


def _join(alert: Alert, incident: Incident, now: datetime) -> IncidentDecision:
    level = max(alert.level, incident.level_suggested)
    rose = level > incident.level_suggested
    note = f"预警 {alert.id} 并入"
    if rose:
        note += f"，建议等级由{incident.level_suggested.zh}升为{level.zh}"
    joined = replace(
        incident, level_suggested=level, updated_at=now, topic=incident.topic or alert.topic
    )
    return IncidentDecision(incident=joined, opened=False, level_rose=rose, note=note)


def legal_steps(incident: Incident) -> tuple[IncidentState, ...]:
    """Return the states a case may go to next."""
    return NEXT[incident.state]


def transition(
    incident: Incident, to: IncidentState, who: str, role: str, note: str, now: datetime
) -> Incident:
    """Return the case in its next state, or raise IllegalTransitionError.

    Entering 交办 stamps `assigned_at` once; a closing state stamps `closed_at`, and leaving one
    (a false alarm that was none) clears it.
    """
    _check_step(incident, to)
    _check_person(to, who, role, note)
    closed = (incident.closed_at or now) if to in CLOSED else None
    assigned = incident.assigned_at
    if to is IncidentState.ASSIGNED and assigned is None:
        assigned = now
    return replace(incident, state=to, updated_at=now, assigned_at=assigned, closed_at=closed)


def _check_step(incident: Incident, to: IncidentState) -> None:
    legal = NEXT[incident.state]
    if to not in legal:
        names = "、".join(STATE_ZH[state] for state in legal) or "无（已归档）"
        raise IllegalTransitionError(
            f"{incident.number} 现为“{STATE_ZH[incident.state]}”，不能转为“{STATE_ZH[to]}”；"
            f"可转为：{names}"
        )


def _check_person(to: IncidentState, who: str, role: str, note: str) -> None:
    if not who.strip():
        raise IllegalTransitionError("每一步都须写明经办人")
    if role not in WHO_MAY[to]:
        raise IllegalTransitionError(
            f"角色 {role} 不能转为“{STATE_ZH[to]}”；可由：{'、'.join(WHO_MAY[to])}"
        )
    if to in NEEDS_NOTE and not note.strip():
        raise IllegalTransitionError(f"转为“{STATE_ZH[to]}”须写明理由")


def assign(incident: Incident, unit: str, co_units: Sequence[str], now: datetime) -> Incident:
    """Return the case with its first-responsible unit and the co-working ones."""
    if not unit.strip():
        raise IllegalTransitionError("交办须写明责任单位")
    return replace(
        incident,
        responsible_unit=unit,
        co_units=tuple(co_units),
        assigned_at=incident.assigned_at or now,
        updated_at=now,
    )


def confirm_level(
    incident: Incident, level: Level, who: str, reason: str, now: datetime
) -> Incident:
    """Return the case with the level a person decided; a change needs a reason."""
    if not who.strip():
        raise IllegalTransitionError("定级须写明定级人")
    if level != incident.level_suggested and not reason.strip():
        raise IllegalTransitionError(
            f"所定{level.zh}与建议{incident.level_suggested.zh}不同，须写明理由"
        )
    return replace(incident, level_confirmed=level, updated_at=now)


def set_emergency_grade(
    incident: Incident, grade: Level | None, who: str, reason: str, now: datetime
) -> Incident:
    """Return the case with the grade of the event itself, which starts the 5 h and 24 h clocks."""
    if not who.strip() or not reason.strip():
        raise IllegalTransitionError("突发事件定级须写明定级人和依据")
    return replace(incident, emergency_grade=grade, updated_at=now)


def set_occurred(
    incident: Incident, occurred: datetime, who: str, reason: str, now: datetime
) -> Incident:
    """Return the case with the time the event happened, the T0 of the national clocks."""
    if not who.strip() or not reason.strip():
        raise IllegalTransitionError("事发时间须写明填报人和依据")
    if occurred > now:
        raise IllegalTransitionError("事发时间不能晚于现在")
    return replace(incident, occurred_at=occurred, updated_at=now)


def needs_joint_meeting(incident: Incident) -> bool:
    """Say whether the joint meeting consults: orange and red (domain §4.2)."""
    return max(incident.level, incident.emergency_grade or Level.BLUE) >= Level.ORANGE


def change(before: Incident, after: Incident, who: str, note: str) -> Changed:
    """Return the history line of a step: a move, a level, grade or time, or an assignment."""
    if before.state != after.state:
        return Changed(
            action="state", from_value=before.state, to_value=after.state, who=who, note=note
        )
    if before.level_confirmed != after.level_confirmed:
        # Confirming the suggestion is a decision too: it has a person, a time and a reason.
        return Changed(
            action="regraded",
            from_value=before.level.colour,
            to_value=after.level.colour,
            who=who,
            note=note,
        )
    if before.emergency_grade != after.emergency_grade:
        return Changed(
            action="emergency_grade",
            from_value=before.emergency_grade.colour if before.emergency_grade else "",
            to_value=after.emergency_grade.colour if after.emergency_grade else "",
            who=who,
            note=note,
        )
    if before.occurred_at != after.occurred_at:
        return Changed(
            action="occurred",
            from_value=shanghai(before.occurred_at) if before.occurred_at else "",
            to_value=shanghai(after.occurred_at) if after.occurred_at else "",
            who=who,
            note=note,
        )
    return Changed(
        action="assigned",
        from_value=before.responsible_unit,
        to_value=after.responsible_unit,
        who=who,
        note=note,
    )


def detected_zh(incident: Incident) -> str:
    """Return when the case was found, Asia/Shanghai, to the second."""
    return f"{incident.detected_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
