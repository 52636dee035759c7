"""Text made comparable: one fold for every way the same words are written.

Traditional and Simplified characters, full-width and compatibility forms, case, accents, HTML
entities, zero-width characters, pinyin beside characters 國(guó)辦 and signs or spaces pushed
between characters 上·街 区 all fold to the same text; a map leads back to the original, because
evidence is shown as it was written. Latin words keep the spaces between them.

Folding goes character by character (no phrase rules), so a query and a text always agree.
The work is done on arrays of code points, many texts at a time.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.fold_ruby import may_hold_ruby, without_ruby
from models.fold_table import (
    CODE,
    DROP,
    EDGE,
    EXPAND,
    HAN,
    HARD,
    NEWLINE,
    OPENING,
    SEPARATOR,
    SPACE,
    TONED,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.uint32]
    Offsets = NDArray[np.int64]
    Origins = NDArray[np.int32]

_CHUNK_CHARACTERS = 50_000
_EDGE_CHAR = "\uffff"
_BLANK = SPACE | NEWLINE
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_AMPERSAND = ord("&")
_AMPERSANDS = "&＆﹠"


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text with the way back to the original.

    `starts[i]` and `ends[i]` bound, in the original, what became `text[i]`; both are None where
    folding changed no offset (the usual case), so that the map costs nothing then.
    """

    text: str
    starts: Offsets | None = None
    ends: Offsets | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original text of `text[start:end]`; an empty range stays empty."""
        if self.starts is None or self.ends is None:
            return start, end
        if start >= end:
            at = int(self.starts[start]) if start < len(self.starts) else int(self.ends[-1:].sum())
            return at, at
        return int(self.starts[start]), int(self.ends[end - 1])


@dataclass(frozen=True, slots=True)
class FoldedBatch:
    """Many folded texts in one array: text i is `values[bounds[i] + 1 : bounds[i + 1]]`.

    `values` are table entries (code point and class flags), an EDGE before, between and after
    the texts. `span` leads back to the originals.
    """

    values: Codes
    bounds: Offsets
    _origin: Origins
    _edges: Offsets
    _derived: Mapping[int, _Source]
    may_hide_entities: bool

    def text(self, index: int) -> str:
        """Folded text number `index`."""
        return _decode(self.values[self.bounds[index] + 1 : self.bounds[index + 1]])

    def texts(self) -> list[str]:
        """All folded texts, in order."""
        codes = self.values & np.uint32(CODE)
        codes[self.bounds] = ord(_EDGE_CHAR)
        return _decode(codes).split(_EDGE_CHAR)[1:-1]

    def span(self, index: int, start: int, end: int) -> tuple[int, int]:
        """Offsets in original text `index` of folded `[start:end]` of it, which is not empty."""
        base = self.bounds.item(index) + 1
        first = self._edges.item(index) + 1
        low = self._origin.item(base + start) - first
        high = self._origin.item(base + end - 1) - first
        source = self._derived.get(index)
        if source is None:
            return low, high + 1
        return int(source.starts[low]), int(source.ends[high])

    def spans(self, index: Offsets, first: Offsets, last: Offsets) -> tuple[Offsets, Offsets]:
        """Offsets in the originals of stretches: of text `index[i]`, places first to last, in all.

        Places are indices into `values`, the last one included.
        """
        base = self._edges[index] + 1
        starts, ends = self._origin[first] - base, self._origin[last] - base + 1
        for text, source in self._derived.items():
            inside = index == text
            starts[inside] = source.starts[starts[inside]]
            ends[inside] = source.ends[ends[inside] - 1]
        return starts, ends

    def offsets(self, index: int) -> tuple[Offsets, Offsets]:
        """Start and end in original text `index` of each folded character of it."""
        part = slice(int(self.bounds[index]) + 1, int(self.bounds[index + 1]))
        starts = self._origin[part] - (self._edges[index] + 1)
        source = self._derived.get(index)
        if source is None:
            return starts, starts + 1
        return source.starts[starts], source.ends[starts]


@dataclass(frozen=True, slots=True)
class _Source:
    """A text made from an original, with the offsets of each of its characters there."""

    text: str
    starts: Offsets
    ends: Offsets


def fold(text: str) -> Folded:
    """Fold a text and keep the offsets of the original. Folding a folded text changes nothing."""
    batch = fold_batch((text,))
    folded = batch.text(0)
    starts, ends = batch.offsets(0)
    if len(folded) == len(text) and _is_identity(starts, ends):
        return Folded(folded)
    return Folded(folded, starts, ends)


def fold_text(text: str) -> str:
    """Fold one text without a map; for many texts `fold_texts` is several times faster."""
    return fold_batch((text,)).text(0)


def fold_texts(texts: Sequence[str]) -> list[str]:
    """Fold many texts, in order."""
    return [folded for chunk in chunks(texts) for folded in fold_batch(chunk).texts()]


def fold_batch(texts: Sequence[str]) -> FoldedBatch:
    """Fold texts into one array with offsets; best with about 50,000 characters in all."""
    derived = {i: s for i, text in enumerate(texts) if "&" in text if (s := _decoded(text))}
    while True:
        batch = _folded(texts, derived)
        # An entity may itself have been disguised (＆ａｍｐ；): it shows only once folded.
        hidden = _hidden_entities(batch)
        if not hidden:
            return batch
        for index in hidden:
            part = _without_entities(_Source(batch.text(index), *batch.offsets(index)))
            derived[index] = part


def chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Neighbouring texts of about `_CHUNK_CHARACTERS`, whose arrays stay in the cache."""
    start = size = 0
    for index, text in enumerate(texts):
        size += len(text)
        if size >= _CHUNK_CHARACTERS:
            yield texts[start : index + 1]
            start, size = index + 1, 0
    if start < len(texts):
        yield texts[start:]


