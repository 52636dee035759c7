"""Working days of the official Chinese calendar, with 调休, and nothing guessed.

A year without a published notice falls back to the weekend rule and says so: every due date
that touches it carries the flag `calendar_incomplete`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from alerts.constants import Constants
from models.records import SHANGHAI

CALENDAR_INCOMPLETE = "calendar_incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDue:
    """When a working-day limit ends; `flag` is `calendar_incomplete` when a year is unknown."""

    day: date
    due: datetime
    flag: str = ""


def is_working_day(day: date, constants: Constants) -> bool:
    """Say whether people work that day: the notice of its year, else the weekend rule."""
    year = constants.calendar.get(day.year)
    if year is not None and day in year.work:
        return True
    if year is not None and day in year.off_days:
        return False
    return day.weekday() < 5


def working_due(start: datetime, working_days: int, constants: Constants) -> WorkingDue:
    """Return the end of the n-th working day after `start` (aware; its Shanghai day is day 0).

    The day of receipt is not counted and the next working day is 1 (domain §13).
    """
    day = start.astimezone(SHANGHAI).date()
    incomplete = day.year not in constants.calendar
    left = working_days
    while left > 0:
        day += timedelta(days=1)
        incomplete = incomplete or day.year not in constants.calendar
        left -= is_working_day(day, constants)
    hour = time(constants.working_day.due_hour, tzinfo=SHANGHAI)
    return WorkingDue(
        day=day,
        due=datetime.combine(day, hour).astimezone(start.tzinfo),
        flag=CALENDAR_INCOMPLETE if incomplete else "",
    )
