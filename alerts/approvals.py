"""Signing a response: four steps in order, two checks beside, and who holds the draft.

Waiting for a signature is what eats the five hours, so the holder and the time since when are
always known. Nothing is remembered: `approval_of` reads the stored steps of the case again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from alerts.constants import ApprovalRow
from models.records import IncidentState

SUBMITTED, PASSED, SENT_BACK = "draft_submitted", "draft_passed", "draft_returned"
"""Names of the steps of a case that an approval is read from."""

FILLED_LATER = {"published_at": ""}
"""What is written on the form after the last signature, and is not signed."""

ROLE_ZH = {
    "staff": "经办人",
    "section_head": "科室负责人",
    "deputy_leader": "分管领导",
    "principal_leader": "主要领导",
    "secrecy_check": "保密审查",
    "personal_information_check": "个人信息审查",
}
"""Officers' words for steps and checks."""


class ApprovalRefusedError(ValueError):
    """A signature out of order, twice, or without a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One person's verdict on a draft."""

    step: str
    who: str
    passed: bool
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the draft, and since when."""

    step: str
    zh: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A draft on its way: the required steps and checks, and the opinions given so far.

    `version` is the saved version of the form that people sign.
    """

    steps: tuple[str, ...]
    checks: tuple[str, ...]
    submitted_at: datetime
    opinions: tuple[Opinion, ...] = ()
    version: str = ""

    @property
    def returned(self) -> bool:
        """Whether somebody sent it back; a new version starts a new approval."""
        return any(not opinion.passed for opinion in self.opinions)

    @property
    def complete(self) -> bool:
        """Whether every step and every check has passed."""
        return not self.returned and not self.holders()

    def holders(self) -> tuple[Holder, ...]:
        """Return who must act now: the next step in order, and every open check."""
        if self.returned:
            return ()
        waiting = [step for step in self.steps if not self._given(step)][:1]
        if waiting == [self.steps[-1]] and self._open_checks():
            waiting = []  # the last signature comes after both checks
        since = max((o.at for o in self.opinions if o.step in self.steps), default=None)
        held = [self._holder(step, since or self.submitted_at) for step in waiting]
        return (*held, *(self._holder(check, self.submitted_at) for check in self._open_checks()))

    def _given(self, step: str) -> bool:
        return any(opinion.step == step for opinion in self.opinions)

    def _open_checks(self) -> list[str]:
        return [check for check in self.checks if not self._given(check)]

    def _holder(self, step: str, since: datetime) -> Holder:
        return Holder(step=step, zh=ROLE_ZH.get(step, step), since=since)


def submit(policy: ApprovalRow, now: datetime, version: str = "") -> Approval:
    """Return a fresh approval under a policy (who signs is data)."""
    return Approval(steps=policy.steps, checks=policy.checks, submitted_at=now, version=version)


def same_draft(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Say whether two versions of the form are one draft: when it came out is added later."""
    return {**one, **FILLED_LATER} == {**other, **FILLED_LATER}


class StoredStep(Protocol):
    """One step of a case as it is kept: a submission, an opinion, a change of state."""

    @property
    def at(self) -> datetime:
        """When it was taken."""

    @property
    def who(self) -> str:
        """Who took it."""

    @property
    def action(self) -> str:
        """What it was."""

    @property
    def to_value(self) -> str:
        """The version submitted, the step signed, or the new state."""

    @property
    def note(self) -> str:
        """Why."""


def approval_of(policy: ApprovalRow, steps: Iterable[StoredStep]) -> Approval | None:
    """Return the approval of the draft submitted last, or None when none is on its way.

    `steps` are all steps of the case, oldest first. A draft taken back by hand (the case went back
    to 拟稿 without anybody returning it) is on no way any more.
    """
    found: Approval | None = None
    for step in steps:
        if step.action == SUBMITTED:
            found = submit(policy, step.at, step.to_value)
        elif found is not None and step.action in {PASSED, SENT_BACK}:
            found = replace(found, opinions=(*found.opinions, _opinion(step)))
        elif found is not None and _taken_back(found, step):
            found = None
    return found


def _opinion(step: StoredStep) -> Opinion:
    passed = step.action == PASSED
    return Opinion(step=step.to_value, who=step.who, passed=passed, note=step.note, at=step.at)


def _taken_back(approval: Approval, step: StoredStep) -> bool:
    went_back = step.action == "state" and step.to_value == IncidentState.DRAFTED
    return went_back and not approval.returned


def give_opinion(
    approval: Approval, step: str, who: str, *, passed: bool, note: str, now: datetime
) -> Approval:
    """Return the approval with one more opinion, or raise ApprovalRefusedError."""
    waiting = [holder.step for holder in approval.holders()]
    if step not in waiting:
        names = "、".join(ROLE_ZH.get(name, name) for name in waiting) or "无（已办结或已退回）"
        raise ApprovalRefusedError(f"现在不由“{ROLE_ZH.get(step, step)}”审批；待审：{names}")
    if not who.strip():
        raise ApprovalRefusedError("审批须写明审批人")
    if not passed and not note.strip():
        raise ApprovalRefusedError("退回须写明理由")
    opinion = Opinion(step=step, who=who, passed=passed, note=note, at=now)
    return replace(approval, opinions=(*approval.opinions, opinion))
