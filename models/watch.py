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
from models.fold import fold_text
from models.watch_facts import Document as Document  # noqa: PLC0414 - part of this module's face
from models.watch_facts import Facts, Leaves
from models.watch_nodes import (
    All,
    AnyOf,
    Close,
    Either,
    Guard,
    Label,
    Node,
    Occurs,
    Without,
    find,
    possible,
    to_read,
)
from models.watch_parse import QueryError as QueryError  # noqa: PLC0414 - part of this module's face
from models.watch_places import may_be_other
from models.watch_scan import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from models.records import Hit

_BATCH_DOCUMENTS = 4_000  # bounds the table of leaves by documents


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

    def __init__(self, nodes: Mapping[str, Node], terms: Sequence[str], leaves: Leaves) -> None:
        self._nodes = {name: (node, to_read(node)) for name, node in nodes.items()}
        self._scanner = Scanner(terms)
        self._leaves = leaves

    def match(self, document: Document) -> dict[str, tuple[Hit, ...]]:
        """Names of the queries the document matches, each with its hits in reading order."""
        return self.match_batch((document,))[0]

    def match_batch(self, documents: Sequence[Document]) -> list[dict[str, tuple[Hit, ...]]]:
        """Match many documents; far faster a document than one by one."""
        results: list[dict[str, tuple[Hit, ...]]] = []
        for start in range(0, len(documents), _BATCH_DOCUMENTS):
            results += self._match_some(documents[start : start + _BATCH_DOCUMENTS])
        return results

    def _match_some(self, documents: Sequence[Document]) -> list[dict[str, tuple[Hit, ...]]]:
        facts = Facts(documents, self._scanner, self._leaves)
        results: list[dict[str, tuple[Hit, ...]]] = [{} for _ in documents]
        for name, (node, read) in self._nodes.items():
            for index in np.flatnonzero(possible(node, facts)).tolist():
                text = facts.text(index)
                places = find(read, text)
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
    return Matcher(nodes, tuple(compiler.terms), compiler.leaves())


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
    """Turns trees into nodes, numbering the terms and the leaves that they feed."""

    def __init__(self, places: Mapping[str, Sequence[str]]) -> None:
        self.terms: dict[str, int] = {}
        self._feeds: list[list[int]] = []
        self._in_title: list[bool] = []
        self._whole: list[bool] = []
        self._places = {fold_text(name): words for name, words in places.items()}

    def node(self, node: tree.Node) -> Node:
        """Compile one tree."""
        match node:
            case tree.Term():
                return self._term(node)
            case tree.And():
                return All(tuple(self.node(part) for part in node.parts))
            case tree.Or():
                return self._or(node)
            case tree.Not():
                return Without(self.node(node.part))
        return Close(self.node(node.left), self.node(node.right), node.distance)

    def leaves(self) -> Leaves:
        """Say which term feeds which leaf."""
        counts = [len(feeds) for feeds in self._feeds]
        return Leaves(
            first=np.concatenate(([0], np.cumsum(np.array(counts, dtype=np.int64)))),
            leaf_of=np.array([leaf for feeds in self._feeds for leaf in feeds], dtype=np.int64),
            in_title=np.array(self._in_title, dtype=bool),
            whole=np.array(self._whole, dtype=bool),
        )

    def _or(self, node: tree.Or) -> Node:
        """Put the plain terms of a field into one leaf: the usual long list."""
        plain: dict[str, list[tree.Term]] = {}
        parts: list[Node] = []
        for part in node.parts:
            if isinstance(part, tree.Term) and self._is_plain(part):
                plain.setdefault(part.field, []).append(part)
            else:
                parts.append(self.node(part))
        parts += [self._any_of(field, terms) for field, terms in plain.items()]
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _is_plain(self, term: tree.Term) -> bool:
        return term.field in {"any", "title"} and not term.prefix and not may_be_other(term.text)

    def _any_of(self, field: str, terms: Sequence[tree.Term]) -> AnyOf:
        leaf = self._leaf(field, whole=True)
        return AnyOf(leaf, {self._number(term.text, leaf): term.shown for term in terms}, field)

    def _term(self, term: tree.Term) -> Node:
        if term.field in {"source", "tier"}:
            return Label(term.field, term.text, term.shown, term.prefix)
        if term.field == "place":
            inside = self._occurs(term, "any", "place")
            return Either((inside, Label("place", term.text, term.shown, prefix=False)))
        return self._occurs(term, term.field, "verb" if may_be_other(term.text) else "")

    def _occurs(self, term: tree.Term, field: str, guard: Guard) -> Occurs:
        leaf = self._leaf(field, whole=not term.prefix)
        number = self._number(term.text, leaf)
        context = self._context(term.text) if guard == "place" else ()
        return Occurs(leaf, number, term.text, term.shown, field, not term.prefix, guard, context)

    def _leaf(self, field: str, *, whole: bool) -> int:
        self._in_title.append(field == "title")
        self._whole.append(whole)
        return len(self._whole) - 1

    def _number(self, text: str, leaf: int) -> int:
        number = self.terms.setdefault(text, len(self.terms))
        if number == len(self._feeds):
            self._feeds.append([])
        self._feeds[number].append(leaf)
        return number

    def _context(self, name: str) -> tuple[str, ...]:
        words = {fold_text(word) for word in self._places.get(name, ())}
        return tuple(sorted((words | set(self._places)) - {name, ""}))
