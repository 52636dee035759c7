from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from alerts.approvals import (
    PASSED,
    SENT_BACK,
    SUBMITTED,
    Approval,
    ApprovalRefusedError,
    approval_of,
    give_opinion,
    submit,
)
from alerts.constants import load_constants

POLICY = load_constants().approval
STEPS = ("staff", "section_head", "deputy_leader", "principal_leader")
CHECKS = ("secrecy_check", "personal_information_check")
MINUTE = timedelta(minutes=1)


def signed(approval: Approval, now: datetime, *steps: str) -> Approval:
    for minutes, step in enumerate(steps, 1):
        approval = give_opinion(
            approval, step, "某", passed=True, note="", now=now + minutes * MINUTE
        )
    return approval


def test_the_draft_waits_at_the_first_step_and_at_both_checks(now: datetime) -> None:
    held = submit(POLICY, now).holders()
    assert [(holder.step, holder.since) for holder in held] == [
        ("staff", now),
        ("secrecy_check", now),
        ("personal_information_check", now),
    ]


def test_it_shows_who_holds_the_draft_since_when(now: datetime) -> None:
    approval = signed(submit(POLICY, now), now, "staff", "section_head")
    holder = approval.holders()[0]
    assert (holder.zh, holder.since) == ("分管领导", now + 2 * MINUTE)


def test_steps_are_signed_in_order_only(now: datetime) -> None:
    with pytest.raises(ApprovalRefusedError, match="待审：经办人"):
        signed(submit(POLICY, now), now, "deputy_leader")
    with pytest.raises(ApprovalRefusedError):
        signed(submit(POLICY, now), now, "staff", "staff")


def test_the_last_signature_comes_after_both_checks(now: datetime) -> None:
    approval = signed(submit(POLICY, now), now, *STEPS[:3])
    assert [holder.step for holder in approval.holders()] == list(CHECKS)
    complete = signed(approval, now, *CHECKS, STEPS[3])
    assert complete.complete
    assert complete.holders() == ()


def test_sending_back_needs_a_reason_and_ends_the_round(now: datetime) -> None:
    approval = signed(submit(POLICY, now), now, "staff")
    with pytest.raises(ApprovalRefusedError, match="理由"):
        give_opinion(approval, "section_head", "某", passed=False, note="", now=now)
    back = give_opinion(approval, "section_head", "某", passed=False, note="数字有误", now=now)
    assert back.returned
    assert not back.complete
    with pytest.raises(ApprovalRefusedError, match="已退回"):
        signed(back, now, "deputy_leader")


def test_an_opinion_names_its_person(now: datetime) -> None:
    with pytest.raises(ApprovalRefusedError, match="审批人"):
        give_opinion(submit(POLICY, now), "staff", "", passed=True, note="", now=now)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A step of a case as it is stored."""

    at: datetime
    who: str = "某"
    action: str
    to_value: str
    note: str = ""


def test_stored_steps_give_the_approval_again(now: datetime) -> None:
    steps = [
        Kept(at=now, action=SUBMITTED, to_value="7"),
        Kept(at=now, action=PASSED, to_value="staff"),
        Kept(at=now + MINUTE, action="form_saved", to_value="referral"),
        Kept(at=now + 2 * MINUTE, action=PASSED, to_value="section_head", note="可"),
    ]
    found = approval_of(POLICY, steps)
    assert found is not None
    assert found.version == "7"
    assert [opinion.note for opinion in found.opinions] == ["", "可"]
    assert found.holders()[0].step == "deputy_leader"
    assert found.holders()[0].since == now + 2 * MINUTE


def test_a_new_submission_starts_anew_and_a_draft_taken_back_is_on_no_way(now: datetime) -> None:
    returned = [
        Kept(at=now, action=SUBMITTED, to_value="7"),
        Kept(at=now, action=SENT_BACK, to_value="secrecy_check", note="涉密"),
        Kept(at=now, action="state", to_value="drafted"),
    ]
    found = approval_of(POLICY, returned)
    assert found is not None
    assert found.returned
    again = [*returned, Kept(at=now + MINUTE, action=SUBMITTED, to_value="8")]
    fresh = approval_of(POLICY, again)
    assert fresh is not None
    assert (fresh.version, fresh.opinions) == ("8", ())
    assert approval_of(POLICY, [*again, Kept(at=now, action="state", to_value="drafted")]) is None
    assert approval_of(POLICY, []) is None
