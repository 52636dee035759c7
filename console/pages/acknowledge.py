"""The page behind a signed link: shows what is acknowledged, and does it at the press of a button.

Opening the link changes nothing, so a mail program that fetches links acknowledges nothing.
"""

from __future__ import annotations

from starlette.responses import Response

from alerts.ack import AckToken, BadAckError, verify
from console.actions import REFUSALS
from console.visit import Visit
from storage import board, incidents
from storage.board import Reach

NAME_AT_MOST = 40


def show(visit: Visit) -> Response:
    """Return what the link is about and a button."""
    try:
        token = verify(visit.path["token"], visit.settings.secret, visit.now)
    except BadAckError as bad:
        return _bad(visit, bad)
    return _page(visit, token, token.receiver, "")


def accept(visit: Visit) -> Response:
    """Acknowledge in the name given, or the receiver's; pressing again changes nothing."""
    try:
        token = verify(visit.path["token"], visit.settings.secret, visit.now)
    except BadAckError as bad:
        return _bad(visit, bad)
    who = visit.form.get("who", "")[:NAME_AT_MOST] or token.receiver
    with visit.store.read() as reader:
        if incidents.incident(reader, token.incident_id) is None:
            return visit.not_found(visit.say("事件"))
        known = incidents.acknowledgements(reader).get(token.incident_id, [])
    if any(ack.delivery_id == token.delivery_id for ack in known):
        return _page(visit, token, who, "")
    try:
        visit.actions.acknowledge(token.incident_id, who, "link", token.delivery_id)
    except REFUSALS as refused:
        return _page(visit, token, who, str(refused))
    return _page(visit, token, who, "")


def _page(visit: Visit, token: AckToken, who: str, error: str) -> Response:
    with visit.store.read() as reader:
        case = incidents.incident(reader, token.incident_id)
        if case is None:
            return visit.not_found(visit.say("事件"))
        acknowledged = incidents.acknowledgements(reader).get(case.id, [])
        running = [c for c in incidents.clocks(reader, case.id) if c.met_at is None]
        reach = board.reach(reader, [case.id]).get(case.id, Reach())
    mine = [a for a in acknowledged if a.delivery_id == token.delivery_id or a.who == who]
    facts = {
        "acknowledged": acknowledged,
        "case": case,
        "due": running[0] if running and case.closed_at is None else None,
        "error": error,
        "mine": mine[0] if mine else None,
        "reach": reach,
        "token": token,
    }
    return visit.page("ack.html", facts, 409 if error else 200)


def _bad(visit: Visit, bad: BadAckError) -> Response:
    return visit.message(visit.say("不能签收"), visit.say(str(bad)), 403)
