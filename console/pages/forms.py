"""The papers of a case: shown as last saved, filled in, saved as a new version, printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from alerts.forms import FORM_ZH, Blank, blanks, fill, missing
from console.actions import REFUSALS
from console.drafts import Known, drafted
from console.signatures import RESPONSE, SIGNED_LINES, chain_of
from console.visit import Visit
from models.records import Incident
from storage import board, browse, forms, incidents
from storage.board import Reach
from storage.forms import SavedForm
from storage.store import Reader

MENTIONS_AT_MOST = 50
LONG_LINES = frozenset(
    {"gist", "situation", "analysis", "opinion", "facts", "measures", "response_text", "draft"}
    | {"basis", "talking_points", "cause", "course", "handling", "requests", "claim", "evidence"}
    | {"public_feedback", "trend", "leader_note", "decisions", "tasks", "scope", "agenda"}
)
"""Lines of a form that take more than one line of text."""


def show(visit: Visit) -> Response:
    """Return one form of a case: the version asked for, or the latest, or a draft."""
    return page(visit, visit.path["form"], "", 200)


def save(visit: Visit) -> Response:
    """Save what was filled in as a new version."""
    incident_id, form = visit.path["incident_id"], visit.path["form"]
    with visit.store.read() as reader:
        if form not in FORM_ZH or incidents.incident(reader, incident_id) is None:
            return visit.not_found(visit.say("表单"))
    names = {line.name for line in blanks(form)} - SIGNED_LINES
    fields = {name: text for name, text in visit.form.items() if name in names}
    who, role = visit.session.name, visit.session.role
    try:
        visit.actions.save_form(incident_id, form, fields, who, role)
    except REFUSALS as refused:
        return page(visit, form, str(refused), 409)
    return visit.go(f"/incidents/{incident_id}/forms/{form}", "saved")


def page(visit: Visit, form: str, error: str, status: int) -> Response:
    """Return one form of a case with what was refused, if anything was."""
    incident_id = visit.path["incident_id"]
    with visit.store.read() as reader:
        case = incidents.incident(reader, incident_id)
        if case is None or form not in FORM_ZH:
            return visit.not_found(visit.say("表单"))
        versions = forms.versions(reader, incident_id, form)
        draft = {} if versions else drafted(form, _known(visit, reader, case))
        chain = chain_of(visit, incidents.steps(reader, incident_id), versions)
    shown = _chosen(versions, visit.query.get("version", ""))
    values = shown.fields if shown else draft
    if form == RESPONSE and chain.signs(shown):
        values = {**values, **chain.signed_lines(visit)}
    facts = {
        "case": case,
        "chain": chain if form == RESPONSE else None,
        "error": error,
        "lacking": missing(fill(form, values)),
        "lines": blanks(form),
        "long_lines": LONG_LINES,
        "name": form,
        "shown": shown,
        "signed_lines": SIGNED_LINES,
        "title": FORM_ZH[form],
        "typed": _typed(visit, blanks(form), values),
        "values": values,
        "versions": versions,
    }
    return visit.page("form.html", facts, status)


def _chosen(versions: Sequence[SavedForm], number: str) -> SavedForm | None:
    """Return the version of that number, or the latest; None when nothing was ever saved."""
    asked = [saved for saved in versions if str(saved.number) == number]
    return next(iter(asked or versions), None)


def _typed(visit: Visit, lines: Sequence[Blank], values: Mapping[str, str]) -> Mapping[str, str]:
    """Return what the fields hold: what was just typed and refused, else what is shown."""
    return {line.name: visit.form.get(line.name, values.get(line.name, "")) for line in lines}


def _known(visit: Visit, reader: Reader, case: Incident) -> Known:
    mentions = browse.of_incident(reader, case.id, MENTIONS_AT_MOST)
    first = mentions[-1] if mentions else None
    return Known(
        case=case,
        clocks=incidents.clocks(reader, case.id),
        first=first,
        source=visit.settings.source_name(first.source) if first else "",
        reach=board.reach(reader, [case.id]).get(case.id, Reach()),
        saved=forms.latest(reader, case.id),
        who=visit.session.name,
        now=visit.now,
    )
