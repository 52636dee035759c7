"""Rotas as iCalendar: what an office keeps in its calendar comes in, what we know goes out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rruleset, rrulestr
from icalendar import Calendar, Event

from alerts.oncall import OnCallError, Shift, Stretch
from models.records import SHANGHAI

MAX_SHIFTS = 5000
MAX_BYTES = 2 << 20


def shifts_from_ical(content: bytes, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """Return the shifts of a calendar that touch [start, end), in order.

    The summary of an event is the person. Whole-day events run from midnight to midnight, Shanghai;
    times without a zone are Shanghai times; recurring events are unrolled, EXDATE honoured.
    Raises OnCallError when it is no calendar, is too large, or repeats without measure.
    """
    if len(content) > MAX_BYTES:
        raise OnCallError(f"日历超过 {MAX_BYTES >> 20} MiB")
    try:
        calendar = Calendar.from_ical(content)
        events = list(calendar.walk("VEVENT"))
        found = [shift for event in events for shift in _shifts(event, start, end)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise OnCallError(f"不是可读的 iCalendar：{error}") from None
    if len(found) > MAX_SHIFTS:
        raise OnCallError(f"日历在所求时间内有 {len(found)} 个班次，至多 {MAX_SHIFTS} 个")
    return tuple(sorted(found, key=lambda shift: (shift.start, shift.person)))


def _shifts(event: Any, start: datetime, end: datetime) -> list[Shift]:
    person = str(event.get("SUMMARY", "")).strip()
    if not person or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return []
    first = _moment(event["DTSTART"].dt)
    length = _length(event, first)
    if length <= timedelta(0):
        return []
    begins = _begins(event, first, start - length, end)
    return [
        Shift(person=person, start=at.astimezone(UTC), end=(at + length).astimezone(UTC))
        for at in begins
        if at < end and at + length > start
    ]


def _length(event: Any, first: datetime) -> timedelta:
    if "DTEND" in event:
        return _moment(event["DTEND"].dt) - first
    if "DURATION" in event:
        length = event["DURATION"].dt
        return length if isinstance(length, timedelta) else timedelta(0)
    return timedelta(days=1) if not isinstance(event["DTSTART"].dt, datetime) else timedelta(0)


def _begins(event: Any, first: datetime, after: datetime, before: datetime) -> list[datetime]:
    if "RRULE" not in event:
        return [first]
    rules = rruleset()
    text = event["RRULE"].to_ical().decode()
    rules.rrule(rrulestr(text, dtstart=first))
    excluded = event.get("EXDATE", [])
    for dates in excluded if isinstance(excluded, list) else [excluded]:
        for one in dates.dts:
            rules.exdate(_moment(one.dt))
    found = []
    for at in rules.xafter(after, count=MAX_SHIFTS + 1, inc=True):
        if at >= before:
            break
        found.append(at)
    return found


def _moment(value: date | datetime) -> datetime:
    """Return an aware time in Shanghai; a day is its midnight."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(0), tzinfo=SHANGHAI)
    if value.tzinfo is None:
        return value.replace(tzinfo=SHANGHAI)
    return value.astimezone(SHANGHAI)


def ical_of(name: str, pieces: Sequence[Stretch]) -> bytes:
    """Return a calendar of who is on duty, one event a person and stretch."""
    calendar = Calendar()
    calendar.add("PRODID", "-//yuqing//on-call//ZH")
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", name)
    for piece in pieces:
        for person in piece.people:
            calendar.add_component(_event(name, person, piece))
    return bytes(calendar.to_ical())


def _event(name: str, person: str, piece: Stretch) -> Event:
    event = Event()
    event.add("UID", f"{name}-{person}-{int(piece.start.timestamp())}@yuqing")
    event.add("SUMMARY", person)
    event.add("DTSTAMP", piece.start.astimezone(UTC))
    event.add("DTSTART", piece.start.astimezone(UTC))
    event.add("DTEND", piece.end.astimezone(UTC))
    return event
