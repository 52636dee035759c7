"""Pinyin or zhuyin written beside characters: 國(guó)辦, 国guó办, 街（ㄐㄧㄝ）区."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from models.fold_table import CODE, HAN, OPENING, SPACE, TONED, WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WINDOW = 40
_LAST_READING = 0x312F  # the end of zhuyin
_SYLLABLE = (
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ong|ian|iao|ing|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|a|e|i|o|u))"
)
_ONE = rf"(?:{_SYLLABLE}[1-5]?|[\u3105-\u312f]+[ˊˇˋ˙]?)"
_IN_BRACKETS = re.compile(rf"[(\[{{<「] ?({_ONE}(?:[ ']?{_ONE})*) ?[)\]}}>」]")
_ONE_SYLLABLE = re.compile(rf"{_ONE}\Z")
_BARE = re.compile(rf"{_SYLLABLE}(?![a-z0-9])")


def may_hold_ruby(values: NDArray[np.uint32]) -> bool:
    """Say quickly whether there is a bracket that may hold a reading."""
    return any(_IN_BRACKETS.match(_text(values, p, without_blanks=True)) for p in _openings(values))


def without_ruby(values: NDArray[np.uint32]) -> NDArray[np.bool_] | None:
    """Mask of the values to keep once readings beside Han characters are gone; None if no reading.

    A reading in brackets counts when it is one syllable, or several with a tone mark; a bare
    reading needs a tone mark and no other letter around it.
    """
    spans = [s for p in _openings(values) if (s := _bracketed(values, p))]
    toned = np.flatnonzero((values & TONED) != 0)
    spans += [s for p in toned.tolist() if (s := _bare(values, p))]
    if not spans:
        return None
    keep = np.ones(len(values), dtype=bool)
    for start, end in spans:
        keep[start:end] = False
    return keep


def _openings(values: NDArray[np.uint32]) -> list[int]:
    """Places of the brackets that may hold a reading; by far the most hold Han or numbers."""
    places = np.flatnonzero((values & OPENING) != 0)
    first = values[places + 1] & CODE
    letter = (first >= ord("a")) & (first <= _LAST_READING)
    listed: list[int] = places[letter | ((values[places + 1] & SPACE) != 0)].tolist()
    return listed


def _text(values: NDArray[np.uint32], place: int, *, without_blanks: bool = False) -> str:
    """Read the next characters from a place on."""
    codes = (values[place : place + _WINDOW] & CODE).tolist()
    text = "".join(map(chr, codes))
    return "".join(text.split()) if without_blanks else text


def _start_beside_han(values: NDArray[np.uint32], place: int) -> int | None:
    """Where the reading begins (with the space before it) if a Han character precedes it."""
    if values[place - 1] & HAN:
        return place
    if int(values[place - 1]) & CODE == 0x20 and values[place - 2] & HAN:
        return place - 1
    return None


def _bracketed(values: NDArray[np.uint32], place: int) -> tuple[int, int] | None:
    start = _start_beside_han(values, place)
    if start is None:
        return None
    match = _IN_BRACKETS.match(_text(values, place))
    if not match:
        return None
    end = place + match.end()
    if not _ONE_SYLLABLE.match(match[1]) and not (values[place:end] & TONED).any():
        return None
    return start, end


def _bare(values: NDArray[np.uint32], place: int) -> tuple[int, int] | None:
    low = place
    while values[low - 1] & WORD and place - low < 6:
        low -= 1
    start = _start_beside_han(values, low)
    if start is None:
        return None
    match = _BARE.match(_text(values, low))
    return (start, low + match.end()) if match and low + match.end() > place else None
