"""Nobody answered: whom to call next, and when. Decided anew from stored rows each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from alerts.constants import AcknowledgeRow
from alerts.oncall import Resolve
from models.records import Level


class EscalationStep(BaseModel):
    """One step: names that resolve to people at the time (`oncall:NAME`, a person, a role)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: tuple[str, ...] = Field(min_length=1)


class EscalationPolicy(BaseModel):
    """The steps in order, how often to start over, and when a taken matter counts as forgotten."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[EscalationStep, ...] = Field(min_length=1)
    loops: int = Field(default=1, ge=-1, description="Times through the steps; -1 for ever")
    reopen_minutes: int = Field(
        default=120, ge=1, description="Acknowledged without progress for this long re-opens"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseState:
    """What escalation needs to know of a case.

    `level_since` is when it took its present level (a red that was yellow waits red's five minutes
    from then), `suspended` whether a silence holds the escalation back.
    """

    level: Level
    level_since: datetime
    opened_at: datetime
    acknowledged_at: datetime | None = None
    progress_at: datetime | None = None
    closed_at: datetime | None = None
    suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDue:
    """A step whose time has come: its number over all loops, the people, and since when.

    `run` names the round of escalation: re-opening after a forgotten acknowledgement is a new one.
    """

    number: int
    people: tuple[str, ...]
    due_at: datetime
    run: str

    @property
    def occasion(self) -> str:
        """The occasion of its deliveries, so that a step is told once however often it is asked."""
        return f"escalation|{self.run}|{self.number}"


def escalation_start(case: CaseState, policy: EscalationPolicy, now: datetime) -> datetime | None:
    """Return when the running escalation began, or None when none runs.

    Acknowledged stops it. Acknowledged without progress for `reopen_minutes` starts it again.
    """
    if case.closed_at is not None or case.suspended:
        return None
    if case.acknowledged_at is None:
        return max(case.opened_at, case.level_since)
    last = max(case.acknowledged_at, case.progress_at or case.acknowledged_at)
    reopened = last + timedelta(minutes=policy.reopen_minutes)
    return reopened if now >= reopened else None


def steps_due(
    case: CaseState,
    policy: EscalationPolicy,
    windows: AcknowledgeRow,
    resolve: Resolve,
    now: datetime,
) -> tuple[StepDue, ...]:
    """Return every step whose time has come, first to last; blue never escalates.

    Step 0 is due at the start, each next one when the level's window has passed without an answer.
    A step that nobody fills is skipped at once, without waiting its window. After a stop all the
    steps that were missed are due together: nobody had answered.
    """
    minutes = windows.minutes(case.level)
    start = escalation_start(case, policy, now)
    if minutes is None or start is None:
        return ()
    found: list[StepDue] = []
    due_at, run = start, str(int(start.timestamp()))
    for number in range(_steps_until(policy, start, now, minutes)):
        step = policy.steps[number % len(policy.steps)]
        people = tuple(dict.fromkeys(p for name in step.who for p in resolve(name, due_at)))
        if not people:
            continue
        if due_at > now:
            break
        found.append(StepDue(number=number, people=people, due_at=due_at, run=run))
        due_at += timedelta(minutes=minutes)
    return tuple(found)


def _steps_until(policy: EscalationPolicy, start: datetime, now: datetime, minutes: int) -> int:
    """Bound the steps to look at: all loops, or as many as the time since the start can hold."""
    size = len(policy.steps)
    held = int((now - start) / timedelta(minutes=minutes)) + 1
    # Empty steps take no time, so each held step may come after a whole loop of empty ones.
    endless = held * size + size
    return endless if policy.loops < 0 else min(policy.loops * size, endless)


def unanswered(due: Sequence[StepDue], policy: EscalationPolicy) -> bool:
    """Say whether all loops are through and nobody answered: a matter for the digest."""
    return policy.loops > 0 and bool(due) and due[-1].number >= policy.loops * len(policy.steps) - 1
