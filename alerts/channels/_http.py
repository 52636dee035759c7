"""What the HTTP channels share: reading a status line as a fate."""

from __future__ import annotations

from alerts.contract import Posted, Sent

RETRY_STATUSES = frozenset({408, 425, 429})


def failed(posted: Posted) -> Sent | None:
    """Return the failure an answer means by its status, or None when it is 2xx.

    No answer, 408, 425, 429 and 5xx may be tried again; any other status cannot help itself.
    """
    if posted.failure:
        return Sent(ok=False, detail=posted.failure, retry_after=posted.retry_after)
    if 200 <= posted.status < 300:
        return None
    again = posted.status in RETRY_STATUSES or posted.status >= 500
    return Sent(
        ok=False,
        permanent=not again,
        detail=f"HTTP {posted.status}",
        retry_after=posted.retry_after,
    )
