"""One incident: facts, clocks, what happened, its mentions, who was told, and the next step."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.responses import Response

from alerts.forms import FORM_ZH
from alerts.incidents import NEEDS_NOTE
from console.actions import REFUSALS
from console.history import Record, history
from console.pages.silences import in_force
from console.permissions import steps_for
from console.signatures import chain_of
from console.visit import Visit, local_moment
from models.records import Alert, Incident, IncidentState, Level
from reports.advice import advice
from storage import board, browse, forms, incidents
from storage.board import Reach
from storage.incidents import Step

MENTIONS_AT_MOST = 50
UNITS_AT_MOST = 10


def show(visit: Visit) -> Response:
    """Return the page of one incident."""
    return _page(visit, "", 200)


def acknowledge(visit: Visit) -> Response:
    """Acknowledge from the console, in the name of the person signed in."""
    incident_id = visit.path["incident_id"]
    return _done(
        visit,
        lambda: visit.actions.acknowledge(incident_id, visit.session.name, "console", ""),
        "acknowledged",
    )


def confirm_level(visit: Visit) -> Response:
    """Confirm or change the opinion level."""
    level = _level(visit.form.get("level", ""))
    if level is None:
        return _page(visit, visit.say("请选择等级。"), 400)
    who, role = visit.session.name, visit.session.role
    return _done(
        visit,
        lambda: visit.actions.confirm_level(
            visit.path["incident_id"], level, who, role, visit.form.get("reason", "")
        ),
        "level",
    )


def grade_emergency(visit: Visit) -> Response:
    """Say how grave the event itself is; none takes a grade back."""
    word = visit.form.get("grade", "")
    grade = _level(word)
    if grade is None and word != "none":
        return _page(visit, visit.say("请选择等级。"), 400)
    who, role = visit.session.name, visit.session.role
    return _done(
        visit,
        lambda: visit.actions.grade_emergency(
            visit.path["incident_id"], grade, who, role, visit.form.get("reason", "")
        ),
        "grade",
    )


def move(visit: Visit) -> Response:
    """Bring the case into the chosen state."""
    try:
        to = IncidentState(visit.form.get("to", ""))
    except ValueError:
        return _page(visit, visit.say("请选择下一步。"), 400)
    who, role = visit.session.name, visit.session.role
    return _done(
        visit,
        lambda: visit.actions.transition(
            visit.path["incident_id"], to, who, role, visit.form.get("note", "")
        ),
        "moved",
    )


def assign(visit: Visit) -> Response:
    """Name the responsible unit."""
    unit = visit.form.get("unit", "")
    if not unit:
        return _page(visit, visit.say("请填写责任单位。"), 400)
    who, role = visit.session.name, visit.session.role
    co_units = split_units(visit.form.get("co_units", ""))
    return _done(
        visit,
        lambda: visit.actions.assign(
            visit.path["incident_id"], unit, co_units, who, role, visit.form.get("note", "")
        ),
        "assigned",
    )


def meet_clock(visit: Visit) -> Response:
    """Record that a duty was done."""
    return _done(
        visit,
        lambda: visit.actions.meet_clock(
            visit.path["incident_id"],
            visit.form.get("clock", ""),
            visit.session.name,
            visit.form.get("note", ""),
        ),
        "met",
    )


def extend_clock(visit: Visit) -> Response:
    """Give a duty a later limit, with the reason."""
    until = local_moment(visit.form.get("until", ""))
    return _done(
        visit,
        lambda: visit.actions.extend_clock(
            visit.path["incident_id"],
            visit.form.get("clock", ""),
            until,
            visit.session.name,
            visit.form.get("reason", ""),
        ),
        "extended",
    )


def set_occurred(visit: Visit) -> Response:
    """Record when the event happened."""
    occurred = local_moment(visit.form.get("occurred", ""))
    if occurred is None:
        return _page(visit, visit.say("请填写事发时间。"), 400)
    who, role = visit.session.name, visit.session.role
    return _done(
        visit,
        lambda: visit.actions.set_occurred(
            visit.path["incident_id"], occurred, who, role, visit.form.get("reason", "")
        ),
        "occurred",
    )


def split_units(text: str) -> tuple[str, ...]:
    """Return the units named in a line, separated by 、，,；; or spaces."""
    return tuple(part for part in re.split(r"[、，,；;\s]+", text) if part)[:UNITS_AT_MOST]


def _level(word: str) -> Level | None:
    try:
        return Level.of(word)
    except ValueError:
        return None


def _done(visit: Visit, act: Callable[[], None], said: str) -> Response:
    with visit.store.read() as reader:
        if incidents.incident(reader, visit.path["incident_id"]) is None:
            return visit.not_found(visit.say("事件"))
    try:
        act()
    except REFUSALS as refused:
        return _page(visit, str(refused), 409)
    back = "/" if visit.form.get("back") == "board" else f"/incidents/{visit.path['incident_id']}"
    return visit.go(back, said)


def _page(visit: Visit, error: str, status: int) -> Response:
    incident_id = visit.path["incident_id"]
    with visit.store.read() as reader:
        case = incidents.incident(reader, incident_id)
        if case is None:
            return visit.not_found(visit.say("事件"))
        alerts = board.alerts_of(reader, incident_id)
        told = board.told_about(reader, incident_id)
        acknowledged = incidents.acknowledgements(reader).get(incident_id, [])
        shown = browse.of_incident(reader, incident_id, MENTIONS_AT_MOST)
        ids = [mention.id for mention in shown]
        steps = incidents.steps(reader, incident_id)
        clocks = incidents.clocks(reader, incident_id)
        record = Record(
            steps=steps, alerts=alerts, acknowledged=acknowledged, told=told, clocks=clocks
        )
        facts = {
            "acknowledged": acknowledged,
            "advice": advice(
                case,
                next((c for c in clocks if c.met_at is None), None),
                visit.now,
                visit.language,
                taken=bool(acknowledged),
            ),
            "alerts": alerts,
            "case": case,
            "clocks": clocks,
            "copies": browse.copy_counts(reader, ids),
            "error": error,
            "form_names": FORM_ZH,
            "forms": forms.latest(reader, incident_id),
            "chain": chain_of(visit, steps),
            "happenings": history(record, visit.language),
            "hits": browse.hits(reader, ids),
            "mentions": shown,
            "needs_note": NEEDS_NOTE,
            "quiet": in_force(reader, case, alerts, visit.now),
            "reach": board.reach(reader, [incident_id]).get(incident_id, Reach()),
            "reasons": _reasons(case, alerts),
            "state_since": _state_since(case, steps),
            "steps": steps_for(visit.session.role, case),
            "told": told,
        }
    return visit.page("incident.html", facts, status)


def _state_since(case: Incident, steps: Sequence[Step]) -> datetime:
    """Return since when the case has stood in its state."""
    return max((s.at for s in steps if s.action == "state"), default=case.detected_at)


def _reasons(case: Incident, alerts: Sequence[Alert]) -> tuple[str, ...]:
    """Return why the suggested level was suggested: the newest alert of that level."""
    fitting = [alert for alert in alerts if alert.level == case.level_suggested] or list(alerts)
    return fitting[0].reasons if fitting else ()
