"""Who is on duty: rotations, fixed shifts, overrides and holidays, and where nobody is.

Rotations turn by the clock of Asia/Shanghai, which has no summer time; big holidays follow the
official calendar with its make-up days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from alerts.constants import Constants
from alerts.workdays import is_working_day
from models.records import SHANGHAI

Every = Literal["hour", "day", "week", "month"]
LENGTH = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


class OnCallError(ValueError):
    """A rota that contradicts itself; the message says where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rotation(_Part):
    """People who follow each other every `length` × `every`, from `first_day` at `hand_over`.

    `holidays_only` makes it count on days off alone (and then it comes before the others).
    """

    people: tuple[str, ...] = Field(min_length=1)
    first_day: date
    hand_over: time = time(8)
    every: Every = "week"
    length: int = Field(default=1, ge=1, le=52)
    holidays_only: bool = False

    def person(self, now: datetime) -> str:
        """Return who is on at `now`, or an empty text before the first day."""
        turns = self._turns(now)
        return self.people[turns % len(self.people)] if turns >= 0 else ""

    def _turns(self, now: datetime) -> int:
        start, local = self._start(), now.astimezone(SHANGHAI)
        if self.every == "month":
            return _months(start, local) // self.length
        return (local - start) // (LENGTH[self.every] * self.length)

    def _start(self) -> datetime:
        return datetime.combine(self.first_day, self.hand_over, tzinfo=SHANGHAI)


def _months(start: datetime, now: datetime) -> int:
    """Return whole months from `start`; the 31st hands over on the last day of a short month."""
    months = (now.year - start.year) * 12 + now.month - start.month
    last_day = (now.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    turn = now.replace(
        day=min(start.day, last_day.day), hour=start.hour, minute=start.minute, second=0,
        microsecond=0,
    )  # fmt: skip
    return months if now >= turn else months - 1


class Shift(_Part):
    """One person from a moment up to another; half-open."""

    person: str = Field(min_length=1)
    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _forward(self) -> Shift:
        if self.end <= self.start:
            raise ValueError(f"shift of {self.person}: it ends before it starts")
        return self

    def covers(self, now: datetime) -> bool:
        """Say whether the shift holds `now`."""
        return self.start <= now < self.end


class Override(Shift):
    """A change for a while: add a person, take one off, or put one in another's place."""

    action: Literal["add", "remove", "replace"] = "replace"
    instead_of: str = ""

    @model_validator(mode="after")
    def _names_whom(self) -> Override:
        if (self.action == "replace") != bool(self.instead_of):
            raise ValueError("a replacement, and nothing else, names whom it stands in for")
        return self


class Schedule(_Part):
    """One rota: rotations, fixed shifts (an imported calendar) and overrides."""

    name: str = Field(pattern=r"^[\w\-]{1,64}$")
    rotations: tuple[Rotation, ...] = ()
    shifts: tuple[Shift, ...] = ()
    overrides: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _no_conflict(self) -> Schedule:
        for number, one in enumerate(self.overrides):
            for other in self.overrides[number + 1 :]:
                _refuse_conflict(one, other)
        return self


def _refuse_conflict(one: Override, other: Override) -> None:
    meets = one.start < other.end and other.start < one.end
    subject = {one.instead_of or one.person} & {other.instead_of or other.person}
    if meets and subject and one.action != "add" and other.action != "add":
        raise OnCallError(f"两项临时调班都改动了 {subject.pop()}，时间重叠")


def on_call(schedule: Schedule, now: datetime, constants: Constants) -> tuple[str, ...]:
    """Return who is on duty at `now`, without repeats; empty means a gap.

    On a day off the holiday rotations stand in for the others, if there are any.
    """
    holiday = not is_working_day(now.astimezone(SHANGHAI).date(), constants)
    on_holidays = [rotation for rotation in schedule.rotations if rotation.holidays_only]
    usual = [rotation for rotation in schedule.rotations if not rotation.holidays_only]
    turning = on_holidays if holiday and on_holidays else usual
    people = [rotation.person(now) for rotation in turning]
    people += [shift.person for shift in schedule.shifts if shift.covers(now)]
    for override in schedule.overrides:
        if override.covers(now):
            people = _overridden(people, override)
    return tuple(dict.fromkeys(person for person in people if person))


def _overridden(people: list[str], override: Override) -> list[str]:
    if override.action == "add":
        return [*people, override.person]
    if override.action == "remove":
        return [person for person in people if person != override.person]
    return [override.person if person == override.instead_of else person for person in people]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time with the same people on duty; nobody is a gap in the coverage."""

    start: datetime
    end: datetime
    people: tuple[str, ...]


def stretches(
    schedule: Schedule, start: datetime, end: datetime, constants: Constants
) -> tuple[Stretch, ...]:
    """Return who is on duty from `start` to `end`, piece by piece, hand-over to hand-over."""
    edges = sorted({start, end, *_edges(schedule, start, end)})
    found: list[Stretch] = []
    for first, last in pairwise(edges):
        people = on_call(schedule, first, constants)
        if found and found[-1].people == people:
            found[-1] = Stretch(start=found[-1].start, end=last, people=people)
        else:
            found.append(Stretch(start=first, end=last, people=people))
    return tuple(found)


def gaps(
    schedule: Schedule, start: datetime, end: datetime, constants: Constants
) -> tuple[Stretch, ...]:
    """Return the times at which nobody is on duty."""
    return tuple(s for s in stretches(schedule, start, end, constants) if not s.people)


def hand_overs(
    schedule: Schedule, start: datetime, end: datetime, constants: Constants
) -> tuple[Stretch, ...]:
    """Return the stretches that begin inside the time: each is a change to be announced."""
    return tuple(s for s in stretches(schedule, start, end, constants) if s.start > start)


def _edges(schedule: Schedule, start: datetime, end: datetime) -> Iterable[datetime]:
    """Every moment inside (start, end) at which the people on duty may change."""
    shifts = [*schedule.shifts, *schedule.overrides]
    fixed = [edge for shift in shifts for edge in (shift.start, shift.end)]
    clocks = {time(0), *(rotation.hand_over for rotation in schedule.rotations)}
    hourly = any(rotation.every == "hour" for rotation in schedule.rotations)
    day = start.astimezone(SHANGHAI).date()
    while datetime.combine(day, time(0), tzinfo=SHANGHAI) < end:
        midnight = datetime.combine(day, time(0), tzinfo=SHANGHAI)
        fixed += [datetime.combine(day, clock, tzinfo=SHANGHAI) for clock in clocks]
        if hourly:
            fixed += [
                midnight + timedelta(hours=h, minutes=r.hand_over.minute)
                for r in schedule.rotations
                for h in range(24)
            ]
        day += timedelta(days=1)
    return [edge.astimezone(UTC) for edge in fixed if start < edge < end]


Resolve = Callable[[str, datetime], Sequence[str]]
"""Who answers to a name at a moment: a schedule's people on duty, or the person itself."""


def resolver(schedules: Sequence[Schedule], constants: Constants) -> Resolve:
    """Return how names resolve: `oncall:NAME` by its schedule at that time, others as they are."""
    by_name = {schedule.name: schedule for schedule in schedules}

    def resolve(name: str, now: datetime) -> Sequence[str]:
        if not name.startswith("oncall:"):
            return (name,)
        schedule = by_name.get(name.removeprefix("oncall:"))
        return on_call(schedule, now, constants) if schedule else ()

    return resolve
