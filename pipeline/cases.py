"""What the states of a case mean for its clocks."""

from __future__ import annotations

from datetime import datetime

from alerts import clocks as clock_rules
from models.records import Clock, Incident, IncidentState

ANSWERED = frozenset(
    {
        IncidentState.RESPONDED,
        IncidentState.TRACKING,
        IncidentState.EVALUATED,
        IncidentState.ARCHIVED,
        IncidentState.NO_RESPONSE_NEEDED,
        IncidentState.FALSE_ALARM,
    }
)
"""States in which the public has its answer, or needs none."""

REPORTED = frozenset({IncidentState.REPORTED_UP, IncidentState.ASSIGNED}) | ANSWERED
"""States in which the superior knows."""


def met_by_state(clock: Clock, case: Incident, now: datetime) -> Clock:
    """Stop the clock that a state answers: a report upward, or a published response.

    A press conference is never taken for held: a person marks that clock.
    """
    if clock.clock_id == "press_conference":
        return clock
    answers = REPORTED if clock.clock_id.startswith("escalate_") else ANSWERED
    return clock_rules.meet(clock, now) if case.state in answers else clock