def _folded(texts: Sequence[str], derived: Mapping[int, _Source]) -> FoldedBatch:
    if derived:
        texts = [derived[i].text if i in derived else text for i, text in enumerate(texts)]
    joined = _EDGE_CHAR + _EDGE_CHAR.join(texts) + _EDGE_CHAR * bool(texts)
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    edges = np.concatenate(([0], np.cumsum(lengths + 1)))
    values = table()[0].take(raw)
    values[edges] = EDGE
    values, origin = _folded_values(values)
    ampersand = any(sign in joined for sign in _AMPERSANDS)
    return FoldedBatch(values, np.flatnonzero(values == EDGE), origin, edges, derived, ampersand)


def _folded_values(values: Codes) -> tuple[Codes, Origins]:
    """Apply every rule to looked-up values; returns what is left and where it came from."""
    origin = np.arange(len(values), dtype=np.int32)
    classes = int(np.bitwise_or.reduce(values))
    if classes & EXPAND:
        values, origin = _expanded(values, origin)
    if classes & DROP:
        values, origin = _kept(values, origin, (values & DROP) == 0)
    if classes & TONED or (classes & OPENING and may_hold_ruby(values)):
        values, origin = _kept(values, origin, _blanks_to_keep(values))
        while (keep := without_ruby(values)) is not None:
            values, origin = _kept(values, origin, keep)
    # An expansion may hold separators that the classes above did not show.
    if classes & (_BLANK | SEPARATOR | EXPAND):
        values, origin = _kept(values, origin, _gaps_to_keep(values))
    return values, origin


def _kept(values: Codes, origin: Origins, keep: NDArray[np.bool_]) -> tuple[Codes, Origins]:
    if keep.all():
        return values, origin
    return values[keep], origin[keep]


def _expanded(values: Codes, origin: Origins) -> tuple[Codes, Origins]:
    """Put several values in the place of one: ㎡ → m2."""
    expansions = table()[1]
    parts, origins, at = [], [], 0
    for place in np.flatnonzero((values & EXPAND) != 0).tolist():
        new = expansions[int(values[place]) & CODE]
        parts += [values[at:place], new]
        origins += [origin[at:place], np.full(len(new), origin[place])]
        at = place + 1
    return np.concatenate([*parts, values[at:]]), np.concatenate([*origins, origin[at:]])


def _runs(places: Offsets) -> tuple[Offsets, Offsets]:
    """First and last place of each run of neighbouring places, as indices into `places`."""
    breaks = np.flatnonzero(np.diff(places) != 1)
    return np.concatenate(([0], breaks + 1)), np.concatenate((breaks, [len(places) - 1]))


def _blanks_to_keep(values: Codes) -> NDArray[np.bool_]:
    """One blank a run: a line end if the run has one, and none at the ends of a text."""
    keep = np.ones(len(values), dtype=bool)
    places = np.flatnonzero((values & _BLANK) != 0)
    keep[places] = _kept_blanks(values, places)
    return keep


