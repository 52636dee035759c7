"""Signing a response: sending the draft on its way, each signature, each return."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from console.actions import REFUSALS
from console.pages import forms as forms_page
from console.permissions import may_sign
from console.signatures import RESPONSE
from console.visit import Visit
from storage import incidents


def submit(visit: Visit) -> Response:
    """Send the saved draft on its way in the name of the person signed in."""
    who, role = visit.session.name, visit.session.role
    return _done(
        visit,
        lambda: visit.actions.submit_draft(visit.path["incident_id"], who, role),
        "submitted",
    )


def sign(visit: Visit) -> Response:
    """Sign one step, or return the draft with a note."""
    step, passed = visit.form.get("step", ""), visit.form.get("verdict") == "passed"
    who, role, note = visit.session.name, visit.session.role, visit.form.get("note", "")
    if not may_sign(role, step):
        text = visit.say("这一步不由您的岗位签批。")
        return visit.message(visit.say("没有权限"), text, 403)
    return _done(
        visit,
        lambda: visit.actions.give_opinion(
            visit.path["incident_id"], step, who, role, note, passed=passed
        ),
        "signed" if passed else "sent_back",
    )


def _done(visit: Visit, act: Callable[[], None], said: str) -> Response:
    incident_id = visit.path["incident_id"]
    with visit.store.read() as reader:
        if incidents.incident(reader, incident_id) is None:
            return visit.not_found(visit.say("事件"))
    try:
        act()
    except REFUSALS as refused:
        return forms_page.page(visit, RESPONSE, str(refused), 409)
    return visit.go(f"/incidents/{incident_id}/forms/{RESPONSE}", said)
