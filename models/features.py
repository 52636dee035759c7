"""Character n-grams of many texts at once, as hashed buckets, with plain numpy.

The unit is the folded code point. Runs of digits count as one "0" and single Latin letters as
one "a", so that A3区 and C12区 look the same and a place cannot decide a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.fold import FoldedBatch, fold_batch
from models.fold_table import CODE, EDGE
from models.name_levels import without_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BUCKET_BITS = 20
BODY, OPENING, CLOSING = range(3)
"""Blocks of buckets: the whole text, its first characters (a title), its last (a request)."""

BLOCKS = 3
BUCKETS = BLOCKS << BUCKET_BITS
BLOCK_WEIGHTS = (1.0, 0.7, 0.4)
"""Length of a text's vector in each block; the opening tells topics, the closing requests."""

OPENING_CHARS = 30
CLOSING_CHARS = 40
MAX_CHARS = 2_000
"""Characters of a text that are read; a label rarely hides behind the second page."""

_M1, _M2, _M3 = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_SALTS = tuple(np.uint32(s) for s in (0x1B873593, 0x38B34AE5, 0xA1E38B93, 0x846CA68B))
_EXCEL_RETURN = "_x000D_"
_BLANKS = " " * len(_EXCEL_RETURN)
_SHIFT = np.uint32(32 - BUCKET_BITS)


@dataclass(frozen=True, slots=True)
class Codes:
    """Code points of many texts in one array, each text ended by a zero.

    `values` (n,) uint32; `starts` and `ends` (n_texts,) bound each text; `folded` (n,) is the
    place of each code point in `batch`, the folded texts it was taken from.
    """

    values: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    folded: NDArray[np.int64]
    batch: FoldedBatch

    def span(self, text: int, start: int, end: int) -> tuple[int, int]:
        """Offsets in original text number `text` of the code points `[start:end]`, not empty."""
        base = int(self.batch.bounds[text]) + 1
        low, high = int(self.folded[start]) - base, int(self.folded[end - 1]) - base
        return self.batch.span(text, low, high + 1)


@dataclass(frozen=True, slots=True)
class Grams:
    """Every n-gram occurrence: its text, its bucket, and the span of code points it covers."""

    text: NDArray[np.int32]
    bucket: NDArray[np.uint32]
    start: NDArray[np.int32]
    size: NDArray[np.int8]


def code_points(texts: Sequence[str]) -> Codes:
    """Return the folded code points: no blanks; digits, single letters and names levelled."""
    batch = fold_batch([text[:MAX_CHARS].replace(_EXCEL_RETURN, _BLANKS) for text in texts])
    raw = np.where(batch.values == EDGE, np.uint32(0), batch.values & np.uint32(CODE))[1:]
    digit = (raw >= 48) & (raw <= 57)
    letter = (raw >= 97) & (raw <= 122)
    keep = (raw > 32) | (raw == 0)
    keep[1:] &= ~(digit[1:] & digit[:-1])
    alone = letter.copy()
    alone[1:] &= ~letter[:-1]
    alone[:-1] &= ~letter[1:]
    levelled = np.where(digit, np.uint32(48), np.where(alone, np.uint32(97), raw))
    at = np.flatnonzero(keep)
    values, kept = without_names(levelled[at])
    values, at = values[kept], at[kept]
    ends = np.flatnonzero(values == 0)
    starts = np.concatenate(([0], ends[:-1] + 1))[: ends.size]
    return Codes(values, starts, ends, at + 1, batch)


def _mixed(value: NDArray[np.uint32], salt: np.uint32) -> NDArray[np.uint32]:
    mixed = value ^ salt
    mixed ^= mixed >> np.uint32(15)
    mixed *= _M2
    mixed ^= mixed >> np.uint32(13)
    mixed *= _M3
    return mixed >> _SHIFT


def grams(codes: Codes) -> Grams:
    """Return all 1-, 2- and 3-grams of each block, and a length mark in the opening block."""
    values, total = codes.values, codes.values.size
    owner = np.repeat(np.arange(codes.starts.size, dtype=np.int32), codes.ends - codes.starts + 1)
    inside = values != 0
    one = values * _M1
    two = (one[:-1] ^ (one[:-1] >> np.uint32(16))) * _M3 + one[1:]
    three = (two[:-1] ^ (two[:-1] >> np.uint32(15))) * _M2 + one[2:]
    ok2 = inside[:-1] & inside[1:]
    hashes, inside_at = (one, two, three), (inside, ok2, ok2[:-1] & inside[2:])
    place = np.arange(total)
    near = (
        np.ones(total, dtype=bool),
        place - codes.starts[owner] < OPENING_CHARS,
        codes.ends[owner] - place <= CLOSING_CHARS,
    )
    parts = [(block, n) for block in range(len(near)) for n in (1, 2, 3)]
    at = [np.flatnonzero(inside_at[n - 1] & near[block][: total - n + 1]) for block, n in parts]
    buckets = [
        _mixed(hashes[n - 1][i], _SALTS[n - 1]) + np.uint32(block << BUCKET_BITS)
        for (block, n), i in zip(parts, at, strict=True)
    ]
    length = np.log2(codes.ends - codes.starts + 1.0).astype(np.uint32)
    marks = _mixed(length * _M1, _SALTS[3]) + np.uint32(OPENING << BUCKET_BITS)
    texts = np.arange(codes.starts.size, dtype=np.int32)
    sizes = [np.full(i.size, n, dtype=np.int8) for (_, n), i in zip(parts, at, strict=True)]
    return Grams(
        np.concatenate([*(owner[i] for i in at), texts]),
        np.concatenate([*buckets, marks]),
        np.concatenate([*at, codes.starts]).astype(np.int32),
        np.concatenate([*sizes, np.zeros(texts.size, dtype=np.int8)]),
    )


def block_factors(weights: NDArray[np.float32], bounds: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return what to multiply weights with, so that each block of a text gets its length.

    Block b of text t owns `weights[bounds[t * BLOCKS + b] : bounds[t * BLOCKS + b + 1]]`.
    """
    squares = np.append(0.0, np.cumsum(weights.astype(np.float64) ** 2))
    lengths = np.sqrt(squares[bounds[1:]] - squares[bounds[:-1]])
    wanted = np.tile(BLOCK_WEIGHTS, lengths.size // BLOCKS)
    factors = wanted / np.maximum(lengths, 1e-9)
    return np.repeat(factors, np.diff(bounds)).astype(np.float32)
