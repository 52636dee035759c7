"""Deadlines of an incident: which duties run, from which time, until when, and who is late.

Hours are wall-clock hours, day and night, holidays included; working-day limits follow the
official calendar (`alerts/workdays.py`). Every clock names the time it counts from (its T0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alerts.constants import ClockRow, Constants, T0Name
from alerts.workdays import working_due
from models.records import SHANGHAI, Clock, Incident, Level

REMINDER_PERCENTS = (50, 80, 100)
"""Shares of a clock's time at which people are reminded; at 100 it is overdue."""


class ClockRefusedError(ValueError):
    """An extension or a mark that the rules do not allow; the message says which rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder that has come due: `percent` of the time is gone since `at`."""

    clock: Clock
    percent: int
    at: datetime

    @property
    def overdue(self) -> bool:
        """Whether the limit itself has passed."""
        return self.percent >= 100


def clocks_for(
    incident: Incident, constants: Constants, now: datetime, stored: Sequence[Clock] = ()
) -> tuple[Clock, ...]:
    """Return the clocks an incident runs under at `now`, soonest first.

    `stored` are the clocks it had before. An upgrade adds clocks from the same T0. What was met or
    extended stays so. After a downgrade a limit that no longer applies goes, unless it has passed
    or was met; a passed limit never moves to a later time.
    """
    before = {clock.clock_id: clock for clock in stored}
    wanted = {
        row.id: _clock(row, incident, constants)
        for row in constants.clock
        if _applies(row, incident)
    }
    kept = {
        key: clock
        for key, clock in before.items()
        if key not in wanted and (clock.met_at is not None or clock.due <= now)
    }
    merged = {key: _merged(before.get(key), clock, now) for key, clock in wanted.items()}
    return tuple(sorted((merged | kept).values(), key=lambda clock: (clock.due, clock.clock_id)))


def request_clock(
    request_id: str, received_at: datetime, constants: Constants, clock_id: str = "info_request"
) -> Clock:
    """Return the working-day clock of an application received at `received_at`."""
    row = constants.clock_row(clock_id)
    due = working_due(received_at, row.working_days, constants)
    return Clock(
        incident_id=request_id,
        clock_id=row.id,
        zh=row.zh,
        t0_name="received",
        t0=received_at,
        due=due.due,
        basis=row.basis,
        source=row.source,
        flag=due.flag,
    )


def _applies(row: ClockRow, incident: Incident) -> bool:
    grade = incident.emergency_grade
    names = {"opinion:any", f"opinion:{incident.level.grade}"}
    if grade is not None:
        names |= {"emergency:any", f"emergency:{grade.grade}"}
    return not names.isdisjoint(row.applies_to)


def _clock(row: ClockRow, incident: Incident, constants: Constants) -> Clock:
    name, t0 = _t0(row, incident)
    due, flag = t0 + row.span, ""
    if row.basis == "working_day":
        working = working_due(t0, row.working_days, constants)
        due, flag = working.due, working.flag
    return Clock(
        incident_id=incident.id,
        clock_id=row.id,
        zh=row.zh,
        t0_name=name,
        t0=t0,
        due=due,
        basis=row.basis,
        source=row.source,
        flag=flag,
    )


def _t0(row: ClockRow, incident: Incident) -> tuple[T0Name, datetime]:
    """Return the first of the row's times that is known; detection always is."""
    known: dict[T0Name, datetime | None] = {
        "occurred": incident.occurred_at,
        "detected": incident.detected_at,
        "assigned": incident.assigned_at,
    }
    for name in row.t0:
        moment = known.get(name)
        if moment is not None:
            return name, moment
    return "detected", incident.detected_at


def _merged(before: Clock | None, wanted: Clock, now: datetime) -> Clock:
    if before is None:
        return wanted
    if before.met_at is not None or before.extended_from is not None:
        return before
    if before.due <= now and wanted.due > before.due:
        return before
    return wanted


def meet(clock: Clock, now: datetime) -> Clock:
    """Return the clock as met at `now`; a clock met before keeps its first time."""
    return clock if clock.met_at is not None else replace(clock, met_at=now)


