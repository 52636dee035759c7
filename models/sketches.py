"""Signatures: a text as a fixed row of numbers in which copies resemble each other.

A row of `WIDTH` uint32 holds, in this order:

- `SLOTS` minima of one-permutation hashing over runs of `SHINGLE` characters of the folded text
  (Li, Owen, Zhang 2012); a slot no run fell into holds `EMPTY`, it is not filled from
  neighbours, so that short texts are compared on what they have;
- the number of characters counted, and a 64-bit hash of them all (two numbers);
- the number of distinct facts, then the `FACTS` smallest of their hashes. A fact is what tells
  one notice from the next of the same template: a number with its unit, a Latin word, a Chinese
  numeral with its unit, a colour, a place name as the two characters before 区, 路, 小区 …

Only letters, digits and 汉字 count; punctuation, spacing and case do not, nor does the script
(Traditional or Simplified). The layout is stored beside mentions: a change of it needs a new
`VERSION`, and stored rows of another version are sketched again.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from models.fold import fold_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VERSION = 1
SHINGLE = 4
SLOTS = 64
FACTS = 28
LENGTH = SLOTS
WHOLE = SLOTS + 1
FACT_COUNT = SLOTS + 3
FIRST_FACT = SLOTS + 4
WIDTH = FIRST_FACT + FACTS
EMPTY = np.uint32(0xFFFFFFFF)
DTYPE = np.dtype("<u4")

_BATCH_CHARS = 2_000_000  # bounds the memory of one pass to about 100 MB

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
_PLACE_ENDS = "省市区县州旗镇乡村屯庄街道路巷弄苑园里城湾桥港站库河江湖山岛校院厂场楼栋座"
_COLOURS = "红橙黄蓝"

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
    folded = fold_texts(texts)
    start = 0
    while start < len(folded):
        stop, characters = start, 0
        while stop < len(folded) and (stop == start or characters < _BATCH_CHARS):
            characters += len(folded[stop])
            stop += 1
        signatures[start:stop] = _sketch_folded(folded[start:stop])
        start = stop
    return signatures


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
    codes, rows, kinds = _counted(folded)
    signatures = np.full((len(folded), WIDTH), EMPTY, DTYPE)
    lengths = np.bincount(rows, minlength=len(folded))
    signatures[:, LENGTH] = lengths
    _fill_slots(signatures, codes, rows)
    _fill_whole(signatures, codes, rows)
    _fill_facts(signatures, codes, rows, kinds)
    return signatures


def _counted(
    folded: list[str],
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return the counted characters of all texts in one row: codes, their text, their kinds."""
    joined = "".join(folded)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    rows = np.repeat(np.arange(len(folded)), [len(text) for text in folded])
    kinds = _kinds()[np.minimum(codes, 0xFFFF)]
    kinds = np.where(codes >= 0x20000, np.uint8(_COUNTED), kinds)  # rare 汉字 beyond the plane
    counted = kinds & _COUNTED > 0
    return codes[counted].astype(np.uint64), rows[counted], kinds[counted]


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


def _fill_slots(
    signatures: NDArray[np.uint32], codes: NDArray[np.uint64], rows: NDArray[np.int64]
) -> None:
    """Write the least hash of each slot: bits 58–63 choose the slot, bits 26–57 compete."""
    hashes = _runs(codes, SHINGLE)
    inside = rows[: len(hashes)] == rows[SHINGLE - 1 :]
    hashes, rows = hashes[inside], rows[: len(hashes)][inside]
    cells = rows * SLOTS + (hashes >> np.uint64(58)).astype(np.int64)
    minima = np.full(len(signatures) * SLOTS, EMPTY, np.uint32)
    np.minimum.at(minima, cells, (hashes >> np.uint64(26)).astype(np.uint32))
    signatures[:, :SLOTS] = minima.reshape(-1, SLOTS)