def _kept_blanks(values: Codes, places: Offsets) -> NDArray[np.bool_]:
    kept = np.zeros(len(places), dtype=bool)
    if not len(places):
        return kept
    first, last = _runs(places)
    is_line_end = (values[places] & NEWLINE) != 0
    # The first line end of a run, or the first blank where there is none.
    rank = np.where(is_line_end, 0, len(places)) + np.arange(len(places))
    best = np.minimum.reduceat(rank, first) % len(places)
    inside = (values[places[first] - 1] != EDGE) & (values[places[last] + 1] != EDGE)
    kept[best[inside]] = True
    return kept


def _gaps_to_keep(values: Codes) -> NDArray[np.bool_]:
    """Keep one blank a run, no sign between two Han characters, no space beside one."""
    keep = np.ones(len(values), dtype=bool)
    places = np.flatnonzero((values & (_BLANK | SEPARATOR)) != 0)
    blank = (values[places] & _BLANK) != 0
    kept = ~blank
    kept[blank] = _kept_blanks(values, places[blank])
    keep[places[~kept]] = False
    # What is left stands next to each other once the other blanks are gone.
    removed = places[~kept]
    moved = (places - np.cumsum(~kept))[kept]
    left = places[kept]
    gaps = (values[left] & (SEPARATOR | SPACE)) != 0
    if gaps.any():
        keep[_hidden_gaps(values, left[gaps], moved[gaps], removed)] = False
    return keep


def _hidden_gaps(values: Codes, places: Offsets, moved: Offsets, removed: Offsets) -> Offsets:
    """Places of the signs between two Han characters and of the spaces beside one.

    `moved` says where the places stand once the `removed` ones are gone: runs are runs there.
    """
    first, last = _runs(moved)
    han_before = _is_han(values, moved[first] - 1, removed)
    han_after = _is_han(values, moved[last] + 1, removed)
    classes = values[places]
    signs = np.add.reduceat(((classes & SEPARATOR) != 0).astype(np.int64), first)
    hard = np.add.reduceat(((classes & HARD) != 0).astype(np.int64), first)
    gone = np.repeat(han_before & han_after & (signs <= 2) & (hard <= 1), last - first + 1)
    is_space = (classes & SPACE) != 0
    gone[first] |= is_space[first] & han_before
    gone[last] |= is_space[last] & han_after
    hidden: Offsets = places[gone]
    return hidden


def _is_han(values: Codes, moved: Offsets, removed: Offsets) -> NDArray[np.bool_]:
    """Class of the values that stand at `moved` once the `removed` places are gone."""
    before = np.searchsorted(removed - np.arange(len(removed)), moved, side="right")
    han: NDArray[np.bool_] = (values[moved + before] & HAN) != 0
    return han


def _decoded(text: str) -> _Source | None:
    """Replace character references; None where there are none."""
    if not _ENTITY.search(text):
        return None
    places = np.arange(len(text) + 1)
    return _without_entities(_Source(text, places[:-1], places[1:]))


def _without_entities(source: _Source) -> _Source:
    """Replace character references until none is left: &amp;lt; is &lt; is <."""
    while True:
        parts, starts, ends, at = [], [], [], 0
        for match in _ENTITY.finditer(source.text):
            char = html.unescape(match[0])
            if char == match[0]:
                continue
            low, high = match.span()
            parts += [source.text[at:low], char]
            starts += [source.starts[at:low], np.full(len(char), source.starts[low])]
            ends += [source.ends[at:low], np.full(len(char), source.ends[high - 1])]
            at = high
        if not parts:
            return source
        source = _Source(
            "".join([*parts, source.text[at:]]),
            np.concatenate([*starts, source.starts[at:]]),
            np.concatenate([*ends, source.ends[at:]]),
        )


def _hidden_entities(batch: FoldedBatch) -> list[int]:
    """Find the texts whose fold still holds a character reference."""
    if not batch.may_hide_entities:
        return []
    places = np.flatnonzero((batch.values & np.uint32(CODE)) == _AMPERSAND)
    owners = np.unique(np.searchsorted(batch.bounds, places, side="right") - 1)
    return [
        int(i)
        for i in owners
        if any(html.unescape(m[0]) != m[0] for m in _ENTITY.finditer(batch.text(int(i))))
    ]


def _is_identity(starts: Offsets, ends: Offsets) -> bool:
    places = np.arange(len(starts))
    return bool((starts == places).all() and (ends == places + 1).all())


def _decode(values: Codes) -> str:
    return (values & CODE).astype("<u4").tobytes().decode("utf-32-le")
