"""Linear models fitted with scikit-learn and turned into calibrated logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.svm import LinearSVC

from models.labels import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED: Final = 0
FIRM: Final = 1.0
"""C of the support vector machine; .1 to .5 were up to 3 points worse on topics (docs/model.md)."""

TOLERANCE: Final = 3e-2
STEPS: Final = 5_000
UNSEEN: Final = -9.0
"""Logit of a class that no training row has."""

RIDGE: Final = 0.02
CURVE_ROWS: Final = 60
CURVE_POINTS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Logits of c classes: rows @ weights.T + bias, plus kind_bias of the row's kind.

    Probabilities are their softmax, whose best one follows `curve` (`weight_files.Block`).
    """

    weights: NDArray[np.float32]
    bias: Floats
    kind_bias: Floats
    curve: tuple[tuple[float, float], ...] = ()

    def logits(self, rows: sp.csr_matrix) -> Floats:
        """Return (n, c) logits without the kinds' part."""
        out: Floats = np.asarray(rows @ self.weights.T, dtype=np.float64) + self.bias
        return out


def fitted(
    rows: sp.csr_matrix, y: NDArray[np.int64], classes: int, weights: Floats, firm: float = FIRM
) -> Linear:
    """Return a class-balanced one-against-rest machine over `classes` columns, uncalibrated."""
    machine = LinearSVC(
        C=firm, class_weight="balanced", tol=TOLERANCE, random_state=SEED, max_iter=STEPS
    )
    machine.fit(rows, y, sample_weight=weights)
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercept = np.array([-intercept[0], intercept[0]]) / 2
    full = np.zeros((classes, rows.shape[1]), dtype=np.float32)
    bias = np.full(classes, UNSEEN)
    full[machine.classes_], bias[machine.classes_] = coefficients, intercept
    return Linear(weights=full, bias=bias, kind_bias=np.zeros((len(KINDS), classes)))


def calibrated(
    model: Linear,
    logits: Floats,
    y: NDArray[np.int64],
    kinds: NDArray[np.int64],
    balance: float = 0.0,
) -> Linear:
    """Return the model with the temperature and biases that fit unseen logits best.

    `logits` (n, c) are of rows the model did not see. `balance` 0 fits the classes as often as
    they occur, 1 as if all were equally frequent. The weights' direction is untouched.
    """
    seen = np.bincount(y, minlength=logits.shape[1])
    weights = (1.0 / np.maximum(seen, 1))[y] ** balance
    weights /= weights.sum()
    present = np.unique(kinds)
    classes = logits.shape[1]

    def parts(p: Floats) -> tuple[float, Floats, Floats]:
        per_kind = np.zeros((len(KINDS), classes))
        if present.size > 1:
            per_kind[present] = p[1 + classes :].reshape(present.size, classes)
        return float(np.exp(p[0])), p[1 : 1 + classes], per_kind

    def loss(p: Floats) -> tuple[float, Floats]:
        warmth, bias, per_kind = parts(p)
        shares = softmax(logits * warmth + bias + per_kind[kinds])
        value = -(weights * np.log(shares[np.arange(y.size), y] + 1e-12)).sum()
        error = shares * weights[:, None]
        error[np.arange(y.size), y] -= weights
        by_kind = np.stack([error[kinds == kind].sum(axis=0) for kind in present])
        tail = by_kind.ravel() if present.size > 1 else np.zeros(0)
        slope = np.concatenate(([(error * logits).sum() * warmth], error.sum(axis=0), tail))
        slope[1:] += 2 * RIDGE / classes * p[1:]
        return value + RIDGE / classes * float(p[1:] @ p[1:]), slope

    size = 1 + classes + (present.size * classes if present.size > 1 else 0)
    best = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B").x
    warmth, bias, per_kind = parts(best)
    return Linear(
        weights=(model.weights * warmth).astype(np.float32),
        bias=model.bias * warmth + bias,
        kind_bias=per_kind,
    )


def calibration_curve(shares: Floats, y: NDArray[np.int64]) -> tuple[tuple[float, float], ...]:
    """Return points (best probability, how often it was right), both ascending.

    Rows are cut into groups of equal size by their best probability; a monotone fit smooths
    what chance turned around. Empty when there are too few rows for two groups.
    """
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == y
    groups = min(CURVE_POINTS, y.size // CURVE_ROWS)
    if groups < 2:
        return ()
    order = np.array_split(np.argsort(sure, kind="stable"), groups)
    x = np.array([sure[rows].mean() for rows in order])
    level = IsotonicRegression(y_min=0.0, y_max=1.0).fit_transform(
        x, [right[rows].mean() for rows in order], sample_weight=[rows.size for rows in order]
    )
    return tuple((round(float(a), 4), round(float(b), 4)) for a, b in zip(x, level, strict=True))


def softmax(logits: Floats) -> Floats:
    """Return rows that sum to one."""
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = exp / exp.sum(axis=1, keepdims=True)
    return shares
