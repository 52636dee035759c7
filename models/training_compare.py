"""Candidate against the model in service: figures with their uncertainty, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq
from scipy.stats import binomtest

from models.labels import HEAD_ZH, HEADS, LABELS, Head
from models.training_corpus import CITIZEN, GOLD, HELD_PART, part_of
from models.training_metrics import macro_f1

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from models.classifier import Classifier

RESAMPLES: Final = 500
SEED: Final = 0
INTERVAL: Final = (2.5, 97.5)
SIGNIFICANT_BELOW: Final = 0.05
ROWS_AT_LEAST: Final = 100
LOSS_ALLOWED: Final = 0.005
"""Mean accuracy over the heads that a candidate may lose by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Rows that neither model was trained on: one head's texts, kinds and labels."""

    head: Head
    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadComparison:
    """One head on the same rows by both models.

    `only_candidate` rows the candidate alone has right, `only_service` the other way round; `p`
    is McNemar's exact two-sided p-value of the two. `gain` is the accuracy won.
    """

    head: Head
    rows: int
    candidate_accuracy: Figure
    service_accuracy: Figure
    candidate_macro_f1: Figure
    service_macro_f1: Figure
    gain: Figure
    only_candidate: int
    only_service: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All heads on held rows, and on the officers' corrections where there are any."""

    candidate: str
    service: str
    held: tuple[HeadComparison, ...]
    corrections: tuple[HeadComparison, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the candidate may take over, and why, in the officers' words."""

    promote: bool
    reason: str


def held_rows(data: Path) -> tuple[Held, ...]:
    """Return the held tenth of the labelled messages, news and posts, one entry a head."""
    rows = pq.read_table(data / f"{GOLD}.parquet").to_pylist()
    parts = part_of([row["text"] for row in rows])
    kept = [row for row, part in zip(rows, parts, strict=True) if part == HELD_PART]
    return tuple(
        Held(
            head=head,
            texts=tuple(row["text"] for row in kept),
            kinds=tuple(row["kind"] for row in kept),
            labels=tuple(str(row[head]) for row in kept),
        )
        for head in HEADS
    )


def held_corrections(corrections: pa.Table | None) -> tuple[Held, ...]:
    """Return the corrections (text, kind, head, label) that training leaves out, a head each."""
    rows = corrections.to_pylist() if corrections is not None else []
    parts = part_of([row["text"] for row in rows])
    kept = [row for row, part in zip(rows, parts, strict=True) if part == HELD_PART]
    return tuple(
        _of_head(head, mine) for head in HEADS if (mine := [r for r in kept if r["head"] == head])
    )


def _of_head(head: Head, rows: Sequence[dict[str, Any]]) -> Held:
    return Held(
        head=head,
        texts=tuple(row["text"] for row in rows),
        kinds=tuple(row["kind"] or CITIZEN for row in rows),
        labels=tuple(str(row["label"]) for row in rows),
    )


def evaluate(
    candidate: Classifier,
    service: Classifier,
    held: Sequence[Held],
    corrections: pa.Table | None = None,
) -> Comparison:
    """Compare two models on held rows (`held_rows`) and on the held part of the corrections."""
    return Comparison(
        candidate=candidate.version,
        service=service.version,
        held=tuple(_compared(candidate, service, rows) for rows in held if rows.texts),
        corrections=tuple(
            _compared(candidate, service, rows) for rows in held_corrections(corrections)
        ),
    )


def _compared(candidate: Classifier, service: Classifier, rows: Held) -> HeadComparison:
    classes = list(LABELS[rows.head])
    y = np.array([classes.index(label) for label in rows.labels])
    ours = candidate.score(rows.texts, rows.kinds).head(rows.head).best
    theirs = service.score(rows.texts, rows.kinds).head(rows.head).best
    draws = np.random.default_rng(SEED).integers(0, y.size, (RESAMPLES, y.size))
    only_ours = int(((ours == y) & (theirs != y)).sum())
    only_theirs = int(((theirs == y) & (ours != y)).sum())
    split = only_ours + only_theirs
    return HeadComparison(
        head=rows.head,
        rows=y.size,
        candidate_accuracy=_accuracy(ours == y, draws),
        service_accuracy=_accuracy(theirs == y, draws),
        candidate_macro_f1=_macro(ours, y, draws, len(classes)),
        service_macro_f1=_macro(theirs, y, draws, len(classes)),
        gain=_accuracy((ours == y).astype(float) - (theirs == y), draws),
        only_candidate=only_ours,
        only_service=only_theirs,
        p=float(binomtest(only_ours, split).pvalue) if split else 1.0,
    )


def _accuracy(worth: NDArray[Any], draws: NDArray[np.int64]) -> Figure:
    means = worth[draws].mean(axis=1)
    low, high = np.percentile(means, INTERVAL)
    return Figure(value=float(worth.mean()), low=float(low), high=float(high))


def _macro(
    best: NDArray[np.int64], y: NDArray[np.int64], draws: NDArray[np.int64], classes: int
) -> Figure:
    drawn = [macro_f1(best[draw], y[draw], classes) for draw in draws]
    low, high = np.percentile(drawn, INTERVAL)
    return Figure(value=macro_f1(best, y, classes), low=float(low), high=float(high))


def may_promote(comparison: Comparison) -> Verdict:
    """Say whether the candidate is not worse than the model in service.

    Refused when a head is worse beyond chance (McNemar, p < .05) on held rows or corrections,
    when the heads lose half a point on average, or when there are too few rows to tell.
    """
    if comparison.candidate == comparison.service:
        return Verdict(promote=False, reason=f"候选模型与在用模型相同（{comparison.service}）")
    if sum(head.rows for head in comparison.held) < ROWS_AT_LEAST:
        return Verdict(promote=False, reason=f"留出样本不足 {ROWS_AT_LEAST} 条，无法比较")
    for where, heads in (("留出样本", comparison.held), ("人工改判", comparison.corrections)):
        for head in heads:
            if head.p < SIGNIFICANT_BELOW and head.only_service > head.only_candidate:
                return Verdict(
                    promote=False,
                    reason=f"{HEAD_ZH[head.head]}在{where}上显著变差："
                    f"仅在用模型判对 {head.only_service} 条，仅候选模型判对 "
                    f"{head.only_candidate} 条（McNemar p = {head.p:.3f}）",
                )
    mean_gain = sum(head.gain.value for head in comparison.held) / len(comparison.held)
    if mean_gain < -LOSS_ALLOWED:
        return Verdict(promote=False, reason=f"平均准确率下降 {-mean_gain:.1%}")
    return Verdict(promote=True, reason=f"不劣于在用模型，平均准确率变化 {mean_gain:+.1%}")
