"""The signatures under a response as a page shows them: who signed, who holds it since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.approvals import ROLE_ZH, Approval, Holder, Opinion, approval_of, same_draft
from alerts.clocks import shanghai
from console.permissions import may_sign
from console.visit import Visit
from models.records import Incident, IncidentState
from storage.forms import SavedForm
from storage.incidents import Step

RESPONSE = "response_approval"
"""The form whose saved version is signed."""

SIGNED_LINES = frozenset({"secrecy_check", "personal_information_check", "opinions"})
"""Lines of that form which the signatures fill, never a person's typing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step or check: its signature if it has one, since when it waits if it does."""

    step: str
    zh: str
    opinion: Opinion | None
    since: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The approval of one case, and the version submitted; None until one was."""

    running: Approval | None
    submitted: SavedForm | None
    stages: tuple[Stage, ...]

    @property
    def holders(self) -> tuple[Holder, ...]:
        """Who must act now."""
        return self.running.holders() if self.running else ()

    def signs(self, saved: SavedForm | None) -> bool:
        """Say whether these signatures are under that version of the form."""
        if saved is None or self.submitted is None:
            return False
        return same_draft(saved.fields, self.submitted.fields)

    def may_submit(self, case: Incident, latest: SavedForm | None) -> bool:
        """Say whether the latest version can be sent on its way now."""
        ready = case.state in {IncidentState.DRAFTED, IncidentState.IN_REVIEW}
        return ready and latest is not None and not self.holders and not self.signs(latest)

    def signed_lines(self, visit: Visit) -> Mapping[str, str]:
        """Return the lines of the form that the signatures fill."""
        given = [(stage, _said(stage.opinion, visit)) for stage in self.stages if stage.opinion]
        checks = {stage.step: said for stage, said in given if stage.step in SIGNED_LINES}
        steps = [f"{stage.zh} {said}" for stage, said in given if stage.step not in SIGNED_LINES]
        return {**checks, "opinions": "\n".join(steps)}


def chain_of(visit: Visit, steps: Sequence[Step], versions: Sequence[SavedForm] = ()) -> Chain:
    """Return the signatures under the draft submitted last, among the saved versions."""
    policy = visit.settings.constants.approval
    running = approval_of(policy, steps)
    given = {opinion.step: opinion for opinion in running.opinions} if running else {}
    waiting = {holder.step: holder.since for holder in running.holders()} if running else {}
    stages = tuple(
        Stage(
            step=step,
            zh=visit.say(ROLE_ZH.get(step, step)),
            opinion=given.get(step),
            since=waiting.get(step),
            mine=step in waiting and may_sign(visit.session.role, step),
        )
        for step in (*policy.steps, *policy.checks)
    )
    submitted = [saved for saved in versions if running and str(saved.number) == running.version]
    return Chain(running=running, submitted=next(iter(submitted), None), stages=stages)


def _said(opinion: Opinion, visit: Visit) -> str:
    verdict = visit.say("通过") if opinion.passed else visit.say("退回")
    note = f" {opinion.note}" if opinion.note else ""
    return f"{opinion.who} {shanghai(opinion.at)} {verdict}{note}"
