"""Silences: what is not told for a while, by whom and why; in force, to come and over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from alerts.routing import Match, Notice
from console.actions import REFUSALS
from console.visit import Visit, local_moment
from models.records import Alert, Incident
from storage import incidents, silences
from storage.silences import SilenceRow
from storage.store import Reader

LISTED_AT_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One silence; `cases` are the incidents it names, `other` what else it applies to."""

    row: SilenceRow
    cases: tuple[Incident, ...]
    other: str
    state: str


def show(visit: Visit) -> Response:
    """Return the list, and the form that begins a silence."""
    return _page(visit, "", 200)


def begin(visit: Visit) -> Response:
    """Silence one incident until a time."""
    until = local_moment(visit.form.get("until", ""))
    incident_id = visit.form.get("incident", "")
    if until is None:
        return _page(visit, visit.say("请填写静默的结束时间。"), 400)
    who, role = visit.session.name, visit.session.role
    try:
        visit.actions.silence(incident_id, until, who, role, visit.form.get("reason", ""))
    except REFUSALS as refused:
        return _page(visit, str(refused), 409)
    return visit.go("/silences", "silenced")


def end(visit: Visit) -> Response:
    """End a silence now."""
    number = visit.path["number"]
    try:
        wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
        visit.actions.end_silence(wanted, visit.session.name, visit.session.role)
    except REFUSALS as refused:
        return _page(visit, str(refused), 409)
    return visit.go("/silences", "unsilenced")


def in_force(
    reader: Reader, case: Incident, alerts: Sequence[Alert], now: datetime
) -> list[SilenceRow]:
    """Return the silences that hold back what is told about a case now."""
    notice = Notice(
        level=case.level,
        incident=case.id,
        story=case.story_id,
        topic=case.topic,
        place=case.place,
        unit=case.responsible_unit,
        rule=alerts[0].rule if alerts else "",
    )
    return [
        row
        for row in silences.not_over(reader, now)
        if row.starts_at <= now and Match.model_validate_json(row.matcher).matches(notice)
    ]


def _page(visit: Visit, error: str, status: int) -> Response:
    with visit.store.read() as reader:
        rows = silences.listed(reader, LISTED_AT_MOST)
        cases = {case.id: case for case in incidents.all_incidents(reader)}
    facts = {
        "chosen": visit.form.get("incident") or visit.query.get("incident", ""),
        "error": error,
        "lines": [_line(row, cases, visit.now) for row in rows],
        "open_cases": [case for case in cases.values() if case.closed_at is None],
    }
    return visit.page("silences.html", facts, status)


def _line(row: SilenceRow, cases: Mapping[str, Incident], now: datetime) -> Line:
    match = Match.model_validate_json(row.matcher)
    other = match.model_copy(update={"incident": ()})
    state = "over" if row.ends_at <= now else "coming" if row.starts_at > now else "in_force"
    return Line(
        row=row,
        cases=tuple(cases[name] for name in match.incident if name in cases),
        other="" if other == Match() else other.model_dump_json(exclude_defaults=True),
        state=state,
    )
