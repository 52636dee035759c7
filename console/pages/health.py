"""Whether the service lives, for machines that watch it. Says nothing about content."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from console.pages.board import stale
from console.visit import Visit
from storage import board
from storage.errors import StoreError


def show(visit: Visit) -> Response:
    """Return 200 when the last cycle is recent, 503 when it is not or nothing can be read."""
    try:
        with visit.store.read() as reader:
            pulse = board.pulse(reader, visit.day_start)
    except StoreError:
        return JSONResponse({"status": "broken", "database": "unreadable"}, status_code=503)
    late = stale(pulse, visit)
    last = pulse.last_cycle_at
    answer = {
        "status": "late" if late else "ok",
        "last_cycle_at": last.isoformat() if last else None,
        "seconds_since_cycle": int((visit.now - last).total_seconds()) if last else None,
        "deliveries_waiting": pulse.waiting,
        "deliveries_dead_today": pulse.dead_today,
    }
    return JSONResponse(answer, status_code=503 if late else 200)
