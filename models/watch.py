"""Watch queries: which of many boolean queries a text matches, and where, in the original text.

    上街区 OR (郑州 NEAR/10 上街) AND NOT 逛街        title:停水 AND @水务 AND NOT source:"广告"

The language is in `watch_parse`, the tests of place names in `watch_places`. Texts and terms are
folded alike, so a query written once finds every disguise; hits come back in original offsets.
A Latin word or a number is found as a whole; Chinese words are found wherever they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import watch_parse as tree
from models.fold import FoldedBatch, fold_batch, fold_text
from models.records import TIER_ZH, Hit
from models.watch_nodes import (
    All,
    AnyOf,
    Close,
    Either,
    Guard,
    Label,
    Leaf,
    Node,
    Occurs,
    Place,
    Without,
    find,
    merged,
    possible,
)
from models.watch_parse import QueryError as QueryError  # noqa: PLC0414 - part of this module's face
from models.watch_places import is_movement, is_place, may_be_other
from models.watch_scan import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

_CHUNK_CHARACTERS = 60_000  # arrays of a chunk stay in the processor's cache
_SEGMENTS = ("title", "text")
_FIELDS_OF = {"any": _SEGMENTS, "title": ("title",)}


@dataclass(frozen=True, slots=True)
class Document:
    """What a query looks at. `tier` is an id of `MediaTier` or any word; empty means unknown."""

    title: str = ""
    text: str = ""
    source: str = ""
    tier: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed watch query; `text` is what the officer wrote."""

    text: str
    tree: tree.Node

    @classmethod
    def parse(cls, text: str, groups: Mapping[str, str] | None = None) -> Query:
        """Parse a query; `groups` maps a name to the query text that `@name` stands for.

        Raises QueryError with column and expectation, and nothing else.
        """
        return cls(text, tree.parse(text, groups or {}))


@dataclass(frozen=True, slots=True)
class LineMatch:
    """What a query says about one line."""

    line: str
    matched: bool
    hits: tuple[Hit, ...]


class Matcher:
    """Many compiled queries, matched together; make one with `compile_queries`."""

    def __init__(self, nodes: Mapping[str, Node], terms: Sequence[str]) -> None:
        self._nodes = dict(nodes)
        self._terms = terms
        self._scanner = Scanner(terms)

    def match(self, document: Document) -> dict[str, tuple[Hit, ...]]:
        """Names of the queries the document matches, each with its hits in reading order."""
        return self.match_batch((document,))[0]

    def match_batch(self, documents: Sequence[Document]) -> list[dict[str, tuple[Hit, ...]]]:
        """Match many documents; far faster a document than one by one."""
        results: list[dict[str, tuple[Hit, ...]]] = []
        for chunk in _chunks(documents):
            results += self._match_chunk(chunk)
        return results

    def _match_chunk(self, documents: Sequence[Document]) -> list[dict[str, tuple[Hit, ...]]]:
        facts = _Facts(documents, self._scanner)
        results: list[dict[str, tuple[Hit, ...]]] = [{} for _ in documents]
        for name, node in self._nodes.items():
            for index in np.flatnonzero(possible(node, facts)).tolist():
                text = facts.text(index)
                places = find(node, text)
                if places is not None:
                    results[index][name] = text.hits(name, places)
        return results


def compile_queries(
    queries: Mapping[str, Query], places: Mapping[str, Sequence[str]] | None = None
) -> Matcher:
    """Compile named queries into one matcher.

    `places` maps a place name to its context words: the larger place, neighbours, landmarks. They
    support a `place:` query when they stand near the name; the `places` support each other.
    """
    compiler = _Compiler(places or {})
    nodes = {name: compiler.node(query.tree) for name, query in queries.items()}
    return Matcher(nodes, tuple(compiler.terms))


def match_lines(query: Query, lines: Iterable[str], batch_lines: int = 500) -> Iterator[LineMatch]:
    """Match each line on its own; offsets are in the line as given."""
    matcher = compile_queries({"": query})
    waiting: list[str] = []
    for line in lines:
        waiting.append(line)
        if len(waiting) == batch_lines:
            yield from _line_matches(matcher, waiting)
            waiting = []
    yield from _line_matches(matcher, waiting)


