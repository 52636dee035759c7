"""Find thousands of terms in folded text at once, every occurrence, overlaps included.

Two steps on arrays: the first two characters of a term, hashed, look up which term lengths may
start here (most places end at once); then a hash of that many characters is looked up among the
terms of that length, and equal characters decide. Nothing is approximate in the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.fold_table import CODE, WORD, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.uint32]
    Places = NDArray[np.int64]

_BITS = 20
_MASK = np.uint32((1 << _BITS) - 1)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LONG = 15  # lengths from here on share a bit
_EMPTY = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Length:
    """The terms of one length: their hashes, ascending, and their characters in that order."""

    length: int
    keys: NDArray[np.uint64]
    codes: Codes
    terms: Places


class Scanner:
    """Finds a fixed set of distinct folded terms."""

    def __init__(self, terms: Sequence[str]) -> None:
        self.lengths_ = np.array([len(t) for t in terms], dtype=np.int64)
        # A Latin word or number is found as a whole: no letter or digit may touch it.
        self.word_start_ = np.array([_is_word(t[0]) for t in terms], dtype=bool)
        self.word_end_ = np.array([_is_word(t[-1]) for t in terms], dtype=bool)
        self._spread = _spread(terms)
        self._starts = np.zeros(1 << _BITS, dtype=np.uint16)
        self._singles = np.zeros(0x110000, dtype=np.int64)
        by_length: dict[int, list[int]] = {}
        for index, term in enumerate(terms):
            if len(term) == 1:
                self._singles[ord(term)] = index + 1
            else:
                by_length.setdefault(len(term), []).append(index)
        self._has_singles = bool(self._singles.any())
        self._by_length = [self._group(n, terms, chosen) for n, chosen in sorted(by_length.items())]

    def scan(self, values: Codes) -> tuple[Places, Places]:
        """Places and term numbers of all occurrences in folded `values`, by place."""
        codes = values & np.uint32(CODE)
        places, terms = self._candidates(codes)
        if not len(places):
            return _EMPTY, _EMPTY
        order = np.argsort(places, kind="stable")
        return places[order], terms[order]

    def scan_words(self, values: Codes) -> tuple[Places, Places, NDArray[np.bool_]]:
        """Occurrences that begin where a word may begin, and whether they end where one may.

        Only Latin words and numbers ask for that; everything else begins and ends anywhere.
        """
        places, terms = self.scan(values)
        is_word = (values & np.uint32(WORD)) != 0
        begins = ~(self.word_start_[terms] & is_word[places - 1])
        places, terms = places[begins], terms[begins]
        ends = places + self.lengths_[terms]
        return places, terms, ~(self.word_end_[terms] & is_word[ends])

    def _group(self, length: int, terms: Sequence[str], chosen: list[int]) -> _Length:
        codes = np.array([[ord(c) for c in terms[i]] for i in chosen], dtype=np.uint32)
        keys = _hash(list(codes.T))
        order = np.argsort(keys, kind="stable")
        first = self._pair(codes[:, 0], codes[:, 1])
        np.bitwise_or.at(self._starts, first, np.uint16(1 << min(length, _LONG)))
        numbers = np.array(chosen, dtype=np.int64)
        return _Length(length=length, keys=keys[order], codes=codes[order], terms=numbers[order])

    def _pair(self, first: Codes, second: Codes) -> Codes:
        spread = self._spread
        return (spread.take(first) * np.uint32(0x2C1B3C6D) + spread.take(second)) & _MASK

    def _candidates(self, codes: Codes) -> tuple[Places, Places]:
        places, terms = [], []
        if self._has_singles:
            numbers = self._singles.take(codes)
            found = np.flatnonzero(numbers)
            places.append(found)
            terms.append(numbers[found] - 1)
        if self._by_length and len(codes) > 1:
            spread = self._spread.take(codes)
            pairs = (spread[:-1] * np.uint32(0x2C1B3C6D) + spread[1:]) & _MASK
            lengths = self._starts.take(pairs)
            maybe = np.flatnonzero(lengths)
            lengths = lengths[maybe]
            for group in self._by_length:
                bit = np.uint16(1 << min(group.length, _LONG))
                starts = maybe[(lengths & bit) != 0]
                starts = starts[: np.searchsorted(starts, len(codes) - group.length, side="right")]
                if len(starts):
                    found, numbers = _exact(codes, starts, group)
                    places.append(found)
                    terms.append(numbers)
        if not places:
            return _EMPTY, _EMPTY
        return np.concatenate(places), np.concatenate(terms)


def _exact(codes: Codes, starts: Places, group: _Length) -> tuple[Places, Places]:
    keys = _hash([codes.take(starts + i) for i in range(group.length)])
    at = np.searchsorted(group.keys, keys)
    at[at == len(group.keys)] = 0
    same = group.keys[at] == keys
    starts, at = starts[same], at[same]
    equal = np.ones(len(starts), dtype=bool)
    for i in range(group.length):
        equal &= codes.take(starts + i) == group.codes[at, i]
    return starts[equal], group.terms[at[equal]]


def _hash(columns: Sequence[Codes]) -> NDArray[np.uint64]:
    key = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        key = (key + column) * _FACTOR
    return key


def _is_word(char: str) -> bool:
    return bool(int(table()[0][ord(char)]) & WORD)


def _spread(terms: Sequence[str]) -> NDArray[np.uint32]:
    """Return a scattered number for each character of the terms, 0 for all others."""
    used = np.array(sorted({ord(c) for t in terms for c in t}), dtype=np.int64)
    spread = np.zeros(0x110000, dtype=np.uint32)
    spread[used] = (np.arange(1, len(used) + 1, dtype=np.uint64) * _FACTOR >> np.uint64(40)).astype(
        np.uint32
    )
    return spread
