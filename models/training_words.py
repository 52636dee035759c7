"""How good or bad words are, as columns that a head learns from beside its n-grams.

The list was made for this project by a language model that read words one by one
(docs/model.md). A few thousand labelled rows do not hold every word of grief or praise; three
columns that know them all do, and being sums over n-grams they cost nothing when scoring.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from models.features import code_points, grams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.training_vectors import Vocabulary

WORDS_FILE: Final = "training_words.tsv"

LONGEST: Final = 3
"""Characters of the longest n-gram; a word of four is told by its two halves of three."""


class Feeling(NamedTuple):
    """A word, its feeling from -2 (clearly bad) to 2, and whether it tells of acute danger."""

    word: str
    feeling: int
    danger: bool


@cache
def packaged_words() -> tuple[Feeling, ...]:
    """Return the words that ship with the product."""
    lines = (resources.files("models") / WORDS_FILE).read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(Feeling(r["word"], int(r["feeling"]), r["danger"] == "1") for r in rows)


def feeling_columns(words: Sequence[Feeling], chosen: Vocabulary) -> NDArray[np.float32]:
    """Return (3, v) what each n-gram adds to how good, how bad and how dangerous a text sounds."""
    found = grams(code_points([one.word for one in words]))
    size = np.array([len(one.word) for one in words])[found.text]
    whole, half = found.size == size, (found.size == LONGEST) & (size == LONGEST + 1)
    at = np.searchsorted(chosen.buckets, found.bucket)
    kept = (whole | half) & np.isin(found.bucket, chosen.buckets)
    good, bad = (np.array([max(sign * one.feeling, 0) for one in words]) for sign in (1, -1))
    danger = np.array([float(one.danger) for one in words])
    columns = np.zeros((3, chosen.buckets.size), dtype=np.float32)
    for column, value in zip(columns, (good, bad, danger), strict=True):
        share = np.where(half, 0.5, 1.0) * value[found.text]
        np.add.at(column, at[kept], share[kept])
    return columns