def _line_matches(matcher: Matcher, lines: list[str]) -> Iterator[LineMatch]:
    documents = [Document(text=line) for line in lines]
    for line, found in zip(lines, matcher.match_batch(documents), strict=True):
        yield LineMatch(line, "" in found, found.get("", ()))


class _Compiler:
    """Turns trees into nodes, numbering the terms."""

    def __init__(self, places: Mapping[str, Sequence[str]]) -> None:
        self.terms: dict[str, int] = {}
        self._places = {fold_text(name): words for name, words in places.items()}

    def node(self, node: tree.Node) -> Node:
        match node:
            case tree.Term():
                return self._term(node)
            case tree.And():
                return All(tuple(self.node(part) for part in node.parts))
            case tree.Or():
                parts = merged([self.node(part) for part in node.parts])
                return parts[0] if len(parts) == 1 else Either(parts)
            case tree.Not():
                return Without(self.node(node.part))
        return Close(self.node(node.left), self.node(node.right), node.distance)

    def _term(self, term: tree.Term) -> Node:
        if term.field in {"source", "tier"}:
            return Label(term.field, term.text, term.shown, term.prefix)
        number = self.terms.setdefault(term.text, len(self.terms))
        whole = not term.prefix
        if term.field == "place":
            context = self._context(term.text)
            inside = Occurs(number, term.text, term.shown, "any", whole, "place", context)
            return Either((inside, Label("place", term.text, term.shown, prefix=False)))
        guard: Guard = "verb" if may_be_other(term.text) else ""
        return Occurs(number, term.text, term.shown, term.field, whole, guard)

    def _context(self, name: str) -> tuple[str, ...]:
        words = {fold_text(word) for word in self._places.get(name, ())}
        return tuple(sorted((words | set(self._places)) - {name, ""}))


class _Facts:
    """A folded, scanned chunk of documents: what occurs in which."""

    def __init__(self, documents: Sequence[Document], scanner: Scanner) -> None:
        self._documents = documents
        self._batch = fold_batch([part for d in documents for part in (d.title, d.text)])
        places, terms, whole = scanner.scan_words(self._batch.values)
        segments = np.searchsorted(self._batch.bounds, places) - 1
        self._hits = (places, terms, whole)
        self._firsts = np.searchsorted(segments, np.arange(0, 2 * len(documents) + 1, 2))
        self._row_of = np.full(len(scanner.lengths_) + 1, -1, dtype=np.int64)
        present = np.unique(terms)
        self._row_of[present] = np.arange(len(present))
        # The last row stands for every absent term (index -1).
        self._any = np.zeros((len(present) + 1, 2 * len(documents)), dtype=bool)
        self._any[self._row_of[terms], segments] = True
        self._whole = self._any
        if not whole.all():
            self._whole = np.zeros_like(self._any)
            self._whole[self._row_of[terms[whole]], segments[whole]] = True
        self._texts: dict[int, _Text] = {}
        self._lengths = scanner.lengths_

    def row(self, term: int, field: str, *, whole: bool) -> NDArray[np.bool_]:
        rows = self._whole if whole else self._any
        return _of_field(rows[self._row_of[term : term + 1]][0], field)

    def any_row(self, terms: NDArray[np.int64], field: str) -> NDArray[np.bool_]:
        rows = self._row_of[terms]
        return _of_field(np.logical_or.reduce(self._whole[rows[rows >= 0]], axis=0), field)

    def label_row(self, label: Label) -> NDArray[np.bool_]:
        known: dict[str, bool] = {}
        flags = np.zeros(len(self._documents), dtype=bool)
        for index, document in enumerate(self._documents):
            value = getattr(document, label.field)
            if value not in known:
                known[value] = _label_span(label, value) is not None
            flags[index] = known[value]
        return flags

    def text(self, index: int) -> _Text:
        if index not in self._texts:
            hits = slice(int(self._firsts[index]), int(self._firsts[index + 1]))
            places, terms, whole = (column[hits].tolist() for column in self._hits)
            ends = self._lengths[self._hits[1][hits]].tolist()
            occurrences: dict[int, list[tuple[int, int, bool]]] = {}
            for start, term, is_whole, length in zip(places, terms, whole, ends, strict=True):
                occurrences.setdefault(term, []).append((start, start + length, is_whole))
            self._texts[index] = _Text(self._documents[index], self._batch, index, occurrences)
        return self._texts[index]


