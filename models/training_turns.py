"""Cross-fitting: every figure of a model is of rows that had no part in any of its choices.

Rows are left out in turns, one of their parts a turn. Models fitted on the others say what they
think of them; on those logits the machine, temperature, curve and lifts are chosen. Figures are
stricter still: a turn's rows are judged with what was chosen on the rows of the other turns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.classifier import straightened
from models.labels import KINDS
from models.training_corpus import CITIZEN, HELD_PART, Corpus, Task
from models.training_fit import Calibration, Linear, calibration, calibration_curve, softmax
from models.training_metrics import HeadQuality, best_lifts, quality

if TYPE_CHECKING:
    from collections.abc import Callable

    import scipy.sparse as sp
    from numpy.typing import NDArray

LIFT_ROWS: Final = 400
"""Fewer unseen rows are too few to choose lifts on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Rows that m models had not seen: logits (m, n, c), labels, kinds and turn (n,) of each."""

    logits: NDArray[np.float64]
    y: NDArray[np.int64]
    kinds: NDArray[np.int64]
    turn: NDArray[np.int64]

    def some(self, chosen: NDArray[np.bool_]) -> Unseen:
        """Return some of the rows."""
        return Unseen(
            logits=self.logits[:, chosen],
            y=self.y[chosen],
            kinds=self.kinds[chosen],
            turn=self.turn[chosen],
        )

    def judging(self) -> NDArray[np.bool_]:
        """Return the rows that figures, curve and lifts are of: messages, where there are any.

        The heads of messages know some news and posts as well, too few to be measured on.
        """
        messages = self.kinds == KINDS.index(CITIZEN)
        return messages if messages.any() else np.ones(messages.size, dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What was chosen on unseen rows: the machine's number, calibration, curve, lifts."""

    machine: int
    calibration: Calibration
    curve: tuple[tuple[float, float], ...]
    lifts: tuple[float, ...]

    def shares(self, rows: Unseen) -> NDArray[np.float64]:
        """Return the probabilities (n, c) of rows."""
        logits = self.calibration.of(rows.logits[self.machine], rows.kinds)
        return straightened(softmax(logits).astype(np.float32), self.curve).astype(np.float64)

    def best(self, shares: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class (n,) that is chosen for probabilities (n, c)."""
        found: NDArray[np.int64] = (shares * self.lifts).argmax(axis=1)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A calibrated model of a task, its labels and lifts, and what it is worth.

    `sure` (n,) are the probabilities of the labels chosen for the rows it was tuned on.
    """

    model: Linear
    labels: tuple[str, ...]
    lifts: tuple[float, ...]
    sure: NDArray[np.float64]
    quality: HeadQuality


def tuned(rows: Unseen, *, lifted: bool) -> Tuning:
    """Return what suits the rows best; without `lifted`, or with few rows, no class is lifted."""
    plain = (1.0,) * rows.logits.shape[2]
    each = [
        Tuning(
            machine=machine,
            calibration=calibration(logits, rows.y, rows.kinds),
            curve=(),
            lifts=plain,
        )
        for machine, logits in enumerate(rows.logits)
    ]
    # Class-balanced machines lean towards rare classes until they are calibrated: compared
    # before that, one that leans less looks better than it is.
    found = max(each, key=lambda one: int((one.best(one.shares(rows)) == rows.y).sum()))
    judging = rows.some(rows.judging())
    found = replace(found, curve=calibration_curve(found.shares(judging), judging.y))
    if lifted and judging.y.size >= LIFT_ROWS:
        found = replace(found, lifts=best_lifts(found.shares(judging)))
    return found


def quality_elsewhere(rows: Unseen, *, lifted: bool) -> HeadQuality:
    """Return the figures of each turn's rows under what was chosen on all other turns."""
    judging = rows.judging()
    shares = np.zeros(rows.logits.shape[1:])
    best = np.zeros(rows.y.size, dtype=np.int64)
    for turn in np.unique(rows.turn):
        here = rows.turn == turn
        others = tuned(rows.some(~here), lifted=lifted)
        shares[here] = others.shares(rows.some(here))
        best[here] = others.best(shares[here])
    return quality(shares[judging], rows.y[judging], best[judging])


def in_turns(
    vectors: sp.csr_matrix,
    task: Task,
    corpus: Corpus,
    make: Callable[[NDArray[np.int64]], tuple[Linear, ...]],
    progress: Callable[[str], None],
    *,
    lifted: bool,
) -> Trained:
    """Return the best of the models that `make` fits on some rows of the task, tuned.

    The last fit has all rows but the held part. Each fit is told to `progress`.
    """
    part = corpus.parts[task.rows]
    known = np.flatnonzero(part != HELD_PART)
    taught = known[task.weights[known] > 0]
    # Copies with other names double the time: they wait for the final fit.
    turned = taught[~corpus.copies[task.rows[taught]]]
    judged = known[task.judged[known]]
    asked: list[NDArray[np.int64]] = []
    told: list[NDArray[np.float64]] = []
    turns = np.unique(part[judged])
    for number, turn in enumerate(turns, 1):
        progress(f"fitting {task.name}, turn {number} of {turns.size}")
        out = judged[part[judged] == turn]
        # Every text of the part, not only the judged rows: one text may be in several sets.
        models = make(turned[part[turned] != turn])
        told.append(np.stack([model.logits(vectors[task.rows[out]]) for model in models]))
        asked.append(out)
    progress(f"fitting {task.name} on all rows")
    at = np.concatenate(asked)
    rows = Unseen(
        logits=np.concatenate(told, axis=1), y=task.y[at], kinds=task.kinds[at], turn=part[at]
    )
    return finished(make(taught), task, rows, lifted=lifted)


def finished(models: tuple[Linear, ...], task: Task, rows: Unseen, *, lifted: bool) -> Trained:
    """Return the best of the models on unseen rows, with everything tuned on them."""
    found = tuned(rows, lifted=lifted)
    model = replace(found.calibration.applied(models[found.machine]), curve=found.curve)
    shares = found.shares(rows.some(rows.judging()))
    sure = np.take_along_axis(shares, found.best(shares)[:, None], axis=1)[:, 0]
    worth = quality_elsewhere(rows, lifted=lifted)
    return Trained(model=model, labels=task.labels, lifts=found.lifts, sure=sure, quality=worth)
