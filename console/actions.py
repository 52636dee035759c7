"""The few writes the console may ask for. The pipeline does them; the console only asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from alerts.approvals import ApprovalRefusedError
from alerts.clocks import ClockRefusedError
from alerts.forms import FormError
from alerts.incidents import IllegalTransitionError
from models.records import IncidentState, Level


class ActionRefusedError(ValueError):
    """A write that the rules do not allow; the message is shown to the officer."""


REFUSALS = (
    ActionRefusedError,
    ApprovalRefusedError,
    ClockRefusedError,
    FormError,
    IllegalTransitionError,
)
"""What an action may raise; anything else is a fault of the program."""


class ConsoleActions(Protocol):
    """Writes, each in one transaction and each leaving a step, with who and why.

    All may raise one of `REFUSALS`. They are called from worker threads.
    """

    def acknowledge(self, incident_id: str, who: str, how: str, delivery_id: str) -> None:
        """Record that somebody has the matter in hand; the same again changes nothing."""

    def confirm_level(
        self, incident_id: str, level: Level, who: str, role: str, reason: str
    ) -> None:
        """Record the level a person decided."""

    def grade_emergency(
        self, incident_id: str, grade: Level | None, who: str, role: str, reason: str
    ) -> None:
        """Record the grade of the event itself, which sets the 5 h and 24 h clocks."""

    def transition(
        self, incident_id: str, to: IncidentState, who: str, role: str, note: str
    ) -> None:
        """Bring a case into its next state."""

    def assign(
        self,
        incident_id: str,
        unit: str,
        co_units: Sequence[str],
        who: str,
        role: str,
        note: str,
    ) -> None:
        """Name the responsible unit and the co-working ones."""

    def meet_clock(self, incident_id: str, clock_id: str, who: str, note: str) -> None:
        """Record that a duty was done: a press conference held, a report made by telephone."""

    def extend_clock(
        self, incident_id: str, clock_id: str, until: datetime | None, who: str, reason: str
    ) -> None:
        """Give a duty more time, once and before it is over; working days need no `until`."""

    def set_occurred(
        self, incident_id: str, occurred: datetime, who: str, role: str, reason: str
    ) -> None:
        """Record when the event happened; its clocks count from there."""

    def save_form(
        self, incident_id: str, form: str, fields: Mapping[str, str], who: str, role: str
    ) -> None:
        """Keep a filled form as a new version; texts are masked."""

    def submit_draft(self, incident_id: str, who: str, role: str) -> None:
        """Send the saved response approval on its way; this is the first signature."""

    def give_opinion(
        self, incident_id: str, step: str, who: str, role: str, note: str, *, passed: bool
    ) -> None:
        """Sign one step or check of the draft, or return it with a note."""

    def merge_stories(self, kept: str, gone: str, who: str, role: str, note: str) -> None:
        """Make two stories one, under the id of the kept one; it stays so."""

    def split_story(
        self, story_id: str, mention_ids: Sequence[str], who: str, role: str, note: str
    ) -> str:
        """Make some mentions of a story another one, and return its id; they stay apart."""

    def silence(self, incident_id: str, until: datetime, who: str, role: str, reason: str) -> None:
        """Hold back what is told about a case until a time, with an author and a reason."""

    def end_silence(self, number: int, who: str, role: str) -> None:
        """End a silence before its time."""

    def viewed(self, mention_id: str, who: str, role: str) -> None:
        """Record that somebody read an original text: once a person, text and day."""

    def correct_label(
        self, mention_id: str, head: str, label: str, who: str, role: str, note: str
    ) -> None:
        """Record a person's label in place of the model's."""

    def confirm_labels(self, mention_id: str, model: str, who: str, role: str) -> None:
        """Record that this model's labels which nobody has judged yet are right."""
