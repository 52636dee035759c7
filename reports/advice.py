"""What to do next about a case: plain rules over its facts, for people to take or leave."""

from __future__ import annotations

from datetime import datetime

from alerts.incidents import needs_joint_meeting
from models.records import Clock, Incident, IncidentState
from reports import words
from reports.english import translator
from reports.words import Language

PRESSING_SHARE = 0.8
"""Share of a clock's time after which its duty is pressing."""

EARLY = frozenset({IncidentState.MONITORED, IncidentState.REGISTERED, IncidentState.ASSESSED})
"""States in which nobody has been asked to consult or act yet."""


def advice(
    case: Incident, next_clock: Clock | None, now: datetime, language: Language, *, taken: bool
) -> tuple[str, ...]:
    """Return short suggestions, the most pressing first; none for a closed case.

    `next_clock` is the unmet clock due first; `taken` says whether somebody has acknowledged.
    """
    if case.closed_at is not None:
        return ()
    say = translator(language)
    found = []
    if next_clock is not None and _pressing(next_clock, now):
        duty = words.clock_word(next_clock.clock_id, next_clock.zh, language)
        late = next_clock.due < now
        text = "“{duty}”已超时，报告分管领导并尽快完成" if late else "抓紧完成“{duty}”"
        found.append(say(text).format(duty=duty))
    if not taken:
        found.append(say("由值班员签收"))
    if case.level_confirmed is None:
        found.append(say("研判并确认等级"))
    if needs_joint_meeting(case) and case.state in EARLY:
        found.append(say("提请联席会议会商"))
    if not case.responsible_unit:
        found.append(say("明确责任单位"))
    return tuple(found)


def _pressing(clock: Clock, now: datetime) -> bool:
    whole = clock.due - clock.t0
    return now - clock.t0 >= whole * PRESSING_SHARE
