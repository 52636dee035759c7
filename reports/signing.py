"""Who holds the draft of a response, read from the stored steps of its case."""

from __future__ import annotations

from alerts.approvals import Holder, approval_of
from alerts.constants import ApprovalRow
from models.records import Incident, IncidentState
from storage import incidents
from storage.store import Reader


def holders(reader: Reader, case: Incident, policy: ApprovalRow) -> tuple[Holder, ...]:
    """Return who must sign now, and since when; empty when no draft is under review."""
    if case.state is not IncidentState.IN_REVIEW:
        return ()
    running = approval_of(policy, incidents.steps(reader, case.id))
    return running.holders() if running else ()