def _fill_whole(
    signatures: NDArray[np.uint32], codes: NDArray[np.uint64], rows: NDArray[np.int64]
) -> None:
    """Write a hash of each whole text, so that an exact copy is known as one."""
    starts = np.searchsorted(rows, np.arange(len(signatures)))
    places = (np.arange(len(rows)) - starts[rows]).astype(np.uint64)
    terms = _mix(codes * _MULTIPLIERS[0] + places * _MULTIPLIERS[1])
    whole = np.zeros(len(signatures), np.uint64)
    np.add.at(whole, rows, terms)
    signatures[:, WHOLE] = (whole >> np.uint64(32)).astype(np.uint32)
    signatures[:, WHOLE + 1] = whole.astype(np.uint32)


def _fill_facts(
    signatures: NDArray[np.uint32],
    codes: NDArray[np.uint64],
    rows: NDArray[np.int64],
    kinds: NDArray[np.uint8],
) -> None:
    """Write the number of distinct facts and the least of their hashes, ascending."""
    numbers = _joined_runs(codes, rows, kinds & _WORD > 0)
    numerals = _joined_runs(codes, rows, kinds & _NUMERAL > 0, needs_unit_of=kinds)
    places = _place_names(codes, rows, kinds)
    colours = np.flatnonzero(kinds & _COLOUR)
    owners = np.concatenate([numbers[0], numerals[0], places[0], rows[colours]])
    hashes = np.concatenate([numbers[1], numerals[1], places[1], _mix(codes[colours])])
    packed = np.unique(owners.astype(np.uint64) << np.uint64(32) | hashes >> np.uint64(33))
    owners = (packed >> np.uint64(32)).astype(np.int64)
    counts = np.bincount(owners, minlength=len(signatures))
    rank = np.arange(len(packed)) - (np.cumsum(counts) - counts)[owners]
    kept = rank < FACTS
    signatures[:, FACT_COUNT] = counts
    signatures[owners[kept], FIRST_FACT + rank[kept]] = packed[kept].astype(np.uint32)


def _joined_runs(
    codes: NDArray[np.uint64],
    rows: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    needs_unit_of: NDArray[np.uint8] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return (text, hash) of each maximal run of wanted characters with the one after it.

    With `needs_unit_of`, only runs followed by a unit or led by 周, 期 or 第 are facts: 三人 is
    one, the 一 of 一些 is not.
    """
    at = np.flatnonzero(wanted)
    if not len(at):
        return at, np.zeros(0, np.uint64)
    begins = np.flatnonzero(
        np.concatenate([[True], (np.diff(at) > 1) | (rows[at][1:] != rows[at][:-1])])
    )
    run_of = np.cumsum(np.isin(np.arange(len(at)), begins)) - 1
    place = np.arange(len(at)) - begins[run_of]
    powers = np.cumprod(np.full(int(place.max()) + 2, _RUN_BASE, np.uint64))
    hashes = np.add.reduceat(codes[at] * powers[place], begins)
    first = at[begins]
    after = first + np.diff(np.concatenate([begins, [len(at)]]))
    after_safe = np.minimum(after, len(codes) - 1)
    has_after = (after < len(codes)) & (rows[after_safe] == rows[first])
    hashes += np.where(has_after, codes[after_safe], np.uint64(0)) * _MULTIPLIERS[2]
    owners, hashes = rows[first], _mix(hashes)
    if needs_unit_of is None:
        return owners, hashes
    before = np.maximum(first - 1, 0)
    led = (first > 0) & (rows[before] == owners) & (needs_unit_of[before] & _BEFORE > 0)
    fact = led | (has_after & (needs_unit_of[after_safe] & _UNIT > 0))
    return owners[fact], hashes[fact]


def _place_names(
    codes: NDArray[np.uint64], rows: NDArray[np.int64], kinds: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return (text, hash) of each run of three characters that ends as a place name does."""
    hashes = _runs(codes, 3)
    ends = kinds[2 : 2 + len(hashes)] & _PLACE > 0
    inside = rows[: len(hashes)] == rows[2 : 2 + len(hashes)]
    at = np.flatnonzero(ends & inside)
    return rows[at], hashes[at]
