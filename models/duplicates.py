"""Reposts: which mention is a copy of an earlier one, within a rolling window.

A repost is the same report told again: headline changed, a tail added, edited here and there,
paragraphs moved, in Traditional script. It counts as reach, never as one more independent
complaint. Two notices of one template, which differ in place, date or number, are two facts and
no repost: texts that resemble each other are compared fact by fact before they are joined.

Everything a decision needs is in the signatures, and those are stored beside the mentions: after
a restart `RepostIndex.add` is given the stored rows again and answers as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from models.sketches import (
    EMPTY,
    FACT_COUNT,
    FACTS,
    FIRST_FACT,
    LENGTH,
    PAIRS,
    REST,
    SLOTS,
    WHOLE,
    WIDTH,
    from_bytes,
    sketch,
    to_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

__all__ = ["Match", "RepostIndex", "from_bytes", "similarity", "sketch", "to_bytes"]

AT_LEAST_CHARS = 8
"""A text of fewer counted characters is nobody's copy: many people write 又停水了 by themselves."""

_SHORT_CHARS = 30
_SHORT_AT_LEAST = 0.6
_LONG_AT_LEAST = 0.36
_INSIDE_AT_LEAST = 0.2  # with _KEPT_AT_LEAST: a short text told again with a longer comment
_KEPT_AT_LEAST = 0.7
_RUN_LIMIT = 64  # newest holders looked at for one minimum: bounds a common template
_COMPARED_LIMIT = 64  # best candidates compared in full for one text
_BEST_LIMIT = 4  # copies of one text told apart in one block: its own id may be among them
_TAIL_ROWS = 2_048
_MERGE_FANOUT = 8
_BLOCK_ROWS = _TAIL_ROWS * _MERGE_FANOUT**2
_QUERY_ROWS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a text is a copy of.

    `original` is the first of the whole chain of copies (what storage keeps as repost_of),
    `nearest` the copy it resembles most; `similarity` is the estimated share of pairs of
    characters the two have in common (0..1).
    """

    original: str
    nearest: str
    similarity: float


def similarity(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return how much each left signature is a copy of the right one beside it, 0 if it is not.

    Shapes (n, WIDTH) twice, result (n,) float32: the estimated share of what they say that the
    two have in common (Jaccard of pairs of characters, and of facts, a fact as three pairs), or 0
    where the texts are too far apart, too short to tell, or notices of one template about
    different places, dates or numbers.
    """
    shorter = np.minimum(left[:, LENGTH], right[:, LENGTH])
    common = _common_pairs(left, right)
    rest = np.stack([left[:, REST], right[:, REST]]).astype(np.float64)
    least_rest = np.maximum(rest.min(axis=0), 1.0)
    kept = common / (1 + common) * rest.sum(axis=0) / least_rest
    short = shorter < _SHORT_CHARS
    close = common >= np.where(short, _SHORT_AT_LEAST, _LONG_AT_LEAST)
    inside = (common >= _INSIDE_AT_LEAST) & (kept >= _KEPT_AT_LEAST) & ~short
    shared, conflicts, facts = _facts_compared(left, right)
    same = (close | inside) & ~_other_facts(conflicts, common, least_rest)
    exact = (left[:, WHOLE : WHOLE + 2] == right[:, WHOLE : WHOLE + 2]).all(axis=1)
    pairs = rest.sum(axis=0) / (1 + common)
    in_common = (common * pairs + 3 * shared) / np.maximum(pairs + 3 * facts, 1)
    result = np.where(exact, 1.0, np.where(same, in_common, 0.0))
    return np.where(shorter >= AT_LEAST_CHARS, result, 0.0).astype(np.float32)


