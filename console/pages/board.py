"""The board: open incidents with their clocks, who has them, and how the service is doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from alerts.approvals import Holder
from alerts.constants import ApprovalRow
from console.visit import Visit
from models.records import Clock, Incident
from reports.signing import holders
from storage import board, browse, incidents
from storage.board import Pulse, Reach
from storage.incidents import Acknowledgement
from storage.store import Reader

CLOSED_AT_MOST = 10
LOOSE_AT_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One incident on the board; `due` is its unmet clock with the nearest deadline.

    `holders` have the draft of the response before them.
    """

    incident: Incident
    due: Clock | None
    waiting_clocks: int
    acknowledged: Acknowledgement | None
    reach: Reach
    holders: tuple[Holder, ...] = ()


def show(visit: Visit) -> Response:
    """Return the board; it reloads itself unless asked not to."""
    configured = list(visit.settings.sources)
    with visit.store.read() as reader:
        lines = ordered(open_lines(reader, visit.settings.constants.approval), visit.now)
        closed = board.closed(reader, CLOSED_AT_MOST)
        pulse = board.pulse(reader, visit.day_start)
        loose = browse.loose_negatives(reader, visit.day_start, LOOSE_AT_MOST)
        ids = [mention.id for mention in loose]
        copies, hits = browse.copy_counts(reader, ids), browse.hits(reader, ids)
        failing = [s for s in browse.health(reader, visit.day_start, configured) if s.reason]
    facts = {
        "closed": closed,
        "failing": failing,
        "copies": copies,
        "hits": hits,
        "lines": lines,
        "loose": loose,
        "overdue": sum(1 for line in lines if line.due and line.due.due < visit.now),
        "pulse": pulse,
        "refreshing": visit.query.get("refresh") != "off",
        "stale": stale(pulse, visit),
        "unacknowledged": sum(1 for line in lines if line.acknowledged is None),
    }
    return visit.page("board.html", facts)


def open_lines(reader: Reader, policy: ApprovalRow) -> list[Line]:
    """Return the open incidents as the board shows them, in no order."""
    cases = incidents.open_incidents(reader)
    running: dict[str, list[Clock]] = {}
    for clock in incidents.running_clocks(reader):
        running.setdefault(clock.incident_id, []).append(clock)
    acknowledged = incidents.acknowledgements(reader)
    reach = board.reach(reader, [case.id for case in cases])
    return [
        Line(
            incident=case,
            due=next(iter(running.get(case.id, ())), None),
            waiting_clocks=len(running.get(case.id, ())),
            acknowledged=next(iter(acknowledged.get(case.id, ())), None),
            reach=reach.get(case.id, Reach()),
            holders=holders(reader, case, policy),
        )
        for case in cases
    ]


def ordered(lines: Sequence[Line], now: datetime) -> list[Line]:
    """Return what needs a person first: overdue, then the gravest, then the nearest deadline."""
    far = now + timedelta(days=3650)

    def urgency(line: Line) -> tuple[bool, int, datetime, str]:
        due = line.due.due if line.due else far
        return (due >= now, -int(line.incident.level), due, line.incident.id)

    return sorted(lines, key=urgency)


def stale(pulse: Pulse, visit: Visit) -> bool:
    """Say whether no cycle has ended well for too long: what is shown may be old."""
    longest = timedelta(minutes=visit.settings.stale_minutes)
    return pulse.last_cycle_at is None or visit.now - pulse.last_cycle_at > longest