def extend(clock: Clock, until: datetime, reason: str, now: datetime) -> Clock:
    """Return the clock with a later limit, or raise ClockRefusedError.

    An extension needs a reason, once, before the limit has passed.
    """
    if clock.met_at is not None:
        raise ClockRefusedError(f"{clock.zh}：已完成，无需延期")
    if now >= clock.due:
        raise ClockRefusedError(f"{clock.zh}：已于 {shanghai(clock.due)} 到期，到期后不得延期")
    if clock.extended_from is not None:
        raise ClockRefusedError(f"{clock.zh}：已延期一次，不得再次延期")
    if not reason.strip():
        raise ClockRefusedError(f"{clock.zh}：延期须写明理由")
    if until <= clock.due:
        raise ClockRefusedError(f"{clock.zh}：新时限须晚于原时限 {shanghai(clock.due)}")
    return replace(clock, due=until, extended_from=clock.due, extension_reason=reason.strip())


def extend_working_days(clock: Clock, constants: Constants, reason: str, now: datetime) -> Clock:
    """Extend a working-day clock by what its rule allows (20 for information requests)."""
    days = constants.clock_row(clock.clock_id).extension_working_days
    if days == 0:
        raise ClockRefusedError(f"{clock.zh}：规定未设延期")
    later = working_due(clock.due, days, constants)
    extended = extend(clock, later.due, reason, now)
    return replace(extended, flag=later.flag or clock.flag)


def overdue(clock: Clock, now: datetime) -> bool:
    """Say whether the limit has passed without the duty being met in time."""
    return clock.due <= now if clock.met_at is None else clock.met_at > clock.due


def reminders(clock: Clock, now: datetime) -> tuple[Reminder, ...]:
    """Return the reminders of an unmet clock that have come due by `now`, earliest first.

    After a stop several may be due at once: tell the last, and count all as told.
    """
    if clock.met_at is not None:
        return ()
    span = clock.due - clock.t0
    due = [
        Reminder(clock=clock, percent=percent, at=clock.t0 + span * percent / 100)
        for percent in REMINDER_PERCENTS
    ]
    return tuple(reminder for reminder in due if reminder.at <= now)


def next_due(clocks: Sequence[Clock]) -> Clock | None:
    """Return the unmet clock with the earliest limit, passed ones included, or None."""
    open_clocks = [clock for clock in clocks if clock.met_at is None]
    return min(open_clocks, key=lambda clock: clock.due, default=None)


def followups_due(
    incident: Incident, constants: Constants, now: datetime, since: datetime | None = None
) -> tuple[Clock, ...]:
    """Return one clock for each follow-up report from `since` up to the next one after `now`.

    `since` is the last slot already stored, or left out for the first call (then the detection
    time). Slots are 08:00 and 17:00 Asia/Shanghai, from yellow up, until the incident closes.
    """
    row = constants.followup_report
    grade = max(incident.level, incident.emergency_grade or Level.BLUE)
    if grade < row.from_level:
        return ()
    start = since or incident.detected_at
    end = incident.closed_at or _next_slot(now, constants)
    return tuple(
        Clock(
            incident_id=incident.id,
            clock_id=f"{row.id}@{slot.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}",
            zh=row.zh,
            t0_name="detected",
            t0=_previous_slot(slot, incident.detected_at, constants),
            due=slot,
            basis="wall",
            source=row.source,
        )
        for slot in _slots(start, end, constants)
    )


def _slots(after: datetime, until: datetime, constants: Constants) -> list[datetime]:
    """Every report time in (after, until], UTC."""
    day = after.astimezone(SHANGHAI).date()
    last = until.astimezone(SHANGHAI).date()
    found = []
    while day <= last:
        found += [
            datetime.combine(day, at, tzinfo=SHANGHAI).astimezone(UTC)
            for at in sorted(constants.followup_report.at)
        ]
        day += timedelta(days=1)
    return [slot for slot in found if after < slot <= until]


def _next_slot(now: datetime, constants: Constants) -> datetime:
    return _slots(now, now + timedelta(days=2), constants)[0]


def _previous_slot(slot: datetime, detected: datetime, constants: Constants) -> datetime:
    before = _slots(slot - timedelta(days=2), slot - timedelta(seconds=1), constants)
    return max([detected, *[moment for moment in before if moment > detected]])


def shanghai(moment: datetime) -> str:
    """Return a time as officers read it: `2026-10-02 03:10`, Asia/Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def remaining(due: datetime, now: datetime) -> str:
    """Return the time left in Chinese, or how long it is over: `还剩 3小时5分`, `已超 2小时`."""
    left = due - now
    minutes = int(abs(left).total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    words = (f"{hours}小时" if hours else "") + (f"{rest}分" if rest or not hours else "")
    return f"还剩 {words}" if left > timedelta(0) else f"已超 {words}"
