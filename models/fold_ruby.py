"""Pinyin or zhuyin written beside characters: 國(guó)辦, 国guó办, 街（ㄐㄧㄝ）区."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from models.fold_table import CODE, HAN, OPENING, TONED, WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WINDOW = 40
_SYLLABLE = (
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ong|ian|iao|ing|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|a|e|i|o|u))"
)
_ONE = rf"(?:{_SYLLABLE}[1-5]?|[\u3105-\u312f]+[ˊˇˋ˙]?)"
_IN_BRACKETS = re.compile(rf"[(\[{{<「] ?({_ONE}(?:[ ']?{_ONE})*) ?[)\]}}>」]")
_ONE_SYLLABLE = re.compile(rf"{_ONE}\Z")
_BARE = re.compile(rf"{_SYLLABLE}(?![a-z0-9])")


def ruby_spans(values: NDArray[np.uint32]) -> NDArray[np.bool_] | None:
    """Mask of the values to keep once readings beside Han characters are gone; None if no reading.

    A reading in brackets counts when it is one syllable, or several with a tone mark; a bare
    reading needs a tone mark and no other letter around it.
    """
    opening = np.flatnonzero(values & OPENING)
    toned = np.flatnonzero(values & TONED)
    if not len(opening) and not len(toned):
        return None
    spans = [s for p in opening if (s := _bracketed(values, int(p)))]
    spans += [s for p in toned if (s := _bare(values, int(p)))]
    if not spans:
        return None
    keep = np.ones(len(values), dtype=bool)
    for start, end in spans:
        keep[start:end] = False
    return keep


def _start_beside_han(values: NDArray[np.uint32], place: int) -> int | None:
    """Where the reading begins (with the space before it) if a Han character precedes it."""
    if values[place - 1] & HAN:
        return place
    if int(values[place - 1]) & CODE == 0x20 and values[place - 2] & HAN:
        return place - 1
    return None


def _bracketed(values: NDArray[np.uint32], place: int) -> tuple[int, int] | None:
    if int(values[place + 1]) & HAN:  # by far the usual bracket: it holds words
        return None
    start = _start_beside_han(values, place)
    if start is None:
        return None
    window = values[place : place + _WINDOW]
    match = _IN_BRACKETS.match("".join(chr(v & CODE) for v in window.tolist()))
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
    match = _BARE.match("".join(chr(v & CODE) for v in values[low : low + 8].tolist()))
    return (start, low + match.end()) if match and low + match.end() > place else None
