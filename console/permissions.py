"""Who may do what: the one table of roles and actions (domain §4.2)."""

from __future__ import annotations

from enum import StrEnum

from alerts.incidents import WHO_MAY, legal_steps
from models.records import Incident, IncidentState


class Action(StrEnum):
    """What the console lets people do."""

    VIEW = "view"
    READ_TEXT = "read_text"
    ACKNOWLEDGE = "acknowledge"
    CONFIRM_LEVEL = "confirm_level"
    GRADE_EMERGENCY = "grade_emergency"
    MOVE = "move"
    ASSIGN = "assign"
    CORRECT = "correct"
    FILL_FORM = "fill_form"
    SIGN = "sign"
    EXTEND = "extend"
    SILENCE = "silence"


ROLE_ZH = {
    "duty_officer": "值班员",
    "monitor": "舆情监测员",
    "analyst": "研判员",
    "liaison": "舆情联络员",
    "press_officer": "新闻工作人员",
    "spokesperson": "新闻发言人",
    "section_head": "科室负责人",
    "deputy_leader": "分管领导",
    "principal_leader": "主要领导",
    "openness_office": "政务公开办",
    "cyberspace_office": "网信办",
    "publicity": "宣传部",
    "reader": "只读",
}
"""The roles, with officers' words."""

READS = frozenset({Action.VIEW, Action.READ_TEXT})
WORKS = frozenset({Action.VIEW, Action.ACKNOWLEDGE, Action.MOVE, Action.FILL_FORM})
WATCHES = READS | WORKS | {Action.CORRECT}
DECIDES = WATCHES | {
    Action.CONFIRM_LEVEL,
    Action.GRADE_EMERGENCY,
    Action.ASSIGN,
    Action.EXTEND,
    Action.SILENCE,
}
LEADS = DECIDES | {Action.SIGN}

ROLE_ACTIONS: dict[str, frozenset[Action]] = {
    "duty_officer": DECIDES,
    "monitor": WATCHES,
    "analyst": WATCHES | {Action.CONFIRM_LEVEL, Action.GRADE_EMERGENCY},
    # A complaint is not passed to those it complains of: liaisons read the gist, not the text.
    "liaison": WORKS,
    "press_officer": READS | WORKS,
    "spokesperson": READS | WORKS,
    "section_head": LEADS,
    "deputy_leader": LEADS,
    "principal_leader": LEADS,
    "openness_office": LEADS,
    "cyberspace_office": WATCHES,
    "publicity": LEADS,
    "reader": READS,
}
"""What each role may do; which states it may bring a case into is `alerts.incidents.WHO_MAY`."""


CHECKERS = ("openness_office", "publicity", "section_head")
SIGNERS = {"secrecy_check": CHECKERS, "personal_information_check": CHECKERS}
"""Which roles sign a check of a response; each step in order is signed by the role of its name."""


def may_sign(role: str, step: str) -> bool:
    """Say whether a role may sign a step or check; submitting signs the first (经办人)."""
    return may(role, Action.SIGN) and role in SIGNERS.get(step, (step,))


def may(role: str, action: Action) -> bool:
    """Say whether a role may do something; an unknown role may do nothing."""
    return action in ROLE_ACTIONS.get(role, frozenset())


def steps_for(role: str, incident: Incident) -> tuple[IncidentState, ...]:
    """Return the legal next states that this role may choose."""
    if not may(role, Action.MOVE):
        return ()
    return tuple(state for state in legal_steps(incident) if role in WHO_MAY[state])
