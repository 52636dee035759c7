"""Watch queries compiled for many texts: a quick bound for a batch, an exact answer for one text.

`possible` answers, for all documents of a batch at once, where a query can match at all; only
those documents are read closely by `find`, which returns the places or None.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Row = NDArray[np.bool_]


Guard = Literal["", "verb", "place"]


Place = tuple[int, int, int, str, int]
"""One occurrence: field (0 title, 1 text, ...), start, end, term as written, number of the hit.

Start and end are places in the folded chunk; for source, tier and place they are original offsets
and the number is -1. A plain tuple, because there are very many.
"""


class Span(NamedTuple):
    """Places that belong together, and the stretch they cover."""

    field: int
    start: int
    end: int
    places: tuple[Place, ...]


class Batch(Protocol):
    """What a node may ask about all documents of a batch."""

    def leaf_row(self, leaf: int) -> Row:
        """Where a term, or any of many, occurs at all, one flag a document."""

    def label_row(self, label: Label) -> Row:
        """Where a label of the document (source, tier, place) fits."""


class Text(Protocol):
    """What a node may ask about one document."""

    def places(self, leaf: Leaf) -> list[Place]:
        """All places of a term, of any of many terms, or of a label."""


@dataclass(frozen=True, slots=True)
class Occurs:
    """A term in title or text. `guard` is "", "verb" (走|上街区) or "place" (needs support).

    `leaf` numbers the terms of the tree; it is what a batch keeps a row for.
    """

    leaf: int
    term: int
    text: str
    shown: str
    field: str
    whole: bool
    guard: Guard = ""
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any of many plain terms of one field: the usual long list joined by OR."""

    leaf: int
    shown: Mapping[int, str]
    field: str


@dataclass(frozen=True, slots=True)
class Label:
    """A word in the source, tier or place of a document."""

    field: str
    text: str
    shown: str
    prefix: bool


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds; the places of all that do."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Close:
    """Both sides within `distance` folded characters in one field, in either order."""

    left: Node
    right: Node
    distance: int


Leaf = Occurs | AnyOf | Label
Node = Leaf | All | Either | Without | Close


def is_exact(node: Node) -> bool:
    """Say whether `possible` is the answer for this node, not only a bound."""
    match node:
        case Occurs():
            return not node.guard
        case All() | Either():
            return all(is_exact(part) for part in node.parts)
        case Without():
            return is_exact(node.part)
        case Close():
            return False
    return True


def possible(node: Node, batch: Batch) -> Row:
    """Flag the documents where the node may hold; never misses one where it does."""
    match node:
        case Occurs() | AnyOf():
            return batch.leaf_row(node.leaf)
        case Label():
            return batch.label_row(node)
        case All() | Either():
            joined = np.logical_and if isinstance(node, All) else np.logical_or
            return reduce(joined, (possible(part, batch) for part in node.parts))
        case Close():
            return possible(node.left, batch) & possible(node.right, batch)
    row = possible(node.part, batch)
    # Where the bound is loose its opposite says nothing.
    return ~row if is_exact(node.part) else np.ones_like(row)


def to_read(node: Node) -> Node:
    """Return what is left to read where a query is possible: exact NOTs are settled by then."""
    if not isinstance(node, All):
        return node
    parts = [p for p in node.parts if not (isinstance(p, Without) and is_exact(p))]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def find(node: Node, text: Text) -> list[Place] | None:
    """Return the places that make the node hold (none for a NOT), or None if it does not hold."""
    match node:
        case Occurs() | AnyOf() | Label():
            return text.places(node) or None
        case All():
            return _find_all(node, text)
        case Either():
            found = [places for part in node.parts if (places := find(part, text)) is not None]
            return [place for places in found for place in places] if found else None
        case Close():
            return sorted({place for span in _pairs(node, text) for place in span.places}) or None
    return [] if find(node.part, text) is None else None


def _find_all(node: All, text: Text) -> list[Place] | None:
    found: list[Place] = []
    for part in node.parts:
        places = find(part, text)
        if places is None:
            return None
        found += places
    return found


def _pairs(node: Close, text: Text) -> list[Span]:
    """Each place with the nearest of the other side, where near enough, as one stretch.

    Nearest ones suffice to say which places have a partner, and keep long texts cheap.
    """
    left, right = _spans(node.left, text), _spans(node.right, text)
    pairs: dict[tuple[object, ...], Span] = {}
    for ones, others in ((left, _Side(right)), (right, _Side(left))):
        for one in ones:
            for other in others.nearest(one):
                if _gap(one, other) <= node.distance:
                    pair = _joined(one, other)
                    pairs.setdefault((*pair[:3], *pair.places), pair)
    return list(pairs.values())


class _Side:
    """Stretches of one side of NEAR, to be asked for the nearest to a stretch of the other."""

    def __init__(self, spans: list[Span]) -> None:
        self._by_start = sorted(spans, key=lambda s: (s.field, s.start))
        self._starts = [(s.field, s.start) for s in self._by_start]
        # Up to each place of that order, the stretch that reaches furthest.
        self._furthest = list(accumulate(self._by_start, _reaching_further))

    def nearest(self, one: Span) -> Iterator[Span]:
        """Yield the nearest that begins before `one` and the nearest that does not."""
        at = bisect_left(self._starts, (one.field, one.start))
        if at > 0 and self._furthest[at - 1].field == one.field:
            yield self._furthest[at - 1]
        while at < len(self._starts) and self._by_start[at].places == one.places:
            at += 1  # a place is not its own partner
        if at < len(self._starts) and self._by_start[at].field == one.field:
            yield self._by_start[at]


def _reaching_further(one: Span, other: Span) -> Span:
    return other if other.field != one.field or other.end >= one.end else one


def _spans(node: Node, text: Text) -> list[Span]:
    if isinstance(node, Close):
        return _pairs(node, text)
    if isinstance(node, Either):
        return [span for part in node.parts for span in _spans(part, text)]
    return [Span(*place[:3], (place,)) for place in find(node, text) or ()]


def _gap(one: Span, other: Span) -> int:
    """Folded characters between two stretches, 0 when they touch or overlap."""
    return max(other.start - one.end, one.start - other.end, 0)


def _joined(one: Span, other: Span) -> Span:
    start, end = min(one.start, other.start), max(one.end, other.end)
    return Span(one.field, start, end, (*one.places, *other.places))
