"""Signatures: a text as a fixed row of numbers in which copies resemble each other.

A row of `WIDTH` uint32 holds, in this order:

- `SLOTS` minima of one-permutation hashing over runs of `SHINGLE` characters of the folded text
  (Li, Owen, Zhang 2012): copies are looked up by them. A slot no run fell into holds `EMPTY`, it
  is not filled from neighbours, so that short texts are compared on what they have;
- `PAIR_SLOTS` minima over pairs of characters outside facts, four to a number, a byte each
  (b-bit minwise hashing, Li and König 2010), 0 for an empty slot: copies are judged by them, for
  pairs outlive scattered edits that few longer runs survive;
- the number of characters counted, of pairs outside facts, and a 64-bit hash of the whole text;
- the number of distinct facts, then the `FACTS` smallest of their hashes. A fact is what tells
  one notice from the next of the same template: a number with its unit, a Latin word, a Chinese
  numeral with its unit, a colour, a place name as the two characters before 区, 路, 园 …

Only letters, digits and 汉字 count; punctuation, spacing and case do not, nor does the script
(Traditional or Simplified), nor #topic labels# and @names. The layout is stored beside mentions:
a change of it needs a new `VERSION`, and stored rows of another version are sketched again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from models.fold import fold_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VERSION = 1
SHINGLE = 4
SLOTS = 32
PAIR_SLOTS = 256
FACTS = 27
PAIRS = SLOTS
LENGTH = PAIRS + PAIR_SLOTS // 4
REST = LENGTH + 1
WHOLE = REST + 1
FACT_COUNT = WHOLE + 2
FIRST_FACT = FACT_COUNT + 1
WIDTH = FIRST_FACT + FACTS
EMPTY = np.uint32(0xFFFFFFFF)
DTYPE = np.dtype("<u4")

_BATCH_CHARS = 100_000  # one pass stays within the processor's cache

# Odd 64-bit constants: any will do, but they must never change (see VERSION).
_MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64
)
_MIX_A = np.uint64(0xFF51AFD7ED558CCD)
_MIX_B = np.uint64(0xC4CEB9FE1A85EC53)
_RUN_BASE = 0x9E3779B97F4A7C15

_NUMERALS = "零〇一二三四五六七八九十百千万亿两"
_UNITS = "年月日号时点分秒楼层栋幢座单元期次人名个户米吨度级岁届场起例辆条路省市区县镇乡村"
_BEFORE_NUMERAL = "周期第"
_PLACE_ENDS = "省市区县镇乡村屯庄街道路巷弄苑园城桥站河山校学院厂"
_COLOURS = "红橙黄蓝"

_LABELS = re.compile(r"#[^#\n]{1,40}#|@[\w\-]{1,30}")

# One bit a kind of character, so that one table look-up classifies a text.
_COUNTED, _WORD, _NUMERAL, _UNIT, _BEFORE, _PLACE, _COLOUR = (1 << n for n in range(7))


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return the kind bits of every character of the basic plane, shape (65536,) uint8."""
    kinds = np.zeros(0x10000, np.uint8)
    for code in range(0x10000):
        if chr(code).isalnum():
            kinds[code] = _COUNTED | (_WORD if chr(code).isascii() else 0)
    for bit, characters in (
        (_NUMERAL, _NUMERALS),
        (_UNIT, _UNITS),
        (_BEFORE, _BEFORE_NUMERAL),
        (_PLACE, _PLACE_ENDS),
        (_COLOUR, _COLOURS),
    ):
        kinds[[ord(character) for character in characters]] |= bit
    return kinds


