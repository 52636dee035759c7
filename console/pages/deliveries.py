"""What was told to whom, each try, and what did not arrive."""

from __future__ import annotations

from starlette.responses import Response

from console.visit import Visit
from models.records import DeliveryStatus
from storage import board


def show(visit: Visit) -> Response:
    """Return messages, newest first, of one status and channel if asked."""
    size = visit.settings.page_size
    status, channel = visit.query.get("status", ""), visit.query.get("channel", "")
    text = visit.query.get("page", "")
    page = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    with visit.store.read() as reader:
        told = board.told_page(
            reader, status=status, channel=channel, at_most=size + 1, skip=(page - 1) * size
        )
        facts = {
            "channel": channel,
            "channels": board.channels(reader),
            "counts": board.told_counts(reader),
            "more": len(told) > size,
            "page": page,
            "status": status,
            "statuses": list(DeliveryStatus),
            "told": told[:size],
        }
    return visit.page("deliveries.html", facts)