def _common_pairs(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return the estimated Jaccard similarity of the pairs of characters, (n,) 0..1.

    One byte agrees by chance once in 255; what that adds is taken off.
    """
    a, b = (np.ascontiguousarray(side[:, PAIRS:LENGTH]).view(np.uint8) for side in (left, right))
    filled = np.count_nonzero(a | b, axis=1)
    agree = np.count_nonzero((a == b) & (a > 0), axis=1)
    share = agree / np.maximum(filled, 1)
    result: NDArray[np.float64] = np.maximum((share - 1 / 255) / (1 - 1 / 255), 0.0)
    return result


def _other_facts(
    conflicts: NDArray[np.int64], common: NDArray[np.float64], rest: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Say where two texts are notices of one template about different facts.

    Edits fall anywhere and change the rest of the text too; where the rest (so many pairs of
    characters, of which `common` stayed) is as it was, conflicting facts mean another notice. The
    weights are a logistic regression over edited texts and filled-in templates, rounded:
    docs/stories.md.
    """
    told_again = 38.3 - 45.0 * common + 1.9 * np.log(rest) - 4.9 * np.sqrt(conflicts)
    other: NDArray[np.bool_] = (conflicts > 0) & (told_again < 0)
    return other


def _facts_compared(
    left: NDArray[np.uint32], right: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many facts two texts share, how many conflict, and how many there are in all.

    A conflict is a pair of facts, one of each text, that the other lacks; what only one side
    adds (a tail) is none. Where a text has more facts than a signature keeps, only the range
    both know is compared.
    """
    a, b = left[:, FIRST_FACT:].copy(), right[:, FIRST_FACT:].copy()
    known = np.full(len(a), EMPTY, np.uint32)
    for facts, counts in ((a, left[:, FACT_COUNT]), (b, right[:, FACT_COUNT])):
        known = np.where(counts > FACTS, np.minimum(known, facts[:, -1]), known)
    for facts in (a, b):
        facts[facts > known[:, None]] = EMPTY
    both = np.sort(np.concatenate([a, b], axis=1), axis=1)
    twice = (both[:, 1:] == both[:, :-1]) & (both[:, 1:] != EMPTY)
    shared = np.count_nonzero(twice, axis=1).astype(np.int64)
    of_a, of_b = ((facts != EMPTY).sum(axis=1, dtype=np.int64) for facts in (a, b))
    return shared, np.minimum(of_a, of_b) - shared, of_a + of_b - shared


class _Block:
    """Consecutive rows of the index with their postings: sorted keys and whose they are."""

    __slots__ = ("ids", "keys", "originals", "owners", "seconds", "signatures")

    def __init__(
        self,
        ids: list[str],
        signatures: NDArray[np.uint32],
        seconds: NDArray[np.int64],
        originals: list[str],
    ) -> None:
        self.ids = ids
        self.signatures = signatures
        self.seconds = seconds
        self.originals = originals
        packed = _posting_keys(signatures).astype(np.uint64) << np.uint64(32)
        packed |= np.arange(len(ids), dtype=np.uint64)[:, None]
        packed = packed[signatures[:, :SLOTS] != EMPTY]
        packed.sort()
        self.keys = (packed >> np.uint64(32)).astype(np.uint32)
        self.owners = packed.astype(np.uint32)

    def __len__(self) -> int:
        return len(self.ids)

    def holders(
        self, keys: NDArray[np.uint32], askers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (asker, row) for each row that holds a key; `keys` ascend."""
        first = np.searchsorted(self.keys, keys, "left")
        found = np.flatnonzero(self.keys[np.minimum(first, len(self.keys) - 1)] == keys)
        last = np.searchsorted(self.keys, keys[found], "right")
        counts = np.minimum(last - first[found], _RUN_LIMIT)
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        at = np.repeat(last - counts, counts) + offsets
        return np.repeat(askers[found], counts), self.owners[at].astype(np.int64)


def _posting_keys(signatures: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return what the indexed minima are looked up by: slot in the top bits, then the minimum."""
    slots = np.arange(SLOTS, dtype=np.uint32) << np.uint32(27)
    return slots | (signatures[:, :SLOTS] >> np.uint32(5))


class RepostIndex:
    """The texts of the last days, asked which of them a new text copies.

    Keeps what is younger than `window` (by the time given with each row), and of that at least
    the newest `capacity` rows. Rows live in blocks that grow eightfold as they age; whole blocks
    are dropped from the old end, so memory stays bounded (about 900 bytes a row).
    """

    def __init__(
        self, *, window: timedelta = timedelta(days=30), capacity: int = 1_000_000
    ) -> None:
        self._window_seconds = int(window.total_seconds())
        self._capacity = capacity
        self._blocks: list[_Block] = []

    def __len__(self) -> int:
        return sum(len(block) for block in self._blocks)

    def add(
        self,
        ids: Sequence[str],
        signatures: NDArray[np.uint32],
        times: Sequence[datetime],
        originals: Sequence[str | None] | None = None,
    ) -> None:
        """Remember rows, oldest first; `originals` names what each is known to be a repost of."""
        known = originals or [None] * len(ids)
        roots = [original or own for original, own in zip(known, ids, strict=True)]
        seconds = _seconds(times)
        for start in range(0, len(ids), _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            self._append(
                _Block(list(ids[part]), _rows(signatures[part]), seconds[part], roots[part])
            )
        self._forget()

    def find(self, signatures: NDArray[np.uint32], times: Sequence[datetime]) -> list[Match | None]:
        """Return for each row what it is a repost of, or None; the index stays as it is."""
        seconds = _seconds(times)
        found: list[Match | None] = []
        for start in range(0, len(signatures), _QUERY_ROWS):
            part = slice(start, start + _QUERY_ROWS)
            found.extend(self._find_part(_rows(signatures[part]), seconds[part]))
        return found

    def find_and_add(
        self, ids: Sequence[str], signatures: NDArray[np.uint32], times: Sequence[datetime]
    ) -> list[Match | None]:
        """Find and remember rows in the order given; copies within the batch are found too.

        A row whose id is known already (the same mention, crawled again or edited) is not a
        repost of itself.
        """
        matches: list[Match | None] = []
        for start in range(0, len(ids), _QUERY_ROWS):
            part = slice(start, start + _QUERY_ROWS)
            matches.extend(self._find_and_add_part(list(ids[part]), signatures[part], times[part]))
        return matches

    def _find_and_add_part(
        self, ids: list[str], signatures: NDArray[np.uint32], times: Sequence[datetime]
    ) -> list[Match | None]:
        rows, seconds = _rows(signatures), _seconds(times)
        matches = self._find_part(rows, seconds, ids)
        among = _Block(ids, rows, seconds, list(ids))
        pairs = _compared(among, rows, seconds, self._window_seconds, earlier_only=True)
        for asker, candidate, score in pairs:
            best = matches[asker]
            if ids[asker] == ids[candidate] or (best and best.similarity >= score):
                continue
            first = matches[candidate]
            original = first.original if first else ids[candidate]
            if original != ids[asker]:
                matches[asker] = Match(original=original, nearest=ids[candidate], similarity=score)
        self.add(ids, rows, times, [match.original if match else None for match in matches])
        return matches

    def _find_part(
        self,
        signatures: NDArray[np.uint32],
        seconds: NDArray[np.int64],
        ids: Sequence[str] | None = None,
    ) -> list[Match | None]:
        best: list[Match | None] = [None] * len(signatures)
        for block in self._blocks:
            for asker, row, score in _compared(block, signatures, seconds, self._window_seconds):
                known = best[asker]
                own = ids is not None and ids[asker] in {block.ids[row], block.originals[row]}
                if own or (known and known.similarity >= score):
                    continue
                best[asker] = Match(
                    original=block.originals[row], nearest=block.ids[row], similarity=score
                )
        return best

    def _append(self, block: _Block) -> None:
        """Put a block at the young end, merging small neighbours so that there are few."""
        self._blocks.append(block)
        size = _TAIL_ROWS
        if len(self._blocks) > 1 and len(self._blocks[-2]) + len(block) <= size:
            self._merge_last(2)
        while size < _BLOCK_ROWS:
            small = 0
            while small < len(self._blocks) and len(self._blocks[-1 - small]) <= size:
                small += 1
            if small > _MERGE_FANOUT:
                self._merge_last(small)
            size *= _MERGE_FANOUT

    def _merge_last(self, count: int) -> None:
        """Replace the last `count` blocks by one."""
        parts = self._blocks[-count:]
        self._blocks[-count:] = [
            _Block(
                [own for part in parts for own in part.ids],
                np.concatenate([part.signatures for part in parts]),
                np.concatenate([part.seconds for part in parts]),
                [root for part in parts for root in part.originals],
            )
        ]

    def _forget(self) -> None:
        """Drop the oldest blocks that are out of the window or beyond the capacity."""
        newest = max((int(block.seconds.max()) for block in self._blocks), default=0)
        kept = len(self)
        while len(self._blocks) > 1:
            oldest = self._blocks[0]
            expired = int(oldest.seconds.max()) < newest - self._window_seconds
            if not expired and kept - len(oldest) < self._capacity:
                return
            kept -= len(oldest)
            del self._blocks[0]


def _rows(signatures: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the signatures as contiguous rows; ValueError when their width is another."""
    if signatures.ndim != 2 or signatures.shape[1] != WIDTH:
        raise ValueError(f"signatures have shape {signatures.shape}, expected (n, {WIDTH})")
    return np.ascontiguousarray(signatures)


def _seconds(times: Sequence[datetime]) -> NDArray[np.int64]:
    return np.array([int(time.timestamp()) for time in times], np.int64)


def _compared(
    block: _Block,
    signatures: NDArray[np.uint32],
    seconds: NDArray[np.int64],
    window_seconds: int,
    *,
    earlier_only: bool = False,
) -> Iterator[tuple[int, int, float]]:
    """Yield (asker, row, similarity) for the rows of the block that an asker copies, best first.

    `earlier_only` is for a block compared with itself: a row may copy only rows before it.
    """
    askers, rows = _candidates(block, signatures)
    near = np.abs(block.seconds[rows] - seconds[askers]) <= window_seconds
    if earlier_only:
        near &= rows < askers
    askers, rows = askers[near], rows[near]
    scores = similarity(signatures[askers], block.signatures[rows])
    order = np.lexsort((rows, -scores, askers))
    order = order[scores[order] > 0]
    for at in order[_rank_within(askers[order]) < _BEST_LIMIT]:
        yield int(askers[at]), int(rows[at]), float(scores[at])


def _rank_within(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position of each entry within its group; `groups` ascend."""
    rank: NDArray[np.int64] = np.arange(len(groups)) - np.searchsorted(groups, groups)
    return rank


def _candidates(
    block: _Block, signatures: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (asker, row) pairs that share enough indexed minima, the best few of each asker."""
    filled = signatures[:, :SLOTS] != EMPTY
    askers, _ = np.nonzero(filled)
    keys = _posting_keys(signatures)[filled]
    order = np.argsort(keys)
    asker, row = block.holders(keys[order], askers[order])
    packed, hits = np.unique(
        asker.astype(np.uint64) << np.uint64(32) | row.astype(np.uint64), return_counts=True
    )
    asker = (packed >> np.uint64(32)).astype(np.int64)
    row = (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    # A long text shares one run with a stranger easily; a short one has few runs to share.
    enough = hits >= np.where(filled.sum(axis=1)[asker] >= SLOTS // 2, 2, 1)
    asker, row, hits = asker[enough], row[enough], hits[enough]
    order = np.lexsort((-hits, asker))
    asker, row = asker[order], row[order]
    best = _rank_within(asker) < _COMPARED_LIMIT
    return asker[best], row[best]
