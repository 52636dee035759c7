"""What the queries ask of documents: a folded, scanned batch, and one document of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from models.fold import FoldedBatch, fold_batch, fold_text
from models.records import TIER_ZH, Hit
from models.watch_nodes import AnyOf, Label, Leaf, Occurs, Place
from models.watch_places import is_movement, is_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.watch_scan import Scanner

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_CHUNK_CHARACTERS = 100_000  # arrays of a chunk stay in the cache
_FIELDS = ("title", "text", "source", "tier", "place")


@dataclass(frozen=True, slots=True)
class Document:
    """What a query looks at. `tier` is an id of `MediaTier` or any word; empty means unknown."""

    title: str = ""
    text: str = ""
    source: str = ""
    tier: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """The places of terms in the compiled queries: leaf numbers, and which term feeds which.

    Term t feeds the leaves `leaf_of[first[t] : first[t + 1]]`.
    """

    first: Numbers
    leaf_of: Numbers
    in_title: Flags
    whole: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hits:
    """All occurrences in a batch, by document.

    `starts` and `ends` are places in the document's chunk, `lows` and `highs` original offsets.
    """

    documents: Numbers
    segments: Numbers
    starts: Numbers
    ends: Numbers
    lows: Numbers
    highs: Numbers
    terms: Numbers
    whole: Flags


class Facts:
    """A batch of documents, folded and scanned: what occurs in which."""

    def __init__(self, documents: Sequence[Document], scanner: Scanner, leaves: Leaves) -> None:
        self._documents = documents
        self._leaves = len(leaves.whole)
        self._chunks: list[tuple[int, FoldedBatch]] = []
        self._hits = self._scanned(scanner)
        self._fed = _fed(self._hits, leaves)
        self._texts: dict[int, Text] = {}
        self._rows = np.zeros((self._leaves, len(documents)), dtype=bool)
        self._rows[self._fed.leaves, self._hits.documents[self._fed.hits]] = True

    def leaf_row(self, leaf: int) -> Flags:
        """Where a leaf's terms occur, one flag a document."""
        return self._rows[leaf, :]

    def label_row(self, label: Label) -> Flags:
        """Where a label fits, one flag a document."""
        known: dict[str, bool] = {}
        flags = np.zeros(len(self._documents), dtype=bool)
        for index, document in enumerate(self._documents):
            value = getattr(document, label.field)
            if value not in known:
                known[value] = _label_span(label, value) is not None
            flags[index] = known[value]
        return flags

    def text(self, index: int) -> Text:
        """One document of the batch."""
        if index not in self._texts:
            first, batch = self._chunks[bisect_right(self._chunk_firsts, index) - 1]
            document = self._documents[index]
            self._texts[index] = Text(self, document, index, batch, 2 * (index - first))
        return self._texts[index]

    def hits(self, index: int, leaf: int) -> list[int]:
        """Numbers of the hits of a leaf's terms in one document, in order."""
        leaves, hits, firsts = self._by_leaf
        last = firsts[index + 1]
        low = bisect_left(leaves, leaf, firsts[index], last)
        return hits[low : bisect_right(leaves, leaf, low, last)]

    def _scanned(self, scanner: Scanner) -> _Hits:
        columns = []
        for first, chunk in _chunks(self._documents):
            batch = fold_batch([part for d in chunk for part in (d.title, d.text)])
            self._chunks.append((first, batch))
            starts, terms, whole = scanner.scan_words(batch.values)
            texts = np.searchsorted(batch.bounds, starts) - 1
            ends = starts + scanner.lengths_[terms]
            lows, highs = batch.spans(texts, starts, ends - 1)
            columns.append((texts // 2 + first, texts % 2, starts, ends, lows, highs, terms, whole))
        documents, segments, starts, ends, lows, highs, terms, whole = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        return _Hits(
            documents=documents,
            segments=segments,
            starts=starts,
            ends=ends,
            lows=lows,
            highs=highs,
            terms=terms,
            whole=whole,
        )

    @cached_property
    def _chunk_firsts(self) -> list[int]:
        return [first for first, _ in self._chunks]

    @cached_property
    def _by_leaf(self) -> tuple[list[int], list[int], list[int]]:
        """Leaves and hits, ordered by document and leaf, and where each document begins."""
        documents = self._hits.documents[self._fed.hits]
        order = np.argsort(documents * self._leaves + self._fed.leaves, kind="stable")
        firsts = np.searchsorted(documents[order], np.arange(len(self._documents) + 1))
        return (
            self._fed.leaves[order].tolist(),
            self._fed.hits[order].tolist(),
            firsts.tolist(),
        )

    @cached_property
    def columns(self) -> _Columns:
        """Hits as plain numbers, which single look-ups read much faster than arrays."""
        hits = self._hits
        return _Columns(
            terms=hits.terms.tolist(),
            segments=hits.segments.tolist(),
            starts=hits.starts.tolist(),
            ends=hits.ends.tolist(),
            lows=hits.lows.tolist(),
            highs=hits.highs.tolist(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    terms: list[int]
    segments: list[int]
    starts: list[int]
    ends: list[int]
    lows: list[int]
    highs: list[int]


class Text:
    """One document of a batch."""

    def __init__(
        self, facts: Facts, document: Document, index: int, batch: FoldedBatch, segment: int
    ) -> None:
        self._facts = facts
        self._document = document
        self._index = index
        self._batch = batch
        self._segment = segment

    def places(self, leaf: Leaf) -> list[Place]:
        """All places of a term, of any of many terms, or of a label."""
        if isinstance(leaf, Label):
            span = _label_span(leaf, getattr(self._document, leaf.field))
            return [] if span is None else [(_FIELDS.index(leaf.field), *span, leaf.shown, -1)]
        found = self._facts.hits(self._index, leaf.leaf)
        if not found:
            return []
        at = self._facts.columns
        segments, starts, ends = at.segments, at.starts, at.ends
        if isinstance(leaf, AnyOf):
            shown, terms = leaf.shown, at.terms
            return [(segments[h], starts[h], ends[h], shown[terms[h]], h) for h in found]
        places = [(segments[h], starts[h], ends[h], leaf.shown, h) for h in found]
        return [p for p in places if self._is_meant(p, leaf)] if leaf.guard else places

    def hits(self, query: str, places: list[Place]) -> tuple[Hit, ...]:
        """Hits in original offsets, title before text before labels, no repeats."""
        ordered = sorted(set(places)) if len(places) > 1 else places
        lows, highs = self._facts.columns.lows, self._facts.columns.highs
        return tuple(
            [
                Hit(query=query, term=shown, field=_FIELDS[field], start=lows[hit], end=highs[hit])
                if hit >= 0
                else Hit(query=query, term=shown, field=_FIELDS[field], start=start, end=end)
                for field, start, end, shown, hit in ordered
            ]
        )

    def _is_meant(self, place: Place, term: Occurs) -> bool:
        segment = self._segment + place[0]
        text = self._batch.text(segment)
        start = place[1] - int(self._batch.bounds[segment]) - 1
        if term.guard == "verb":
            return not is_movement(term.text, text[max(0, start - 4) : start])
        return is_place(term.text, text, start, term.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fed:
    """Hit by hit, the leaves they feed: `hits[i]` counts for leaf `leaves[i]`."""

    hits: Numbers
    leaves: Numbers


def _fed(hits: _Hits, leaves: Leaves) -> _Fed:
    """Lead every hit to the leaves that its term feeds, where field and word ends allow."""
    counts = leaves.first[hits.terms + 1] - leaves.first[hits.terms]
    hit = np.repeat(np.arange(len(hits.terms)), counts)
    rank = np.arange(len(hit)) - np.repeat(np.cumsum(counts) - counts, counts)
    leaf = leaves.leaf_of[leaves.first[hits.terms[hit]] + rank]
    counted = ~leaves.in_title[leaf] | (hits.segments[hit] == 0)
    counted &= ~leaves.whole[leaf] | hits.whole[hit]
    return _Fed(hits=hit[counted], leaves=leaf[counted])


def _chunks(documents: Sequence[Document]) -> Iterator[tuple[int, Sequence[Document]]]:
    """Neighbouring documents of about `_CHUNK_CHARACTERS`, each chunk with its first number."""
    start = size = 0
    for index, document in enumerate(documents):
        size += len(document.title) + len(document.text) + 2
        if size >= _CHUNK_CHARACTERS:
            yield start, documents[start : index + 1]
            start, size = index + 1, 0
    if start < len(documents):
        yield start, documents[start:]


def _label_span(label: Label, value: str) -> tuple[int, int] | None:
    """Where the label fits the value, in original offsets; a tier fits by its id or its word."""
    if label.field == "tier":
        return (0, len(value)) if _is_tier(label, value) else None
    folded = fold_batch((value,))
    at = folded.text(0).find(label.text)
    return None if at < 0 else folded.span(0, at, at + len(label.text))


def _is_tier(label: Label, value: str) -> bool:
    words = [fold_text(value)]
    words += [zh for tier, zh in TIER_ZH.items() if tier.value == value]
    return any(w == label.text or (label.prefix and w.startswith(label.text)) for w in words if w)
