"""What people do to a case, from the console, a link or the shell: checked, written, audited."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol

from alerts import approvals
from alerts import clocks as clock_rules
from alerts import forms as papers
from alerts import incidents as case_rules
from alerts.clocks import ClockRefusedError
from alerts.constants import Constants
from alerts.incidents import IllegalTransitionError
from alerts.routing import Match, Silence, check_silence
from console.actions import ActionRefusedError
from models.labels import LABELS
from models.records import SHANGHAI, Clock, Incident, IncidentState, Level
from pipeline import signing, story_edits
from pipeline.cases import met_by_state
from storage import audit, corrections, forms, incidents, mentions, outbox, silences
from storage.incidents import Acknowledgement, Step
from storage.silences import SilenceRow
from storage.store import Store, Transaction


class Registry(Protocol):
    """Where cases are kept and by which numbers; an open office is one."""

    @property
    def store(self) -> Store:
        """The database."""

    @property
    def constants(self) -> Constants:
        """Limits, calendar and who signs."""

    @property
    def secret(self) -> bytes:
        """What signs links."""

    @property
    def home(self) -> str:
        """The region's own name, which stories are compared without."""

    def regrouping(self, now: datetime) -> AbstractContextManager[Transaction]:
        """Give a transaction in which stories change; the next round goes by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The writes people may ask for; each commits together with its audit row."""

    office: Registry
    clock: Callable[[], datetime]

    def acknowledge(self, incident_id: str, who: str, how: str, delivery_id: str = "") -> None:
        """Record that somebody has the matter; a second time by the same person adds nothing."""
        now = self.clock()
        with self.office.store.transaction() as tx:
            case = self._case(tx, incident_id)
            known = incidents.acknowledgements(tx).get(incident_id, [])
            if any(ack.who == who for ack in known):
                return
            ack = Acknowledgement(
                incident_id=incident_id, at=now, who=who, how=how, delivery_id=delivery_id
            )
            incidents.acknowledge(tx, ack)
            outbox.cancel_waiting(tx, incident_id, f"{who} 已签收")
            self._step(tx, case, who, "acknowledged", ("", ""), how)

    def confirm_level(
        self, incident_id: str, level: Level, who: str, role: str, reason: str
    ) -> None:
        """Set the opinion level a person decided."""

        def decide(case: Incident, now: datetime) -> Incident:
            return case_rules.confirm_level(case, level, who, reason, now)

        self._change(incident_id, decide, who, reason)

    def grade_emergency(
        self, incident_id: str, grade: Level | None, who: str, role: str, reason: str
    ) -> None:
        """Set the grade of the event itself; the 5 h and 24 h clocks start or end with it."""

        def decide(case: Incident, now: datetime) -> Incident:
            return case_rules.set_emergency_grade(case, grade, who, reason, now)

        self._change(incident_id, decide, who, reason)

    def assign(
        self,
        incident_id: str,
        unit: str,
        co_units: Sequence[str],
        who: str,
        role: str,
        note: str,
    ) -> None:
        """Give the case to its responsible unit, with others that work along."""

        def decide(case: Incident, now: datetime) -> Incident:
            return case_rules.assign(case, unit, co_units, now)

        self._change(incident_id, decide, who, note)

    def transition(
        self, incident_id: str, to: IncidentState, who: str, role: str, note: str
    ) -> None:
        """Move the case to its next state; an illegal step is refused with the legal ones named."""
        now = self.clock()
        with self.office.store.transaction() as tx:
            before = self._case(tx, incident_id)
            after = case_rules.transition(before, to, who, role, note, now)
            if before.state is IncidentState.IN_REVIEW and to is IncidentState.RESPONDED:
                signing.check_complete(tx, self.office.constants.approval, incident_id)
            self._apply(tx, before, after, who, note)

    def meet_clock(self, incident_id: str, clock_id: str, who: str, note: str = "") -> None:
        """Mark one duty as done (a press conference held, a phone report made)."""
        now = self.clock()
        with self.office.store.transaction() as tx:
            case = self._case(tx, incident_id)
            clock = self._clock(tx, case, clock_id)
            incidents.put_clock(tx, clock_rules.meet(clock, now))
            self._step(tx, case, who, "clock_met", ("", clock_id), note)

    def extend_clock(
        self, incident_id: str, clock_id: str, until: datetime | None, who: str, reason: str
    ) -> None:
        """Give a duty more time, once, before it is over; working days by their own rule."""
        now, constants = self.clock(), self.office.constants
        with self.office.store.transaction() as tx:
            case = self._open_case(tx, incident_id)
            clock = self._clock(tx, case, clock_id)
            if clock.basis == "working_day":
                later = clock_rules.extend_working_days(clock, constants, reason, now)
            elif until is None:
                raise ClockRefusedError(f"{clock.zh}：延期须写明新时限")
            else:
                later = clock_rules.extend(clock, until, reason, now)
            incidents.put_clock(tx, later)
            note = f"延至 {clock_rules.shanghai(later.due)}：{reason.strip()}"
            self._step(tx, case, who, "extended", ("", clock_id), note)

    def set_occurred(
        self, incident_id: str, occurred: datetime, who: str, role: str, reason: str
    ) -> None:
        """Set the time the event happened; its clocks count from there."""

        def decide(case: Incident, now: datetime) -> Incident:
            return case_rules.set_occurred(case, occurred, who, reason, now)

        self._change(incident_id, decide, who, reason)

    def save_form(
        self, incident_id: str, form: str, fields: Mapping[str, str], who: str, role: str
    ) -> None:
        """Keep a filled form as a new version; what is missing may be supplemented later."""
        now = self.clock()
        values = papers.values_of(papers.fill(form, fields))
        if not values:
            raise papers.FormError("表单是空的，没有保存")
        with self.office.store.transaction() as tx:
            case = self._open_case(tx, incident_id)
            if form == signing.FORM:
                signing.check_free(tx, self.office.constants.approval, incident_id)
            forms.save(tx, incident_id, form, who, values, now)
            self._step(tx, case, who, "form_saved", ("", form), "")

    def submit_draft(self, incident_id: str, who: str, role: str) -> None:
        """Send the saved draft on its way: the case goes to 审核, the first step is signed."""
        now, policy = self.clock(), self.office.constants.approval
        with self.office.store.transaction() as tx:
            case = self._case(tx, incident_id)
            version = signing.check_ready(tx, policy, incident_id)
            if case.state is not IncidentState.IN_REVIEW:
                sent = case_rules.transition(case, IncidentState.IN_REVIEW, who, role, "", now)
                self._apply(tx, case, sent, who, "")
            self._step(tx, case, who, approvals.SUBMITTED, ("", version), "")
            self._step(tx, case, who, approvals.PASSED, ("", policy.steps[0]), "")

    def give_opinion(
        self, incident_id: str, step: str, who: str, role: str, note: str, *, passed: bool
    ) -> None:
        """Sign a step or check, or return the draft: the case then goes back to 拟稿."""
        now = self.clock()
        with self.office.store.transaction() as tx:
            case = self._case(tx, incident_id)
            running = signing.running(tx, self.office.constants.approval, incident_id)
            approvals.give_opinion(running, step, who, passed=passed, note=note, now=now)
            action = approvals.PASSED if passed else approvals.SENT_BACK
            self._step(tx, case, who, action, ("", step), note)
            if not passed and case.state is IncidentState.IN_REVIEW:
                back = case_rules.transition(case, IncidentState.DRAFTED, who, role, note, now)
                self._apply(tx, case, back, who, note)

    def merge_stories(self, kept: str, gone: str, who: str, role: str, note: str) -> None:
        """Make two stories one, under the id of the kept one; the program keeps to it."""
        now = self.clock()
        with self.office.regrouping(now) as tx:
            story_edits.merge(tx, kept, gone, note)
            self._note_story(tx, "stories_merged", (gone, kept), who, note)

    def split_story(
        self, story_id: str, mention_ids: Sequence[str], who: str, role: str, note: str
    ) -> str:
        """Make some mentions, with their copies, a story apart for good; return its id."""
        now = self.clock()
        with self.office.regrouping(now) as tx:
            made = story_edits.split(tx, story_id, mention_ids, self.office.home, note)
            self._note_story(tx, "story_split", (story_id, made), who, note)
        return made

    def silence(self, incident_id: str, until: datetime, who: str, role: str, reason: str) -> None:
        """Hold back what is told about a case until a time; it is listed, never hidden."""
        now = self.clock()
        if not reason.strip():
            raise ActionRefusedError("静默须写明理由")
        with self.office.store.transaction() as tx:
            case = self._case(tx, incident_id)
            match = Match(incident=(incident_id,))
            wanted = Silence(match=match, starts_at=now, ends_at=until, author=who, reason=reason)
            if wrong := check_silence(wanted):
                raise ActionRefusedError(wrong)
            row = SilenceRow(
                id=0,
                matcher=match.model_dump_json(exclude_defaults=True),
                starts_at=now,
                ends_at=until,
                author=who,
                reason=reason,
            )
            silences.add(tx, row)
            self._step(tx, case, who, "silenced", ("", clock_rules.shanghai(until)), reason)

    def end_silence(self, number: int, who: str, role: str) -> None:
        """End a silence before its time; one that is over stays as it was."""
        now = self.clock()
        with self.office.store.transaction() as tx:
            row = silences.one(tx, number)
            if row is None or row.ends_at <= now:
                raise ActionRefusedError("这项静默不存在，或已经结束")
            silences.end(tx, number, now)
            audit.append(tx, now, who, "silence_ended", str(number), row.matcher)

    def viewed(self, mention_id: str, who: str, role: str) -> None:
        """Record that somebody read an original text: once a person, text and Shanghai day."""
        now = self.clock()
        day = datetime.combine(now.astimezone(SHANGHAI).date(), time(0), SHANGHAI)
        with self.office.store.read() as reader:
            if audit.done_since(reader, day, who, "viewed", mention_id):
                return
        with self.office.store.transaction() as tx:
            audit.append(tx, now, who, "viewed", mention_id, role)

    def correct_label(
        self, mention_id: str, head: str, label: str, who: str, role: str, note: str
    ) -> None:
        """Record an officer's label; it counts at once, and teaches at the next training."""
        if head not in LABELS or label not in LABELS[head]:
            raise IllegalTransitionError(f"没有这样的标签：{head} = {label}")
        now = self.clock()
        with self.office.store.transaction() as tx:
            corrections.add(tx, mention_id, (head, label), who, note, now)
            audit.append(tx, now, who, "corrected", mention_id, f"{head}={label}")

    def confirm_labels(self, mention_id: str, model: str, who: str, role: str) -> None:
        """Record that this model's labels which nobody has judged yet are right."""
        now = self.clock()
        with self.office.store.transaction() as tx:
            if mentions.model_of(tx, mention_id) != model:
                raise ActionRefusedError("模型刚刚重新判读过这条信息，请看过新的判读再确认")
            if heads := corrections.confirm(tx, mention_id, who, now):
                audit.append(tx, now, who, "labels_confirmed", mention_id, " ".join(heads))

    def _change(
        self,
        incident_id: str,
        decide: Callable[[Incident, datetime], Incident],
        who: str,
        note: str,
    ) -> None:
        # Roles were checked against the table of permissions where the request came in.
        now = self.clock()
        with self.office.store.transaction() as tx:
            before = self._case(tx, incident_id)
            self._apply(tx, before, decide(before, now), who, note)

    def _apply(
        self, tx: Transaction, before: Incident, after: Incident, who: str, note: str
    ) -> None:
        incidents.put_incident(tx, after)
        self._keep_clocks(tx, after, self.clock())
        line = case_rules.change(before, after, who, note)
        self._step(tx, after, who, line.action, (line.from_value, line.to_value), note)

    def _keep_clocks(self, tx: Transaction, case: Incident, now: datetime) -> None:
        running = incidents.clocks(tx, case.id)
        wanted = clock_rules.clocks_for(case, self.office.constants, now, running)
        incidents.replace_clocks(tx, case.id, [met_by_state(clock, case, now) for clock in wanted])

    def _step(
        self,
        tx: Transaction,
        case: Incident,
        who: str,
        action: str,
        change: tuple[str, str],
        note: str,
    ) -> None:
        now = self.clock()
        step = Step(
            incident_id=case.id,
            at=now,
            who=who,
            action=action,
            from_value=change[0],
            to_value=change[1],
            note=note,
        )
        incidents.add_step(tx, step)
        audit.append(tx, now, who, action, case.number, f"{change[0]}→{change[1]} {note}".strip())

    def _clock(self, tx: Transaction, case: Incident, clock_id: str) -> Clock:
        for clock in incidents.clocks(tx, case.id):
            if clock.clock_id == clock_id:
                return clock
        raise IllegalTransitionError(f"{case.number} 没有时限 {clock_id}")

    def _note_story(
        self, tx: Transaction, action: str, change: tuple[str, str], who: str, note: str
    ) -> None:
        """Audit a change of stories, and write it into the open cases of either."""
        now = self.clock()
        audit.append(tx, now, who, action, change[0], f"{change[0]}→{change[1]} {note}".strip())
        for case in incidents.open_incidents(tx):
            if case.story_id in change:
                step = Step(incident_id=case.id, at=now, who=who, action=action, note=note)
                incidents.add_step(tx, step)

    def _open_case(self, tx: Transaction, incident_id: str) -> Incident:
        case = self._case(tx, incident_id)
        if case.state is IncidentState.ARCHIVED:
            raise IllegalTransitionError(f"{case.number} 已归档，不能再修改")
        return case

    def _case(self, tx: Transaction, incident_id: str) -> Incident:
        case = incidents.incident(tx, incident_id)
        if case is None:
            raise IllegalTransitionError(f"没有编号为 {incident_id} 的事件")
        return case
