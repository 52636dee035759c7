"""The console's writes for tests: the real rules and the real database, without the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts import clocks as clock_rules
from alerts import incidents as rules
from models.records import Incident, IncidentState, Level
from storage import corrections, incidents
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Does what `console.actions.ConsoleActions` promises."""

    store: Store
    clock: Callable[[], datetime]

    def acknowledge(self, incident_id: str, who: str, how: str, delivery_id: str) -> None:
        with self.store.transaction() as tx:
            incidents.acknowledge(
                tx,
                incidents.Acknowledgement(
                    incident_id=incident_id,
                    at=self.clock(),
                    who=who,
                    how=how,
                    delivery_id=delivery_id,
                ),
            )

    def confirm_level(
        self, incident_id: str, level: Level, who: str, role: str, reason: str
    ) -> None:
        del role
        before = self._case(incident_id)
        after = rules.confirm_level(before, level, who, reason, self.clock())
        self._keep(before, after, who, reason)

    def grade_emergency(
        self, incident_id: str, grade: Level | None, who: str, role: str, reason: str
    ) -> None:
        del role
        before = self._case(incident_id)
        after = rules.set_emergency_grade(before, grade, who, reason, self.clock())
        self._keep(before, after, who, reason)

    def transition(
        self, incident_id: str, to: IncidentState, who: str, role: str, note: str
    ) -> None:
        before = self._case(incident_id)
        after = rules.transition(before, to, who, role, note, self.clock())
        self._keep(before, after, who, note)

    def assign(
        self, incident_id: str, unit: str, co_units: Sequence[str], who: str, role: str, note: str
    ) -> None:
        del role
        before = self._case(incident_id)
        after = rules.assign(before, unit, co_units, self.clock())
        self._keep(before, after, who, note)

    def meet_clock(self, incident_id: str, clock_id: str, who: str, note: str) -> None:
        with self.store.transaction() as tx:
            for clock in incidents.clocks(tx, incident_id):
                if clock.clock_id == clock_id:
                    incidents.put_clock(tx, clock_rules.meet(clock, self.clock()))
                    step = incidents.Step(
                        incident_id=incident_id,
                        at=self.clock(),
                        who=who,
                        action="clock_met",
                        to_value=clock_id,
                        note=note,
                    )
                    incidents.add_step(tx, step)
                    return
        raise rules.IllegalTransitionError(f"没有时限 {clock_id}")

    def correct_label(
        self, mention_id: str, head: str, label: str, who: str, role: str, note: str
    ) -> None:
        del role
        with self.store.transaction() as tx:
            corrections.add(tx, mention_id, (head, label), who, note, self.clock())

    def _case(self, incident_id: str) -> Incident:
        with self.store.read() as reader:
            found = incidents.incident(reader, incident_id)
        assert found is not None
        return found

    def _keep(self, before: Incident, after: Incident, who: str, note: str) -> None:
        changed = rules.change(before, after, who, note)
        with self.store.transaction() as tx:
            incidents.put_incident(tx, after)
            incidents.add_step(
                tx,
                incidents.Step(
                    incident_id=after.id,
                    at=self.clock(),
                    who=changed.who,
                    action=changed.action,
                    from_value=changed.from_value,
                    to_value=changed.to_value,
                    note=changed.note,
                ),
            )
