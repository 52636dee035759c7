"""The numbers of the regulations as typed data, read from `alerts/constants.toml`."""

from __future__ import annotations

import tomllib
from datetime import date, time, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from alerts.contract import LevelWord
from models.records import Level

Basis = Literal["wall", "working_day"]
T0Name = Literal["occurred", "detected", "assigned", "received"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockRow(_Table):
    """One duty of the clock table: how long, counted how, from which time, for whom."""

    id: str
    zh: str
    en: str
    hours: int = Field(default=0, ge=0)
    minutes: int = Field(default=0, ge=0)
    working_days: int = Field(default=0, ge=0)
    extension_working_days: int = Field(default=0, ge=0)
    basis: Basis
    t0: tuple[T0Name, ...] = Field(min_length=1)
    applies_to: tuple[str, ...]
    source: str
    tag: str

    @property
    def span(self) -> timedelta:
        """The limit of a wall clock."""
        return timedelta(hours=self.hours, minutes=self.minutes)


class FollowupRow(_Table):
    """When follow-up reports are due each day (Asia/Shanghai) and from which level."""

    id: str
    zh: str
    en: str
    at: tuple[time, ...]
    from_level: LevelWord
    source: str
    tag: str


class ApprovalRow(_Table):
    """Who signs a response, in order, and the two checks that run beside."""

    steps: tuple[str, ...] = Field(min_length=1)
    checks: tuple[str, ...]


class AcknowledgeRow(_Table):
    """Minutes within which a person must acknowledge, a level; blue waits for the digest."""

    red_minutes: int = Field(ge=1)
    orange_minutes: int = Field(ge=1)
    yellow_minutes: int = Field(ge=1)
    tag: str

    def minutes(self, level: Level) -> int | None:
        """Minutes for a level, or None when nobody is chased for it."""
        return {
            Level.RED: self.red_minutes,
            Level.ORANGE: self.orange_minutes,
            Level.YELLOW: self.yellow_minutes,
        }.get(level)


class WorkingDayRow(_Table):
    """The hour at which a working-day limit ends, Asia/Shanghai."""

    due_hour: int = Field(ge=0, le=23)
    tag: str


class CalendarYear(_Table):
    """The official notice of one year: days off (ranges, both ends in) and make-up days."""

    source: str
    off: tuple[str, ...]
    work: tuple[date, ...]

    @property
    def off_days(self) -> frozenset[date]:
        """Every day off as a date."""
        return frozenset(day for span in self.off for day in _days(span))


class _Meta(_Table):
    timezone: str


class Constants(_Table):
    """Everything in `constants.toml`."""

    meta: _Meta
    clock: tuple[ClockRow, ...]
    followup_report: FollowupRow
    approval: ApprovalRow
    acknowledge: AcknowledgeRow
    working_day: WorkingDayRow
    calendar: dict[int, CalendarYear]

    def clock_row(self, clock_id: str) -> ClockRow:
        """Return the row of that id; KeyError names the known ids."""
        for row in self.clock:
            if row.id == clock_id:
                return row
        raise KeyError(f"no clock {clock_id!r}: known are {', '.join(r.id for r in self.clock)}")


def _days(span: str) -> list[date]:
    first, last = (date.fromisoformat(part) for part in span.split("/"))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@cache
def load_constants(path: Path | None = None) -> Constants:
    """Return the shipped constants, or those of a file of the same shape."""
    text = (
        resources.files("alerts").joinpath("constants.toml").read_text(encoding="utf-8")
        if path is None
        else path.read_text(encoding="utf-8")
    )
    return Constants.model_validate(tomllib.loads(text))
