"""Figures of a classifier on rows it has not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int64]

ROWS_OF_A_CLASS: Final = 5
"""Classes with fewer rows are left out of macro-F1."""

BINS: Final = 15
COVERAGE: Final = 0.8
FEW_CLASSES: Final = 3
LIFTS: Final = (1.3, 1.7, 2.2, 2.9, 3.7, 4.8, 6.3, 8.2, 10.6, 13.8, 18.0)
LIFT_POWERS: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadQuality:
    """How well probabilities fit labels.

    `top3` is the share of rows whose label is among the three likeliest; `ece` the expected
    calibration error over 15 equal bins; `covered` the accuracy on the surest 80 %; `f1` that
    of each class, by number, for classes with at least five rows.
    """

    rows: int
    accuracy: float
    macro_f1: float
    top3: float
    ece: float
    covered: float
    f1: dict[int, float]

    def figures(self, labels: Sequence[str]) -> dict[str, float]:
        """Return every figure by its name, that of a class as f1/label."""
        found = asdict(self)
        classes = {f"f1/{labels[number]}": value for number, value in found.pop("f1").items()}
        return {name: float(value) for name, value in {**found, **classes}.items()}


def quality(shares: Floats, y: Labels, best: Labels | None = None) -> HeadQuality:
    """Return the figures of probabilities (n, c); `best` is the chosen class, argmax by default."""
    chosen = shares.argmax(axis=1) if best is None else best
    sure = np.take_along_axis(shares, chosen[:, None], axis=1)[:, 0]
    right = chosen == y
    order = np.argsort(-sure, kind="stable")[: max(1, int(COVERAGE * y.size))]
    ranked = np.argsort(-shares, axis=1, kind="stable")[:, :3]
    return HeadQuality(
        rows=y.size,
        accuracy=float(right.mean()),
        macro_f1=macro_f1(chosen, y, shares.shape[1]),
        f1=class_f1(chosen, y, shares.shape[1]),
        top3=float((ranked == y[:, None]).any(axis=1).mean()),
        ece=calibration_error(sure, right),
        covered=float(right[order].mean()),
    )


def macro_f1(chosen: Labels, y: Labels, classes: int) -> float:
    """Return the mean F1 of the classes with at least five rows in y; 0 when there is none."""
    found = class_f1(chosen, y, classes)
    return sum(found.values()) / len(found) if found else 0.0


def class_f1(chosen: Labels, y: Labels, classes: int) -> dict[int, float]:
    """Return the F1 of each class with at least five rows in y."""
    seen, guessed = np.bincount(y, minlength=classes), np.bincount(chosen, minlength=classes)
    hit = np.bincount(y[chosen == y], minlength=classes)
    f1 = 2 * hit / np.maximum(seen + guessed, 1)
    return {int(n): float(f1[n]) for n in np.flatnonzero(seen >= ROWS_OF_A_CLASS)}


def calibration_error(sure: Floats, right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: |accuracy - confidence|, weighed by bin size."""
    number = np.minimum((sure * BINS).astype(int), BINS - 1)
    size = np.bincount(number, minlength=BINS)
    gap = np.bincount(number, weights=right - sure, minlength=BINS)
    return float(np.abs(gap).sum() / max(size.sum(), 1))


def best_lifts(shares: Floats) -> tuple[float, ...]:
    """Return what to multiply probabilities with, so that rare classes are not always outvoted.

    Chosen for the figures that calibrated probabilities (n, c) let expect, not for those of the
    few labels of a rare class, which are chance for the most part (docs/model.md). With three
    classes the two lifts over the first one are searched for macro-F1. With more, all are lifted
    by one power of their rarity, searched for twice accuracy plus macro-F1.
    """
    classes = shares.shape[1]
    if classes <= FEW_CLASSES:
        tried = list(product((1.0, *LIFTS), repeat=classes))
        lifts = max(tried, key=lambda some: expected_macro_f1(shares, some))
        return tuple(round(lift / lifts[0], 4) for lift in lifts)
    rarity = (shares.mean(axis=0) + 1e-4) ** -1.0

    def worth(power: float) -> float:
        chosen = (shares * rarity**power).argmax(axis=1)
        accuracy = float(np.take_along_axis(shares, chosen[:, None], axis=1).mean())
        return 2 * accuracy + expected_macro_f1(shares, rarity**power)

    found = rarity ** max(LIFT_POWERS, key=worth)
    return tuple(round(float(lift), 4) for lift in found / found.min())


def expected_macro_f1(shares: Floats, lifts: Sequence[float] | Floats) -> float:
    """Return the macro-F1 to expect of lifted choices when the probabilities (n, c) are true.

    As in Jansche 2007, "A maximum expected utility framework": expected counts stand for counts.
    """
    chosen = np.eye(shares.shape[1])[(shares * lifts).argmax(axis=1)]
    hit, guessed, there = (chosen * shares).sum(axis=0), chosen.sum(axis=0), shares.sum(axis=0)
    f1: Floats = 2 * hit / np.maximum(guessed + there, 1e-9)
    return float(f1[there >= ROWS_OF_A_CLASS].mean()) if (there >= ROWS_OF_A_CLASS).any() else 0.0
