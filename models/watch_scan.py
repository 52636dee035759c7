"""Find thousands of terms in folded text at once, every occurrence, overlaps included.

Two steps on arrays: the first two pairs of characters, hashed, look up which term lengths may
start here (most places end at once); then that many characters, packed, are looked up among the
terms of that length. Nothing is approximate in the result.
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

_PAIR_BITS = 18  # 256 KB: stays in the cache, and few wrong pairs pass
_PAIR_MASK = np.uint32((1 << _PAIR_BITS) - 1)
_PAIR_FACTOR = np.uint32(0x2C1B3C6D)
_KEY_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_KEY_BITS = 16
_PACKED = 4  # characters of 16 bits in a key of 64
_LONG = 7  # lengths from here on share a bit
_NOWHERE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Length:
    """The terms of one length, ordered by `keys`; `first[h]` is where those with hash h begin.

    `numbers[i]` are the character numbers of the i-th term.
    """

    length: int
    keys: NDArray[np.uint64]
    first: Places
    numbers: Codes
    terms: Places


class Scanner:
    """Finds a fixed set of distinct folded terms."""

    def __init__(self, terms: Sequence[str]) -> None:
        self.lengths_ = np.array([len(t) for t in terms], dtype=np.int64)
        # A Latin word or number is found as a whole: no letter or digit may touch it.
        self.word_start_ = np.array([_is_word(t[0]) for t in terms], dtype=bool)
        self.word_end_ = np.array([_is_word(t[-1]) for t in terms], dtype=bool)
        used = sorted({ord(c) for t in terms for c in t})
        self._number = np.zeros(max(used, default=0) + 2, dtype=np.uint32)
        self._number[used] = np.arange(1, len(used) + 1)
        self._single = np.full(len(used) + 1, -1, dtype=np.int64)
        # Lengths of the terms that a hashed pair may begin, and that it may go on.
        self._starts = np.zeros(1 << _PAIR_BITS, dtype=np.uint8)
        self._seconds = np.zeros(1 << _PAIR_BITS, dtype=np.uint8)
        by_length: dict[int, list[int]] = {}
        for index, term in enumerate(terms):
            by_length.setdefault(len(term), []).append(index)
        for index in by_length.pop(1, []):
            self._single[self._number[ord(terms[index])]] = index
        self._has_singles = bool((self._single >= 0).any())
        self._by_length = [self._group(n, terms, chosen) for n, chosen in sorted(by_length.items())]

    def scan_words(self, values: Codes) -> tuple[Places, Places, NDArray[np.bool_]]:
        """Occurrences that begin where a word may begin, and whether they end where one may.

        Only Latin words and numbers ask for that; everything else begins and ends anywhere.
        """
        places, terms = self.scan(values)
        starts_word = self.word_start_[terms]
        if starts_word.any():
            begins = ~(starts_word & ((values[places - 1] & WORD) != 0))
            places, terms = places[begins], terms[begins]
        ends_word = self.word_end_[terms]
        if not ends_word.any():
            return places, terms, ~ends_word
        after = values[places + self.lengths_[terms]]
        return places, terms, ~(ends_word & ((after & WORD) != 0))

    def scan(self, values: Codes) -> tuple[Places, Places]:
        """Places and term numbers of all occurrences in folded `values`, by place."""
        numbers = self._number.take(values & np.uint32(CODE), mode="clip")
        found = [self._scan_singles(numbers)] if self._has_singles else []
        if len(numbers) > 1:
            found += self._scan_lengths(numbers)
        if not found:
            return _NOWHERE, _NOWHERE
        places = np.concatenate([at for at, _ in found])
        terms = np.concatenate([which for _, which in found])
        order = np.argsort(places, kind="stable")
        return places[order], terms[order]

    def _group(self, length: int, terms: Sequence[str], chosen: list[int]) -> _Length:
        numbers = np.array([[self._number[ord(c)] for c in terms[i]] for i in chosen])
        pairs = _pairs(numbers[:, 0], numbers[:, 1])
        bit = np.uint8(1 << min(length, _LONG))
        np.bitwise_or.at(self._starts, pairs, bit)
        if length > 2:
            np.bitwise_or.at(self._seconds, _pairs(numbers[:, 1], numbers[:, 2]), bit)
        keys = _key(list(numbers.T))
        order = np.argsort(_hash(keys), kind="stable")
        keys = keys[order]
        first = np.searchsorted(_hash(keys), np.arange((1 << _KEY_BITS) + 1))
        return _Length(
            length=length,
            keys=keys,
            first=first,
            numbers=numbers[order],
            terms=np.array(chosen, dtype=np.int64)[order],
        )

    def _scan_singles(self, numbers: Codes) -> tuple[Places, Places]:
        terms = self._single.take(numbers)
        places = np.flatnonzero(terms >= 0)
        return places, terms[places]

    def _scan_lengths(self, numbers: Codes) -> list[tuple[Places, Places]]:
        pairs = _pairs(numbers[:-1], numbers[1:])
        lengths = self._starts.take(pairs)
        maybe = np.flatnonzero(lengths != 0)
        # A term of two characters has no second pair to look at.
        second = self._seconds.take(pairs.take(maybe + 1, mode="clip")) | np.uint8(1 << 2)
        lengths = lengths[maybe] & second
        maybe, lengths = maybe[lengths != 0], lengths[lengths != 0]
        found = []
        for group in self._by_length:
            starts = maybe[(lengths & np.uint8(1 << min(group.length, _LONG))) != 0]
            if len(starts) and starts[-1] > len(numbers) - group.length:
                starts = starts[starts <= len(numbers) - group.length]
            if len(starts):
                found.append(_exact(numbers, starts, group))
        return found


def _pairs(first: Codes, second: Codes) -> Codes:
    return (first * _PAIR_FACTOR + second) & _PAIR_MASK


def _exact(numbers: Codes, starts: Places, group: _Length) -> tuple[Places, Places]:
    """Look up each start among the terms of one length."""
    keys = _key([numbers.take(starts + i) for i in range(min(group.length, _PACKED))])
    hashes = _hash(keys)
    at, end = group.first.take(hashes), group.first.take(hashes + 1)
    # Most of what is not a term has a hash of its own.
    listed = at < end
    starts, keys, at, end = starts[listed], keys[listed], at[listed], end[listed]
    found = []
    while len(at):
        same = group.keys.take(at) == keys
        found.append((starts[same], at[same]))
        at = at + 1
        listed = at < end
        starts, keys, at, end = starts[listed], keys[listed], at[listed], end[listed]
    if not found:
        return _NOWHERE, _NOWHERE
    starts = np.concatenate([places for places, _ in found])
    at = np.concatenate([which for _, which in found])
    for i in range(_PACKED, group.length):
        same = numbers.take(starts + i) == group.numbers[at, i]
        starts, at = starts[same], at[same]
    return starts, group.terms[at]


def _key(columns: Sequence[Codes]) -> NDArray[np.uint64]:
    """Pack the first four character numbers; terms use fewer than 65,536 characters."""
    key = columns[0].astype(np.uint64)
    for column in columns[1:_PACKED]:
        key = (key << np.uint64(16)) | column
    return key


def _hash(keys: NDArray[np.uint64]) -> Places:
    return ((keys * _KEY_FACTOR) >> np.uint64(64 - _KEY_BITS)).astype(np.int64)


def _is_word(char: str) -> bool:
    return bool(int(table()[0][ord(char)]) & WORD)
