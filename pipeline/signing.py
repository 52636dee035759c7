"""Where the response to a case stands between its signatures, read from the stored rows."""

from __future__ import annotations

from alerts.approvals import Approval, ApprovalRefusedError, approval_of, same_draft
from alerts.constants import ApprovalRow
from alerts.forms import fill, missing
from storage import forms, incidents
from storage.store import Reader

FORM = "response_approval"
"""The form whose saved version people sign."""


def running(reader: Reader, policy: ApprovalRow, incident_id: str) -> Approval:
    """Return the approval of the draft submitted last; refused when none is on its way."""
    found = approval_of(policy, incidents.steps(reader, incident_id))
    if found is None:
        raise ApprovalRefusedError("没有送审的文稿：先保存回应审批单，再送审")
    return found


def check_free(reader: Reader, policy: ApprovalRow, incident_id: str) -> None:
    """Refuse a change of the draft while people are signing it."""
    found = approval_of(policy, incidents.steps(reader, incident_id))
    if found is not None and found.holders():
        raise ApprovalRefusedError(f"文稿正在审批（{_holders(found)}），退回后方可修改")


def check_ready(reader: Reader, policy: ApprovalRow, incident_id: str) -> str:
    """Return the version that may be submitted; refused when it is incomplete or on its way."""
    found = approval_of(policy, incidents.steps(reader, incident_id))
    saved = forms.latest(reader, incident_id).get(FORM)
    if found is not None and found.holders():
        raise ApprovalRefusedError(f"文稿已送审，现在：{_holders(found)}")
    if saved is None:
        raise ApprovalRefusedError("还没有保存回应审批单，不能送审")
    if lacking := missing(fill(FORM, saved.fields)):
        raise ApprovalRefusedError(f"回应审批单尚缺：{'、'.join(lacking)}")
    if found is not None and _signed(reader, found, incident_id):
        words = "已退回，修改保存后再送审" if found.returned else "已经审定，无需再送"
        raise ApprovalRefusedError(f"这一版文稿{words}")
    return str(saved.number)


def check_complete(reader: Reader, policy: ApprovalRow, incident_id: str) -> None:
    """Refuse a response that not everybody has signed, or that was changed afterwards."""
    found = running(reader, policy, incident_id)
    if found.returned:
        raise ApprovalRefusedError("文稿已被退回，修改后重新送审")
    if not found.complete:
        raise ApprovalRefusedError(f"审批尚未完成，现在：{_holders(found)}")
    if not _signed(reader, found, incident_id):
        raise ApprovalRefusedError("审批完成后文稿又有修改，须重新送审")


def _signed(reader: Reader, approval: Approval, incident_id: str) -> bool:
    """Say whether the version last saved is the draft that was submitted."""
    versions = forms.versions(reader, incident_id, FORM)
    submitted = [saved for saved in versions if str(saved.number) == approval.version]
    return bool(submitted) and same_draft(submitted[0].fields, versions[0].fields)


def _holders(approval: Approval) -> str:
    return "、".join(holder.zh for holder in approval.holders())
