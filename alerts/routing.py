"""Who hears of what: a tree of routes, inhibition, silences, all of it decided from plain facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from alerts.contract import LevelWord
from alerts.outbox import Target
from models.records import SHANGHAI, Alert, Incident, Level, Reason

GroupField = Literal["incident", "story", "topic", "place", "unit", "rule", "level"]
HOURS = r"^(|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What routing may look at: the labels of one thing to tell. A missing label is empty."""

    level: Level
    reason: Reason = Reason.FIRST
    incident: str = ""
    story: str = ""
    topic: str = ""
    place: str = ""
    unit: str = ""
    rule: str = ""
    exercise: bool = False

    @classmethod
    def of(cls, alert: Alert, incident: Incident, reason: Reason) -> Notice:
        """Return the notice of an alert inside its incident."""
        return cls(
            level=incident.level,
            reason=reason,
            incident=incident.id,
            story=incident.story_id,
            topic=incident.topic,
            place=incident.place,
            unit=incident.responsible_unit,
            rule=alert.rule,
            exercise=incident.exercise,
        )

    def value(self, name: GroupField) -> str:
        """Return one label as text."""
        return self.level.colour if name == "level" else str(getattr(self, name))


class Match(BaseModel):
    """Which notices something applies to; what is left out matches all, lists match any of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level_at_least: LevelWord = Level.BLUE
    level_at_most: LevelWord = Level.RED
    topic: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    story: tuple[str, ...] = ()
    incident: tuple[str, ...] = ()
    reason: tuple[Reason, ...] = ()

    @field_validator("topic", "place", "unit", "rule", "story", "incident", "reason", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def matches(self, notice: Notice) -> bool:
        """Say whether every matcher fits."""
        labels = (
            (notice.topic, self.topic),
            (notice.place, self.place),
            (notice.unit, self.unit),
            (notice.rule, self.rule),
            (notice.story, self.story),
            (notice.incident, self.incident),
            (notice.reason.value, self.reason),
        )
        return self.level_at_least <= notice.level <= self.level_at_most and all(
            not wanted or label in wanted for label, wanted in labels
        )


class Timing(BaseModel):
    """How the messages of one group are paced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group_wait_seconds: int = Field(default=30, ge=0, description="Collect before the first one")
    group_interval_minutes: int = Field(default=5, ge=0, description="Between news of a group")
    repeat_minutes: int = Field(default=240, ge=1, description="When nothing changed")

    @property
    def wait(self) -> timedelta:
        """How long a new group collects members."""
        return timedelta(seconds=self.group_wait_seconds)

    @property
    def interval(self) -> timedelta:
        """The least time between two messages of a group."""
        return timedelta(minutes=self.group_interval_minutes)

    @property
    def repeat(self) -> timedelta:
        """How long an unchanged group stays silent."""
        return timedelta(minutes=self.repeat_minutes)


class Receiver(BaseModel):
    """One receiver on one channel, as written in a route."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str
    to: str = ""


class Route(BaseModel):
    """A node of the tree: what it takes, whom it tells, and its children.

    A notice goes to the first child that matches, and on to the next ones only where a child says
    `go_on`. A node without a matching child tells its own receivers. What a node leaves out
    (`receivers`, `group_by`, `timing`) it takes from its parent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    match: Match = Match()
    receivers: tuple[Receiver, ...] = ()
    group_by: tuple[GroupField, ...] | None = None
    timing: Timing | None = None
    go_on: bool = Field(default=False, alias="continue", description="Try the next routes as well")
    muted_hours: str = Field(
        default="", pattern=HOURS, description="Shanghai hours, as 22:00-06:00"
    )
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Where a notice goes: targets, the group it joins, the pace, and why not, if muted."""

    targets: tuple[Target, ...]
    group: tuple[str, ...]
    timing: Timing
    muted: str = ""


def route(tree: Route, notice: Notice, now: datetime) -> tuple[Routed, ...]:
    """Return where a notice goes, in the order of the tree. The root takes everything.

    A muted route ends the search like any other; red is never muted.
    """
    return tuple(_descend(tree, notice, now, _Inherited()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inherited:
    receivers: tuple[Receiver, ...] = ()
    group_by: tuple[GroupField, ...] = ("incident",)
    timing: Timing = field(default_factory=Timing)


def _descend(node: Route, notice: Notice, now: datetime, above: _Inherited) -> list[Routed]:
    here = _Inherited(
        receivers=node.receivers or above.receivers,
        group_by=above.group_by if node.group_by is None else node.group_by,
        timing=node.timing or above.timing,
    )
    found: list[Routed] = []
    for child in node.routes:
        if child.match.matches(notice):
            found += _descend(child, notice, now, here)
            if not child.go_on:
                return found
    return found or [_routed(node, notice, now, here)]


def _routed(node: Route, notice: Notice, now: datetime, here: _Inherited) -> Routed:
    quiet = _within(node.muted_hours, now) and notice.level < Level.RED
    return Routed(
        targets=tuple(Target(channel=one.channel, receiver=one.to) for one in here.receivers),
        group=tuple(notice.value(name) for name in here.group_by),
        timing=here.timing,
        muted=f"静默时段 {node.muted_hours}" if quiet else "",
    )


def _within(hours: str, now: datetime) -> bool:
    """Say whether `now` lies in Shanghai hours: the first minute in, the last out."""
    if not hours:
        return False
    first, last = hours.split("-")
    clock = f"{now.astimezone(SHANGHAI):%H:%M}"
    return first <= clock < last if first < last else clock >= first or clock < last


class Inhibition(BaseModel):
    """While a notice that fits `source` fires, those that fit `target` with equal labels wait.

    The default keeps the milder alerts of an incident quiet while an orange or red one fires.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Match = Match(level_at_least=Level.ORANGE)
    target: Match = Match(level_at_most=Level.YELLOW)
    equal: tuple[GroupField, ...] = ("incident",)


def inhibited(
    notice: Notice, firing: Sequence[Notice], inhibitions: Sequence[Inhibition]
) -> Notice | None:
    """Return the firing notice that makes this one wait, or None.

    Firing is what counts, not whether its message has left. A missing label equals an empty one,
    and a notice that fits both sides of a rule is never inhibited by it.
    """
    for rule in inhibitions:
        if not rule.target.matches(notice) or rule.source.matches(notice):
            continue
        for other in firing:
            same = all(other.value(name) == notice.value(name) for name in rule.equal)
            if same and rule.source.matches(other):
                return other
    return None


class Silence(BaseModel):
    """A stretch in which matching notices are not told: with an end, an author and a reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: Match
    starts_at: datetime
    ends_at: datetime
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)

    def covers(self, now: datetime) -> bool:
        """Say whether it is in force: from its start, up to its end."""
        return self.starts_at <= now < self.ends_at


def check_silence(silence: Silence) -> str:
    """Return what is wrong with a silence, or an empty text."""
    if silence.ends_at <= silence.starts_at:
        return "静默的结束时间须晚于开始时间"
    if silence.match == Match():
        return "静默须写明对象，不能静默全部预警"
    if silence.match.level_at_most == Level.RED and not (silence.match.incident):
        return "红色预警只能按单个事件静默"
    return ""


def silenced(notice: Notice, silences: Sequence[Silence], now: datetime) -> Silence | None:
    """Return the silence that covers a notice, so that it is listed with it; None tells it."""
    return next((s for s in silences if s.covers(now) and s.match.matches(notice)), None)
