"""Health: how each source is doing, and whether the model still reads as it did."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from console.visit import Visit
from reports import drift
from storage import board, browse
from storage.browse import SourceHealth


def show(visit: Visit) -> Response:
    """Return the health of every source, those in trouble first, and of the model."""
    with visit.store.read() as reader:
        found = browse.health(reader, visit.day_start, list(visit.settings.sources))
        pulse = board.pulse(reader, visit.day_start)
        verdicts = drift.verdicts(reader, visit.now)
    states = {source.source: state_of(source, visit) for source in found}
    facts = {
        "drift": drift,
        "counts": {s: list(states.values()).count(s) for s in ("failed", "silent", "idle", "ok")},
        "pulse": pulse,
        "sources": sorted(found, key=lambda s: ORDER.index(states[s.source])),
        "states": states,
        "verdicts": verdicts,
    }
    return visit.page("sources.html", facts)


ORDER = ("failed", "silent", "idle", "ok")


def state_of(source: SourceHealth, visit: Visit) -> str:
    """Return failed, idle (never ran), silent (nothing new for long) or ok."""
    if source.reason:
        return "failed"
    if source.last_at is None:
        return "idle"
    quiet_since = visit.now - timedelta(days=visit.settings.silent_days)
    if source.new_at is None or source.new_at < quiet_since:
        return "silent"
    return "ok"
