"""How good or bad words are, as columns that a head learns from beside its n-grams.

A few thousand labelled rows do not hold every word of grief or praise; three columns do, and
being sums over n-grams they cost nothing when scoring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.features import code_points, grams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.training_made import Feeling
    from models.training_vectors import Vocabulary

LONGEST: Final = 3
"""Characters of the longest n-gram; a word of four is told by its two halves of three."""


def feeling_columns(words: Sequence[Feeling], chosen: Vocabulary) -> NDArray[np.float32]:
    """Return (3, v) what each n-gram adds to how good, how bad and how dangerous a text sounds."""
    columns = np.zeros((3, chosen.buckets.size), dtype=np.float32)
    if not words:
        return columns
    found = grams(code_points([one.word for one in words]))
    size = np.array([len(one.word) for one in words])[found.text]
    whole, half = found.size == size, (found.size == LONGEST) & (size == LONGEST + 1)
    at = np.searchsorted(chosen.buckets, found.bucket)
    kept = (whole | half) & np.isin(found.bucket, chosen.buckets)
    good, bad = (np.array([max(sign * one.feeling, 0) for one in words]) for sign in (1, -1))
    danger = np.array([float(one.danger) for one in words])
    for column, value in zip(columns, (good, bad, danger), strict=True):
        share = np.where(half, 0.5, 1.0) * value[found.text]
        np.add.at(column, at[kept], share[kept])
    return columns