def sketch(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Return one signature a text, shape (n_texts, WIDTH) uint32.

    Give the title and the text of a mention as one string. `row.tobytes()` is what is stored
    beside a mention and `from_bytes` reads it back.
    """
    signatures = np.empty((len(texts), WIDTH), DTYPE)
    folded = fold_texts([_own_words(text) for text in texts])
    start = 0
    while start < len(folded):
        stop, characters = start, 0
        while stop < len(folded) and (stop == start or characters < _BATCH_CHARS):
            characters += len(folded[stop])
            stop += 1
        signatures[start:stop] = _sketch_folded(folded[start:stop])
        start = stop
    return signatures


def _own_words(text: str) -> str:
    """Return a post without the topic labels and names that platforms put into it."""
    return _LABELS.sub("", text) if "#" in text or "@" in text else text


def to_bytes(signatures: NDArray[np.uint32]) -> list[bytes]:
    """Return the rows as the bytes that are stored, little-endian on every machine."""
    data = np.ascontiguousarray(signatures, DTYPE)
    return [row.tobytes() for row in data]


def from_bytes(stored: Sequence[bytes]) -> NDArray[np.uint32]:
    """Return stored rows as signatures; ValueError when a row is not of this version's size."""
    if any(len(row) != WIDTH * 4 for row in stored):
        raise ValueError(f"a stored signature is not {WIDTH * 4} bytes: sketch the text again")
    return np.frombuffer(b"".join(stored), DTYPE).reshape(len(stored), WIDTH)


def _sketch_folded(folded: list[str]) -> NDArray[np.uint32]:
    """Return the signatures of folded texts."""
    text = _counted(folded)
    signatures = np.full((len(folded), WIDTH), EMPTY, DTYPE)
    signatures[:, LENGTH] = np.bincount(text.rows, minlength=len(folded))
    _fill_runs(signatures, text)
    _fill_whole(signatures, text)
    inside_fact = _fill_facts(signatures, text)
    _fill_pairs(signatures, text, inside_fact)
    return signatures


@dataclass(frozen=True, slots=True)
class _Text:
    """The counted characters of all texts one after the other: codes, whose they are, kinds.

    `follows` says of each whether it stands right behind the one before, in the same text.
    """

    codes: NDArray[np.uint64]
    rows: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    follows: NDArray[np.bool_]


def _counted(folded: list[str]) -> _Text:
    codes = np.frombuffer("".join(folded).encode("utf-32-le", "surrogatepass"), "<u4")
    rows = np.repeat(np.arange(len(folded)), [len(text) for text in folded])
    kinds = _kinds()[np.minimum(codes, 0xFFFF)]
    kinds = np.where(codes >= 0x20000, np.uint8(_COUNTED), kinds)  # rare 汉字 beyond the plane
    at = np.flatnonzero(kinds & _COUNTED)
    follows = (np.diff(at, prepend=-2) == 1) & (np.diff(rows[at], prepend=-1) == 0)
    return _Text(codes[at].astype(np.uint64), rows[at], kinds[at], follows)


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return hashes whose every bit depends on every bit (the finaliser of MurmurHash3)."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * _MIX_A
    hashes = (hashes ^ (hashes >> np.uint64(33))) * _MIX_B
    return hashes ^ (hashes >> np.uint64(33))


def _runs(codes: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """Return a hash of each run of `length` characters, by where it starts."""
    n = max(0, len(codes) - length + 1)
    hashes = np.zeros(n, np.uint64)
    for offset in range(length):
        hashes += codes[offset : offset + n] * _MULTIPLIERS[offset]
    return _mix(hashes)


def _minima(
    rows: NDArray[np.int64], hashes: NDArray[np.uint64], n_rows: int, slot_bits: int
) -> NDArray[np.uint32]:
    """Return the least hash of each slot, (n_rows, 2**slot_bits): top bits choose the slot."""
    slots = 1 << slot_bits
    cells = rows * slots + (hashes >> np.uint64(64 - slot_bits)).astype(np.int64)
    minima = np.full(n_rows * slots, EMPTY, np.uint32)
    np.minimum.at(minima, cells, (hashes >> np.uint64(32 - slot_bits)).astype(np.uint32))
    return minima.reshape(n_rows, slots)


def _fill_runs(signatures: NDArray[np.uint32], text: _Text) -> None:
    """Write the minima of runs of `SHINGLE` characters."""
    hashes = _runs(text.codes, SHINGLE)
    rows = text.rows[: len(hashes)]
    inside = rows == text.rows[SHINGLE - 1 :]
    signatures[:, :SLOTS] = _minima(rows[inside], hashes[inside], len(signatures), 5)


def _fill_pairs(
    signatures: NDArray[np.uint32], text: _Text, inside_fact: NDArray[np.bool_]
) -> None:
    """Write the number of pairs outside facts and the low byte, made 1..255, of their minima."""
    hashes = _runs(text.codes, 2)
    rows = text.rows[: len(hashes)]
    rest = (rows == text.rows[1:]) & ~inside_fact[1:] & ~inside_fact[:-1]
    signatures[:, REST] = np.bincount(rows[rest], minlength=len(signatures))
    minima = _minima(rows[rest], hashes[rest], len(signatures), 8)
    low = np.where(minima == EMPTY, 0, minima % np.uint32(255) + np.uint32(1)).astype(np.uint8)
    signatures[:, PAIRS:LENGTH] = low.view(DTYPE)


def _fill_whole(signatures: NDArray[np.uint32], text: _Text) -> None:
    """Write a hash of each whole text, so that an exact copy is known as one."""
    starts = np.searchsorted(text.rows, np.arange(len(signatures)))
    places = (np.arange(len(text.rows)) - starts[text.rows]).astype(np.uint64)
    terms = _mix(text.codes * _MULTIPLIERS[0] + places * _MULTIPLIERS[1])
    whole = np.zeros(len(signatures), np.uint64)
    np.add.at(whole, text.rows, terms)
    signatures[:, WHOLE] = (whole >> np.uint64(32)).astype(np.uint32)
    signatures[:, WHOLE + 1] = whole.astype(np.uint32)


def _fill_facts(signatures: NDArray[np.uint32], text: _Text) -> NDArray[np.bool_]:
    """Write the number of distinct facts and the least of their hashes, ascending.

    Return which characters lie inside a fact, shape (n_characters,).
    """
    inside = np.zeros(len(text.codes) + 1, np.bool_)
    found = [
        _joined_runs(text, text.kinds & _WORD > 0, inside),
        _joined_runs(text, text.kinds & _NUMERAL > 0, inside, needs_unit=True),
        _place_names(text, inside),
    ]
    colours = np.flatnonzero(text.kinds & _COLOUR)
    inside[colours] = True
    found.append((text.rows[colours], _mix(text.codes[colours])))
    owners = np.concatenate([part[0] for part in found]).astype(np.uint64)
    hashes = np.concatenate([part[1] for part in found])
    packed = np.unique(owners << np.uint64(32) | hashes >> np.uint64(33))
    owner = (packed >> np.uint64(32)).astype(np.int64)
    counts = np.bincount(owner, minlength=len(signatures))
    rank = np.arange(len(packed)) - (np.cumsum(counts) - counts)[owner]
    kept = rank < FACTS
    signatures[:, FACT_COUNT] = counts
    signatures[owner[kept], FIRST_FACT + rank[kept]] = packed[kept].astype(np.uint32)
    return inside[:-1]


def _joined_runs(
    text: _Text, wanted: NDArray[np.bool_], inside: NDArray[np.bool_], *, needs_unit: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return (text, hash) of each maximal run of wanted characters with the one after it.

    Marks their characters in `inside`. With `needs_unit`, only runs followed by a unit or led by
    周, 期 or 第 are facts: 三人 is one, the 一 of 一些 is not.
    """
    at = np.flatnonzero(wanted)
    if not len(at):
        return at, np.zeros(0, np.uint64)
    begins = np.flatnonzero((np.diff(at, prepend=-2) > 1) | ~text.follows[at])
    lengths = np.diff(begins, append=len(at))
    place = np.arange(len(at)) - np.repeat(begins, lengths)
    powers = np.cumprod(np.full(int(lengths.max()) + 1, _RUN_BASE, np.uint64))
    hashes = np.add.reduceat(text.codes[at] * powers[place], begins)
    first = at[begins]
    after = np.minimum(first + lengths, len(text.codes) - 1)
    has_after = (first + lengths < len(text.codes)) & text.follows[after]
    hashes = _mix(hashes + np.where(has_after, text.codes[after], 0) * _MULTIPLIERS[2])
    fact = np.ones(len(first), np.bool_)
    if needs_unit:
        led = text.follows[first] & (text.kinds[first - 1] & _BEFORE > 0)
        fact = led | (has_after & (text.kinds[after] & _UNIT > 0))
    inside[at[np.repeat(fact, lengths)]] = True
    inside[after[fact & has_after]] = True
    return text.rows[first[fact]], hashes[fact]


def _place_names(
    text: _Text, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return (text, hash) of what ends as a place name does, with up to two characters before.

    Marks them in `inside`, and one character more, for many names are longer.
    """
    place = text.kinds & _PLACE > 0
    last = place & ~np.append(place[1:] & text.follows[1:], [False])  # 街道 is one end, not two
    at = np.flatnonzero(last & text.follows)
    two = text.follows[at - 1]  # an index of -1 is the end of the array: harmless, see `follows`
    three = two & text.follows[at - 2]
    inside[at] = inside[at - 1] = True
    inside[at[two] - 2] = True
    inside[at[three] - 3] = True
    first = np.where(two, text.codes[at - 2], 0)
    hashes = first * _MULTIPLIERS[0] + text.codes[at - 1] * _MULTIPLIERS[1]
    return text.rows[at], _mix(hashes + text.codes[at] * _MULTIPLIERS[2])
