"""A date as written: calendar and clock, with the zone only if the text gave one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal

Precision = Literal["day", "minute", "second"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Civil:
    """A naive local time; `offset_minutes` as the text said it, or the `zone` its form implies."""

    local: datetime
    offset_minutes: int | None = None
    zone: tzinfo | None = None
    precision: Precision = "second"


def civil(
    year: int,
    month: int,
    day: int,
    hour: str | None = None,
    minute: str | None = None,
    second: str | None = None,
) -> datetime:
    """Return the naive time; 24:00 is the next day's midnight and second 60 the next minute.

    Raises ValueError for parts that no calendar has.
    """
    hours, seconds = int(hour or 0), int(second or 0)
    if hours == 24 and not int(minute or 0):
        return datetime(year, month, day) + timedelta(days=1)  # noqa: DTZ001 - zone comes later
    leap = seconds == 60
    local = datetime(year, month, day, hours, int(minute or 0), 59 if leap else seconds)  # noqa: DTZ001 - as above
    return local + timedelta(seconds=1) if leap else local


def full_year(text: str) -> int:
    """Return the year; two digits are read as RFC 2822 §4.3 does: 49 is 2049, 50 is 1950."""
    year = int(text)
    if len(text) > 2:
        return year
    return year + (2000 if year < 50 else 1900)


def recent_year(month: int, day: int, now: datetime) -> int:
    """Return the year that puts this day at or just before `now` (one day ahead is allowed)."""
    ahead = now + timedelta(days=1)
    has_come = (month, day) <= (ahead.month, ahead.day) or ahead.year > now.year
    return now.year if has_come else now.year - 1


def months_before(moment: datetime, months: int) -> datetime:
    """Return the same day `months` earlier (later if negative), or that month's last day."""
    index = moment.year * 12 + moment.month - 1 - months
    year, month = divmod(index, 12)
    for day in range(moment.day, 0, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            if day <= 28:  # the year is out of range, not the day
                raise
    return moment
