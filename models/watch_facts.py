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

_Occurrence = tuple[int, str, int, int]  # term, field, start and end in the chunk
_CHUNK_CHARACTERS = 100_000  # arrays of a chunk stay in the cache
_SEGMENTS = ("title", "text")
_ORDER = {"title": 0, "text": 1, "source": 2, "tier": 3, "place": 4}


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
    """All occurrences in a batch, by document; `starts` and `ends` are places in its chunk."""

    documents: Numbers
    segments: Numbers
    starts: Numbers
    ends: Numbers
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
        first, batch = self._chunks[bisect_right(self._chunk_firsts, index) - 1]
        return Text(self, self._documents[index], index, batch, 2 * (index - first))

    def occurrences(self, index: int, leaf: int) -> list[_Occurrence]:
        """Occurrences of a leaf's terms in one document, in order."""
        keys, hits = self._by_leaf
        key = index * self._leaves + leaf
        low = bisect_left(keys, key)
        high = bisect_right(keys, key, low)
        terms, segments, starts, ends = self._columns
        return [
            (terms[hit], _SEGMENTS[segments[hit]], starts[hit], ends[hit]) for hit in hits[low:high]
        ]

    def _scanned(self, scanner: Scanner) -> _Hits:
        columns = []
        for first, chunk in _chunks(self._documents):
            batch = fold_batch([part for d in chunk for part in (d.title, d.text)])
            self._chunks.append((first, batch))
            starts, terms, whole = scanner.scan_words(batch.values)
            segments = np.searchsorted(batch.bounds, starts) - 1
            ends = starts + scanner.lengths_[terms]
            columns.append((segments // 2 + first, segments % 2, starts, ends, terms, whole))
        documents, segments, starts, ends, terms, whole = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        return _Hits(
            documents=documents,
            segments=segments,
            starts=starts,
            ends=ends,
            terms=terms,
            whole=whole,
        )

    @cached_property
    def _chunk_firsts(self) -> list[int]:
        return [first for first, _ in self._chunks]

    @cached_property
    def _by_leaf(self) -> tuple[list[int], list[int]]:
        """Keys of (document, leaf), ascending, and the hit of each."""
        keys = self._hits.documents[self._fed.hits] * self._leaves + self._fed.leaves
        order = np.argsort(keys, kind="stable")
        return keys[order].tolist(), self._fed.hits[order].tolist()

    @cached_property
    def _columns(self) -> tuple[list[int], list[int], list[int], list[int]]:
        hits = self._hits
        return hits.terms.tolist(), hits.segments.tolist(), hits.starts.tolist(), hits.ends.tolist()


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
            return [] if span is None else [Place(leaf.field, *span, leaf.shown)]
        found = self._facts.occurrences(self._index, leaf.leaf)
        if isinstance(leaf, AnyOf):
            return [Place(field, start, end, leaf.shown[term]) for term, field, start, end in found]
        places = [Place(field, start, end, leaf.shown) for _, field, start, end in found]
        return [p for p in places if self._is_meant(p, leaf)] if leaf.guard else places

    def hits(self, query: str, places: list[Place]) -> tuple[Hit, ...]:
        """Hits in original offsets, title before text before labels, no repeats."""
        ordered = sorted(set(places), key=_reading_order) if len(places) > 1 else places
        return tuple(self._hit(query, place) for place in ordered)

    def _hit(self, query: str, place: Place) -> Hit:
        field, start, end, shown = place
        if field in _SEGMENTS:
            segment = self._segment + (field == "text")
            base = self._batch.bounds.item(segment) + 1
            start, end = self._batch.span(segment, start - base, end - base)
        return Hit(query=query, term=shown, field=field, start=start, end=end)

    def _is_meant(self, place: Place, term: Occurs) -> bool:
        segment = self._segment + _SEGMENTS.index(place.field)
        text = self._batch.text(segment)
        start = place.start - int(self._batch.bounds[segment]) - 1
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


def _reading_order(place: Place) -> tuple[int, int, int]:
    return _ORDER[place.field], place.start, place.end
