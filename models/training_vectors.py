"""Texts as sparse rows over the n-grams worth keeping, exactly as inference weighs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from models.features import (
    BLOCKS,
    BODY,
    BUCKET_BITS,
    BUCKETS,
    OPENING,
    block_factors,
    code_points,
    grams,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.features import Codes

TEXTS_AT_ONCE: Final = 500
KEPT_NGRAMS: Final = 400_000
"""The n-grams seen in most texts are kept; 190,000 cost posts and reviews 1 to 2 points."""

SEEN_AT_LEAST: Final = 3

WORD_BOOST: Final = 1.4
"""What an n-gram that looks like a word weighs more; 1.0 and 1.8 were worse (docs/model.md)."""

WORD_SEEN: Final = 8
WORD_NEIGHBOURS: Final = 10
WORD_COHESION: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The kept n-grams: `buckets` (v,) ascending, `idf` (v,) with the boost of `words` (v,)."""

    buckets: NDArray[np.int64]
    idf: NDArray[np.float32]
    words: NDArray[np.bool_]


def counted(texts: Sequence[str]) -> sp.csr_matrix:
    """Return (n_texts, BUCKETS) how often each text has each n-gram; at least one text."""
    parts = []
    for at in range(0, len(texts), TEXTS_AT_ONCE):
        batch = texts[at : at + TEXTS_AT_ONCE]
        found = grams(code_points(batch))
        ones = np.ones(found.text.size, dtype=np.float32)
        part = sp.csr_matrix((ones, (found.text, found.bucket)), shape=(len(batch), BUCKETS))
        part.sum_duplicates()
        parts.append(part)
    return (
        sp.vstack(parts).tocsr()
        if parts
        else sp.csr_matrix(np.zeros((0, BUCKETS), dtype=np.float32))
    )


def vocabulary(
    counts: sp.csr_matrix, importance: NDArray[np.float64], words: NDArray[np.int64]
) -> Vocabulary:
    """Return the n-grams seen most; a text counts by its importance in a block (BLOCKS, n_texts).

    `words` are the buckets that look like words.
    """
    owner = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    counting = importance[counts.indices >> BUCKET_BITS, owner]
    seen = np.bincount(counts.indices, weights=counting, minlength=BUCKETS)
    at_least = max(SEEN_AT_LEAST, np.partition(seen, -KEPT_NGRAMS)[-KEPT_NGRAMS])
    buckets = np.flatnonzero(seen >= at_least)
    idf = np.log((1 + importance[BODY].sum()) / (1 + seen[buckets])) + 1
    wordlike = np.isin(buckets, words)
    idf[wordlike] *= WORD_BOOST
    return Vocabulary(buckets=buckets, idf=idf.astype(np.float32), words=wordlike)


def rarity_of(counts: sp.csr_matrix, chosen: Vocabulary) -> NDArray[np.float32]:
    """Return (v,) how much rarer each n-gram is in these texts than `chosen` assumes.

    Multiplied into rows before fitting and into the weights after, it gives a task the idf of
    its own texts while all tasks share one bag of n-grams.
    """
    seen = np.bincount(counts.indices, minlength=BUCKETS)[chosen.buckets]
    own = np.log((1 + counts.shape[0]) / (1 + seen)) + 1
    pooled = chosen.idf / np.where(chosen.words, WORD_BOOST, 1.0)
    return (own / pooled).astype(np.float32)


def weighed(counts: sp.csr_matrix, chosen: Vocabulary) -> sp.csr_matrix:
    """Return (n_texts, v) the rows a linear model sees: (1 + log count) · idf, block by block."""
    rows = counts[:, chosen.buckets].tocsr()
    rows.sort_indices()
    edges = np.searchsorted(chosen.buckets, np.arange(BLOCKS) << BUCKET_BITS)
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    weights = ((1 + np.log(rows.data)) * chosen.idf[rows.indices]).astype(np.float32)
    v = chosen.buckets.size
    keys = owner * v + rows.indices
    starts = (np.arange(rows.shape[0])[:, None] * v + edges).ravel()
    bounds = np.append(np.searchsorted(keys, starts), keys.size)
    rows.data = weights * block_factors(weights, bounds)
    return rows


def word_buckets(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the body buckets of 2- and 3-grams that look like words.

    An n-gram is taken for a word when it holds together (its parts meet far more often than by
    chance) and stands free (many characters occur on both its sides).
    """
    codes = code_points(texts)
    found = grams(codes)
    body = found.bucket < OPENING << BUCKET_BITS
    at = {n: np.flatnonzero(body & (found.size == n)) for n in (1, 2, 3)}
    count = np.bincount(found.bucket[body], minlength=1 << BUCKET_BITS)
    bucket_at = {n: np.zeros(codes.values.size, dtype=np.int64) for n in (1, 2, 3)}
    for n, chosen in at.items():
        bucket_at[n][found.start[chosen]] = found.bucket[chosen]
    words = [
        _words(n, found.start[at[n]].astype(np.int64), bucket_at, count, codes) for n in (2, 3)
    ]
    return np.unique(np.concatenate(words)) + (BODY << BUCKET_BITS)


def _words(
    n: int,
    start: NDArray[np.int64],
    bucket_at: dict[int, NDArray[np.int64]],
    count: NDArray[np.int64],
    codes: Codes,
) -> NDArray[np.int64]:
    whole = bucket_at[n][start]
    total = float(count[bucket_at[1][start]].size)
    splits = [
        np.log(
            count[whole] * total / (count[bucket_at[k][start]] * count[bucket_at[n - k][start + k]])
        )
        for k in range(1, n)
    ]
    cohesive = np.minimum.reduce(splits) >= WORD_COHESION
    often = count[whole] >= WORD_SEEN
    keep = cohesive & often
    before = codes.values[np.maximum(start[keep] - 1, 0)].astype(np.int64)
    after = codes.values[start[keep] + n].astype(np.int64)
    whole = whole[keep]
    free = [
        np.bincount(np.unique(whole << 21 | side) >> 21, minlength=1 << BUCKET_BITS)
        >= WORD_NEIGHBOURS
        for side in (before, after)
    ]
    return np.flatnonzero(free[0] & free[1])
