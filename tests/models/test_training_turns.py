"""Cross-fitting: rows are left out in turns, and judged by what was chosen on other turns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from models.training_corpus import ALWAYS_TRAINS, HELD_PART, Corpus, Task
from models.training_fit import Linear, softmax
from models.training_turns import LIFT_ROWS, Unseen, in_turns, quality_elsewhere, tuned

ROWS = 1_800


def unseen(rows: int = ROWS, seed: int = 0) -> Unseen:
    """Return rows whose labels follow their logits three times as warm as they are."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(rows, 3)) + [0.5, 0, -0.7]
    y = (draw.random(rows)[:, None] > softmax(3 * logits).cumsum(axis=1)).sum(axis=1)
    kinds = np.zeros(rows, dtype=np.int64)
    return Unseen(logits=logits[None], y=y, kinds=kinds, turn=np.arange(rows) % 9)


def test_the_machine_that_is_right_most_often_is_chosen() -> None:
    rows = unseen()
    blind = replace(rows, logits=np.stack([rows.logits[0][::-1], rows.logits[0]]))
    assert tuned(blind, lifted=False).machine == 1


def test_a_machine_that_leans_to_a_rare_class_is_compared_after_calibration() -> None:
    rows = unseen()
    # Three sides of the same opinion: leaning costs hits, and calibration takes it back.
    leaning = rows.logits[0] + [0, 0, 1.5]
    duller = rows.logits[0] + np.random.default_rng(1).normal(size=(ROWS, 3)) / 4
    both = replace(rows, logits=np.stack([duller, leaning]))
    right = (both.logits.argmax(axis=2) == rows.y).sum(axis=1)
    assert right[0] > right[1]
    assert tuned(both, lifted=False).machine == 1


def test_probabilities_are_as_warm_as_the_labels_tell() -> None:
    rows = unseen()
    found = tuned(rows, lifted=False)
    assert np.diag(found.calibration.mix) == pytest.approx(np.full(3, 3), rel=0.15)
    shares = found.shares(rows)
    assert shares.sum(axis=1) == pytest.approx(np.ones(ROWS), abs=1e-5)
    assert shares.max(axis=1).mean() == pytest.approx(
        (shares.argmax(axis=1) == rows.y).mean(), abs=0.02
    )


def test_few_rows_and_unlifted_tasks_lift_no_class() -> None:
    assert tuned(unseen(LIFT_ROWS - 1), lifted=True).lifts == (1.0, 1.0, 1.0)
    assert tuned(unseen(), lifted=False).lifts == (1.0, 1.0, 1.0)


def test_a_turn_has_no_part_in_what_it_is_judged_with() -> None:
    """Each turn has a machine of its own that is always right, and the other turn's is wrong."""
    y = np.arange(ROWS) % 2
    turn = np.arange(ROWS) // (ROWS // 2)
    right = np.eye(2)[y]
    machines = np.stack([np.where((turn == n)[:, None], right, 1 - right) for n in (0, 1)])
    rows = Unseen(logits=machines, y=y, kinds=np.zeros_like(y), turn=turn)
    assert quality_elsewhere(rows, lifted=False).accuracy == 0
    # Chosen on all rows, one of the two would have half of them right.
    best = tuned(rows, lifted=False)
    assert (best.shares(rows).argmax(axis=1) == y).mean() == 0.5


def test_messages_alone_are_judged_where_kinds_are_mixed() -> None:
    rows = unseen()
    kinds = np.where(np.arange(ROWS) < 600, 0, 1)
    wrong_elsewhere = replace(rows, kinds=kinds, y=np.where(kinds == 0, rows.y, 0))
    found = quality_elsewhere(wrong_elsewhere, lifted=False)
    assert found.rows == 600


def test_no_model_is_asked_about_a_text_it_was_fitted_on() -> None:
    parts = np.append(np.repeat(np.arange(10), 30), np.full(30, ALWAYS_TRAINS))
    n = parts.size
    # Part 8 is never judged; row 300 on are written texts; row 0 has a further, unjudged label.
    rows = np.append(np.arange(n), 0)
    judged = np.append(parts < 8, False)
    copies = np.zeros(n, dtype=bool)
    copies[250:260] = True
    task = Task(
        name="topic",
        labels=("a", "b"),
        rows=rows,
        y=rows % 2,
        weights=np.ones(n + 1),
        kinds=np.zeros(n + 1, dtype=np.int64),
        judged=judged,
    )
    corpus = Corpus(texts=("",) * n, parts=parts, copies=copies, tasks=(task,), sources=())
    vectors = sp.csr_matrix(np.eye(n, dtype=np.float32))
    fits: list[np.ndarray] = []

    def make(at: np.ndarray) -> tuple[Linear, ...]:
        fits.append(at)
        weights = np.tile(np.array([[1.0], [-1.0]], dtype=np.float32), (1, n))
        return (Linear(weights=weights, bias=np.zeros(2), kind_bias=np.zeros((3, 2))),)

    told: list[str] = []
    in_turns(vectors, task, corpus, make, told.append, lifted=False)
    *turns, last = fits
    assert len(turns) == 8
    assert told[0] == "fitting topic, turn 1 of 8"
    assert len(told) == len(fits)
    for turn, at in enumerate(turns):
        assert not (parts[rows[at]] == turn).any()
        assert not copies[rows[at]].any()
        assert (parts[rows[at]] == ALWAYS_TRAINS).sum() == 30
    assert not (parts[rows[last]] == HELD_PART).any()
    assert copies[rows[last]].sum() == 10
