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
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED: Final = 0
TOLERANCE: Final = 3e-2
STEPS: Final = 5_000
UNSEEN: Final = -9.0
"""Logit of a class that no training row has."""

RATIO_SMOOTHING: Final = 0.3
"""Weighted count added to each n-gram; 1 and more cost up to 2 points (docs/model.md)."""

RIDGE: Final = 0.02
MIX_RIDGE: Final = 4.0
"""Times the classes squared, over the rows: what keeps a calibration near a mere temperature."""

CURVE_ROWS: Final = 60
CURVE_POINTS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """How a support vector machine is fitted.

    `firm` is its C; .1 to .5 were up to 3 points worse on topics (docs/model.md). `by_ratio`
    multiplies every n-gram with its `term_ratio` before the fit, and folds that back after it.
    """

    firm: float = 1.0
    by_ratio: bool = False


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
    rows: sp.csr_matrix,
    y: NDArray[np.int64],
    classes: int,
    weights: Floats,
    machine: Machine,
    lent: Floats | None = None,
) -> Linear:
    """Return one machine a class against the rest, class-balanced, uncalibrated.

    `lent` (n, m) are features beside the n-grams of `rows` (n, v): the result has v + m columns.
    """
    columns = rows.shape[1]
    full = np.zeros((classes, columns + (0 if lent is None else lent.shape[1])), dtype=np.float32)
    bias = np.full(classes, UNSEEN)
    present = np.unique(y)
    for label in present[-1:] if present.size == 2 else present:
        pull = term_ratio(rows, y == label, weights) if machine.by_ratio else np.ones(columns)
        own = rows @ sp.diags(pull.astype(np.float32))
        seen = own if lent is None else sp.hstack([own, sp.csr_matrix(lent.astype(np.float32))])
        own_side = y == label
        balance = np.where(own_side, y.size / (present.size * own_side.sum()), 1.0)
        if present.size == 2:
            balance[~own_side] = y.size / (2 * (~own_side).sum())
        svc = LinearSVC(C=machine.firm, tol=TOLERANCE, random_state=SEED, max_iter=STEPS)
        svc.fit(sp.csr_matrix(seen), own_side, sample_weight=weights * balance)
        full[label] = svc.coef_[0]
        full[label, :columns] *= pull
        bias[label] = svc.intercept_[0]
    if present.size == 2:
        full[present[-1]] /= 2
        bias[present[-1]] /= 2
        full[present[0]], bias[present[0]] = -full[present[-1]], -bias[present[-1]]
    return Linear(weights=full, bias=bias, kind_bias=np.zeros((len(KINDS), classes)))


def term_ratio(rows: sp.csr_matrix, own: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return (v,) the log of each n-gram's share inside a class over its share outside.

    The log-count ratio of Wang & Manning 2012, "Baselines and Bigrams", over weighted counts.
    """
    inside, outside = ((weights * side) @ rows + RATIO_SMOOTHING for side in (own, ~own))
    ratio: Floats = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
    return ratio


def blended(models: Sequence[Linear]) -> Linear:
    """Return the mean of several models of the same classes, again one model."""
    return Linear(
        weights=np.mean([model.weights for model in models], axis=0, dtype=np.float32),
        bias=np.mean([model.bias for model in models], axis=0),
        kind_bias=np.mean([model.kind_bias for model in models], axis=0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How logits are mixed and moved: raw @ mix.T + bias, plus kind_bias of the row's kind.

    `mix` (c, c) is a temperature, with what the classes tell of one another: a text that is hardly
    urgent cannot be very urgent (matrix scaling, Guo et al. 2017, "On Calibration of Modern
    Neural Networks").
    """

    mix: Floats
    bias: Floats
    kind_bias: Floats

    def of(self, raw: Floats, kinds: NDArray[np.int64]) -> Floats:
        """Return calibrated logits (n, c) of raw ones, of rows of these kinds (n,)."""
        return raw @ self.mix.T + self.bias + self.kind_bias[kinds]

    def applied(self, model: Linear) -> Linear:
        """Return the model with calibrated logits."""
        return Linear(
            weights=(self.mix @ model.weights).astype(np.float32),
            bias=self.mix @ model.bias + self.bias,
            kind_bias=self.kind_bias,
        )


def calibration(logits: Floats, y: NDArray[np.int64], kinds: NDArray[np.int64]) -> Calibration:
    """Return the mix and biases that fit unseen logits (n, c) best.

    The mix leans towards a mere temperature, the more so the more classes and the fewer rows.
    """
    scale = max(float(logits.std()), 1e-9)
    raw, share, classes = logits / scale, 1.0 / y.size, logits.shape[1]
    present = np.unique(kinds)
    several = present.size > 1
    cuts = np.cumsum([1, classes * classes, classes])
    pull = np.repeat((0.0, MIX_RIDGE * share * classes**2), (1, classes * classes))
    pull = np.append(pull, np.full(classes * (1 + several * present.size), RIDGE / classes))

    def parts(p: Floats) -> Calibration:
        warmth, off, bias, tail = np.split(p, cuts)
        per_kind = np.zeros((len(KINDS), classes))
        if several:
            per_kind[present] = tail.reshape(present.size, classes)
        mix = np.exp(warmth[0]) * np.eye(classes) + off.reshape(classes, classes)
        return Calibration(mix=mix, bias=bias, kind_bias=per_kind)

    def loss(p: Floats) -> tuple[float, Floats]:
        tried = parts(p)
        shares = softmax(tried.of(raw, kinds))
        value = -np.log(shares[np.arange(y.size), y] + 1e-12).mean() + float(pull @ p**2)
        error = shares * share
        error[np.arange(y.size), y] -= share
        mixed = error.T @ raw
        slope = [[np.trace(mixed) * np.exp(p[0])], mixed.ravel(), error.sum(axis=0)]
        if several:
            slope += [error[kinds == kind].sum(axis=0) for kind in present]
        return value, np.concatenate(slope) + 2 * pull * p

    found = parts(minimize(loss, np.zeros(pull.size), jac=True, method="L-BFGS-B").x)
    return Calibration(mix=found.mix / scale, bias=found.bias, kind_bias=found.kind_bias)


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
