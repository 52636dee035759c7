"""Who is on duty: now, after the next hand-overs, and where nobody is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.responses import Response

from alerts.oncall import Schedule, Stretch, stretches
from alerts.oncall_ical import ical_of
from console.visit import Visit

LOOK_AHEAD = timedelta(days=14)
EXPORTED = timedelta(days=90)
HAND_OVERS_AT_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """One rota over the next 14 days; `until` is None when nothing changes in that time."""

    name: str
    people: tuple[str, ...]
    until: datetime | None
    hand_overs: Sequence[Stretch]
    gaps: Sequence[Stretch]


def show(visit: Visit) -> Response:
    """Return who is on now, the next hand-overs and the gaps, each rota by itself."""
    rotas = [_rota(visit, schedule) for schedule in visit.settings.schedules()]
    facts = {"rotas": rotas, "days": LOOK_AHEAD.days, "horizon": visit.now + LOOK_AHEAD}
    return visit.page("duty.html", facts)


def calendar(visit: Visit) -> Response:
    """Return a rota of the next 90 days as an iCalendar file."""
    name = visit.path["rota"]
    for schedule in visit.settings.schedules():
        if schedule.name == name:
            pieces = _pieces(visit, schedule, EXPORTED)
            file = f"attachment; filename*=UTF-8''{quote(name, safe='')}.ics"
            return Response(
                ical_of(name, pieces),
                media_type="text/calendar; charset=utf-8",
                headers={"content-disposition": file},
            )
    return visit.not_found(visit.say("值班表"))


def _rota(visit: Visit, schedule: Schedule) -> Rota:
    now_on, *later = _pieces(visit, schedule, LOOK_AHEAD)
    return Rota(
        name=schedule.name,
        people=now_on.people,
        until=now_on.end if later else None,
        hand_overs=later[:HAND_OVERS_AT_MOST],
        gaps=[piece for piece in (now_on, *later) if not piece.people],
    )


def _pieces(visit: Visit, schedule: Schedule, ahead: timedelta) -> Sequence[Stretch]:
    return stretches(schedule, visit.now, visit.now + ahead, visit.settings.constants)
