"""Whether the classifier still fits what people write: weekly facts in, a verdict out.

Pure: storage counts, the health view shows. A week is judged against the weeks before it, so
that a district with its own mix of matters does not look like a drifted one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import log, sqrt
from statistics import mean
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from models.labels import Head

SHARE_MOVED_AT: Final = 0.2
"""Population stability index from which a mix has moved (.1 small, .25 large by convention)."""

CONFIDENCE_FELL_BY: Final = 0.05
DISAGREEMENT_AT: Final = 0.25
"""Share of corrected mentions whose label the officer changed; checked with its error margin."""

MENTIONS_AT_LEAST: Final = 100
CORRECTIONS_AT_LEAST: Final = 20
BASELINE_WEEKS_AT_LEAST: Final = 3
ONE_SIDED_95: Final = 1.645


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One head in one week.

    `counts` are mentions a label, "unclassified" included; `confidence` is the mean best
    probability, 0..1; of `corrections` made that week, `changed` gave another label.
    """

    start: date
    head: Head
    counts: Mapping[str, int]
    confidence: float
    corrections: int = 0
    changed: int = 0

    @property
    def mentions(self) -> int:
        """Mentions scored in the week."""
        return sum(self.counts.values())


class Drift(StrEnum):
    """What moved."""

    SHARE = "share"
    CONFIDENCE = "confidence"
    DISAGREEMENT = "disagreement"


DRIFT_ZH: Final[dict[Drift, str]] = {
    Drift.SHARE: "类别占比变化",
    Drift.CONFIDENCE: "置信度下降",
    Drift.DISAGREEMENT: "人工改判偏多",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftVerdict:
    """What moved in a head's last week; `enough` is False when there was too little to tell.

    `share_moved` is the population stability index against the earlier weeks, `confidence_fell`
    the loss of mean probability, `disagreement` the changed share of corrections (None: none).
    """

    head: Head
    week: date
    enough: bool
    moved: tuple[Drift, ...] = ()
    share_moved: float = 0.0
    confidence_fell: float = 0.0
    disagreement: float | None = None

    @property
    def steady(self) -> bool:
        """Nothing moved, and there was enough to tell."""
        return self.enough and not self.moved


def judge_drift(weeks: Sequence[Week]) -> DriftVerdict:
    """Compare the last week of one head with the weeks before it; ValueError if there is none.

    Weeks with few mentions are left out of the baseline.
    """
    if not weeks:
        raise ValueError("no week to judge")
    ordered = sorted(weeks, key=lambda week: week.start)
    last = ordered[-1]
    before = [week for week in ordered[:-1] if week.mentions >= MENTIONS_AT_LEAST]
    disagreement = last.changed / last.corrections if last.corrections else None
    moved = [Drift.DISAGREEMENT] if _disagrees(last) else []
    if last.mentions < MENTIONS_AT_LEAST or len(before) < BASELINE_WEEKS_AT_LEAST:
        return DriftVerdict(
            head=last.head,
            week=last.start,
            enough=False,
            moved=tuple(moved),
            disagreement=disagreement,
        )
    share = stability_index(_pooled(before), last.counts)
    fell = mean(week.confidence for week in before) - last.confidence
    if fell >= CONFIDENCE_FELL_BY:
        moved.insert(0, Drift.CONFIDENCE)
    if share >= SHARE_MOVED_AT:
        moved.insert(0, Drift.SHARE)
    return DriftVerdict(
        head=last.head,
        week=last.start,
        enough=True,
        moved=tuple(moved),
        share_moved=share,
        confidence_fell=fell,
        disagreement=disagreement,
    )


def stability_index(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the population stability index of two label counts, 0 for the same mix.

    Half a mention is added to each label, so that a label first seen now stays finite.
    """
    labels = {*before, *now}
    old, new = sum(before.values()) + len(labels) / 2, sum(now.values()) + len(labels) / 2
    index = 0.0
    for label in labels:
        p = (before.get(label, 0) + 0.5) / old
        q = (now.get(label, 0) + 0.5) / new
        index += (q - p) * log(q / p)
    return index


def _pooled(weeks: Sequence[Week]) -> dict[str, int]:
    pooled: dict[str, int] = {}
    for week in weeks:
        for label, count in week.counts.items():
            pooled[label] = pooled.get(label, 0) + count
    return pooled


def _disagrees(week: Week) -> bool:
    """Say whether more than the allowed share was changed, beyond chance (normal, one-sided)."""
    if week.corrections < CORRECTIONS_AT_LEAST:
        return False
    share = week.changed / week.corrections
    error = sqrt(DISAGREEMENT_AT * (1 - DISAGREEMENT_AT) / week.corrections)
    return share >= DISAGREEMENT_AT + ONE_SIDED_95 * error