class _Text:
    """One document of a chunk with the occurrences of every term in it."""

    def __init__(
        self,
        document: Document,
        batch: FoldedBatch,
        index: int,
        occurrences: Mapping[int, list[tuple[int, int, bool]]],
    ) -> None:
        self._document = document
        self._batch = batch
        self._segment = 2 * index
        self._occurrences = occurrences
        self._middle = int(batch.bounds[self._segment + 1])

    def places(self, leaf: Leaf) -> list[Place]:
        match leaf:
            case Occurs():
                return self._of_term(leaf)
            case AnyOf():
                return self._of_any(leaf)
        span = _label_span(leaf, getattr(self._document, leaf.field))
        return [] if span is None else [Place(leaf.field, *span, leaf.shown)]

    def _of_term(self, term: Occurs) -> list[Place]:
        places = [
            Place(field, start, end, term.shown)
            for start, end, is_whole in self._occurrences.get(term.term, ())
            if (is_whole or not term.whole)
            and (field := _SEGMENTS[start > self._middle]) in _FIELDS_OF[term.field]
        ]
        if not term.guard:
            return places
        return [place for place in places if self._is_meant(place, term)]

    def _of_any(self, terms: AnyOf) -> list[Place]:
        fields = _FIELDS_OF[terms.field]
        return [
            Place(field, start, end, terms.shown[term])
            for term, spans in self._occurrences.items()
            if term in terms.shown
            for start, end, is_whole in spans
            if is_whole and (field := _SEGMENTS[start > self._middle]) in fields
        ]

    def hits(self, query: str, places: list[Place]) -> tuple[Hit, ...]:
        """Hits in original offsets, title before text before labels, no repeats."""
        hits = [self._hit(query, place) for place in sorted(set(places), key=_reading_order)]
        return tuple(dict.fromkeys(hits))

    def _hit(self, query: str, place: Place) -> Hit:
        start, end = place.start, place.end
        if place.field in _SEGMENTS:
            start, end = int(self._batch.starts[start]), int(self._batch.ends[end - 1])
        return Hit(query=query, term=place.shown, field=place.field, start=start, end=end)

    def _is_meant(self, place: Place, term: Occurs) -> bool:
        segment = self._segment + _SEGMENTS.index(place.field)
        text = self._batch.text(segment)
        start = place.start - int(self._batch.bounds[segment]) - 1
        if term.guard == "verb":
            return not is_movement(term.text, text[max(0, start - 4) : start])
        return is_place(term.text, text, start, term.context)


def _of_field(row: NDArray[np.bool_], field: str) -> NDArray[np.bool_]:
    """Fold the flags of (title, text) pairs into one a document."""
    if field == "any":
        return row[0::2] | row[1::2]
    return row[0::2] if field == "title" else row[1::2]


def _label_span(label: Label, value: str) -> tuple[int, int] | None:
    """Where the label fits the value, in original offsets; a tier fits by its id or its word."""
    if label.field == "tier":
        return (0, len(value)) if _is_tier(label, value) else None
    folded = fold_batch((value,))
    at = folded.text(0).find(label.text)
    if at < 0:
        return None
    return int(folded.starts[at + 1]), int(folded.ends[at + len(label.text)])


def _is_tier(label: Label, value: str) -> bool:
    words = [fold_text(value)]
    words += [zh for tier, zh in TIER_ZH.items() if tier.value == value]
    return any(w == label.text or (label.prefix and w.startswith(label.text)) for w in words if w)


def _reading_order(place: Place) -> tuple[int, int, int]:
    order = ("title", "text", "source", "tier", "place").index(place.field)
    return order, place.start, place.end


def _chunks(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    start = size = 0
    for index, document in enumerate(documents):
        size += len(document.title) + len(document.text) + 2
        if size >= _CHUNK_CHARACTERS:
            yield documents[start : index + 1]
            start, size = index + 1, 0
    if start < len(documents):
        yield documents[start:]
