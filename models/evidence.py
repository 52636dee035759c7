"""Which phrases of a text decided a label: n-gram weights laid back over the characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.name_levels import MARK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.features import Codes, Grams

PHRASES_A_HEAD: Final = 3
PHRASE_CHARS: Final = 8
PHRASE_LEAST: Final = 2
"""One character is rarely a word."""

FADES_AT: Final = 0.2
"""A phrase grows while the next character pulls at least this share of its strongest one."""

SLIGHT: Final = 0.08
"""A further phrase with less than this share of the weight would only puzzle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A phrase that spoke for a head's label: `text[start:end] == phrase` of the original.

    `weight` is the phrase's share of all that spoke for the label, 0..1.
    """

    head: str
    phrase: str
    start: int
    end: int
    weight: float


def char_pull(found: Grams, pull: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Return (size,) what each code point adds to the label: each n-gram's pull, spread evenly."""
    chars = np.zeros(size)
    for n in (1, 2, 3):
        of_n = found.size == n
        for offset in range(n):
            at = found.start[of_n] + offset
            chars += np.bincount(at, weights=pull[of_n] / n, minlength=size)
    return chars


def phrases(head: str, text: str, codes: Codes, pull: NDArray[np.float64]) -> list[Evidence]:
    """Return the strongest phrases, strongest first; none when nothing spoke for the label.

    What was made alike (a town, an estate, a surname) is no reason and part of none.
    """
    word = np.array([chr(value).isalnum() for value in codes.values]) & (codes.values != MARK)
    left = np.where(word, np.maximum(pull, 0.0), 0.0)
    total = float(left.sum())
    found: list[Evidence] = []
    while len(found) < PHRASES_A_HEAD and total > 0 and left.max() > 0:
        start, end = _grown(left, word, int(left.argmax()))
        weight = float(left[start:end].sum()) / total
        if found and weight < SLIGHT:
            break
        left[start:end] = 0.0
        word[start:end] = False
        low, high = codes.span(0, start, end)
        found.append(Evidence(head=head, phrase=text[low:high], start=low, end=high, weight=weight))
    return sorted(found, key=lambda evidence: -evidence.weight)


def _grown(left: NDArray[np.float64], word: NDArray[np.bool_], peak: int) -> tuple[int, int]:
    start, end, enough = peak, peak + 1, left[peak] * FADES_AT
    while end - start < PHRASE_CHARS:
        before = left[start - 1] if start > 0 and word[start - 1] else -1.0
        after = left[end] if end < left.size and word[end] else -1.0
        if max(before, after) < (0.0 if end - start < PHRASE_LEAST else enough):
            break
        start, end = (start - 1, end) if before > after else (start, end + 1)
    return start, end
