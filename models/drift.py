"""Whether the classifier still fits what people write: weekly facts in, a verdict out.

Pure: storage counts, the health view shows. A week is judged against the weeks before it, so
that a district with its own mix of matters does not look like a drifted one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShare:
    """A label's share of the mentions, 0..1, in the weeks before and now."""

    label: str
    before: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftVerdict:
    """What moved in a head's last week; `enough` is False when there was too little to tell.

    `mentions` were scored in that week, `weeks_before` earlier weeks were full enough to compare
    with. `share_moved` is the population stability index against them, `shares` the labels that
    make it up, the one that moved most first; `confidence` the week's mean probability and
    `confidence_fell` what it lost; `disagreement` the share of `corrections` that `changed` the
    label (None: no correction).
    """

    head: Head
    week: date
    enough: bool
    moved: tuple[Drift, ...] = ()
    mentions: int = 0
    weeks_before: int = 0
    share_moved: float = 0.0
    shares: tuple[LabelShare, ...] = ()
    confidence: float = 0.0
    confidence_fell: float = 0.0
    corrections: int = 0
    changed: int = 0
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
    verdict = DriftVerdict(
        head=last.head,
        week=last.start,
        enough=last.mentions >= MENTIONS_AT_LEAST and len(before) >= BASELINE_WEEKS_AT_LEAST,
        moved=(Drift.DISAGREEMENT,) if _disagrees(last) else (),
        mentions=last.mentions,
        weeks_before=len(before),
        confidence=last.confidence,
        corrections=last.corrections,
        changed=last.changed,
        disagreement=last.changed / last.corrections if last.corrections else None,
    )
    return _compared(verdict, last, before) if verdict.enough else verdict


def _compared(verdict: DriftVerdict, last: Week, before: Sequence[Week]) -> DriftVerdict:
    """Return the verdict with what moved against the weeks before."""
    pooled = _pooled(before)
    share = stability_index(pooled, last.counts)
    fell = mean(week.confidence for week in before) - last.confidence
    moved = [Drift.SHARE] if share >= SHARE_MOVED_AT else []
    if fell >= CONFIDENCE_FELL_BY:
        moved.append(Drift.CONFIDENCE)
    return replace(
        verdict,
        moved=(*moved, *verdict.moved),
        share_moved=share,
        shares=_shares(pooled, last.counts),
        confidence_fell=fell,
    )


def stability_index(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the population stability index of two label counts, 0 for the same mix.

    Half a mention is added to each label, so that a label first seen now stays finite.
    """
    return sum(_parts(before, now).values())


def _parts(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, float]:
    """Return what each label adds to the stability index."""
    labels = {*before, *now}
    old, new = sum(before.values()) + len(labels) / 2, sum(now.values()) + len(labels) / 2
    parts: dict[str, float] = {}
    for label in sorted(labels):
        p = (before.get(label, 0) + 0.5) / old
        q = (now.get(label, 0) + 0.5) / new
        parts[label] = (q - p) * log(q / p)
    return parts


def _shares(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[LabelShare, ...]:
    old, new = sum(before.values()), sum(now.values())
    parts = _parts(before, now)
    return tuple(
        LabelShare(label=label, before=before.get(label, 0) / old, now=now.get(label, 0) / new)
        for label in sorted(parts, key=lambda label: -parts[label])
    )


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
