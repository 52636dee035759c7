"""When a group of matters is told: wait a little, then news at an interval, then repeats.

The group is recomputed from stored rows each time; there is no timer to lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.routing import Timing
from models.records import Level, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One matter of a group: since when it fires, how grave, and when it ended, if it did."""

    id: str
    level: Level
    since: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The last message about a group: when, which matters fired and which were over, how grave."""

    at: datetime
    firing: frozenset[str]
    resolved: frozenset[str] = frozenset()
    level: Level = Level.BLUE


def group_reason(
    members: Sequence[Member], last: Told | None, now: datetime, timing: Timing
) -> Reason:
    """Say why a group is told now, or Reason.NONE.

    - A group nobody heard of waits `wait` for its first message; red does not wait, and a member
      that is over before is never told.
    - Graver than told leaves at once; new members wait for the interval.
    - Members newly over are told (once) when the last message had them firing.
    - Nothing new: a repeat when `repeat` has fully passed since the last message. Unlike a ticking
      scheduler, the moment is not rounded up to the interval.
    """
    firing = [member for member in members if member.resolved_at is None]
    if last is None:
        return _first(firing, now, timing)
    if firing and max(member.level for member in firing) > last.level:
        return Reason.WORSE
    if now - last.at < timing.interval:
        return Reason.NONE
    return _news(members, last, now, timing)


def _news(members: Sequence[Member], last: Told, now: datetime, timing: Timing) -> Reason:
    firing = [member for member in members if member.resolved_at is None]
    if any(member.id not in last.firing for member in firing):
        return Reason.GROWN
    over = {member.id for member in members if member.resolved_at is not None}
    if last.firing & over - last.resolved:
        return Reason.RESOLVED
    if firing and now - last.at >= timing.repeat:
        return Reason.REPEAT
    return Reason.NONE


def _first(firing: Sequence[Member], now: datetime, timing: Timing) -> Reason:
    if not firing:
        return Reason.NONE
    waited = now - min(member.since for member in firing) >= timing.wait
    grave = max(member.level for member in firing) is Level.RED
    return Reason.FIRST if waited or grave else Reason.NONE
