"""The character table behind folding: what each character becomes and which class it has.

One 32-bit number a character: the folded code point in the low 21 bits, class flags above.
Built on first use from the Unicode data of Python and zhconv's Simplified rules (about 0.2 s).
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import zhconv_rs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

CODE = 0x1FFFFF
HAN = 1 << 21  # Han and kana: what is written without spaces
WORD = 1 << 22  # digits and Latin, Greek and Cyrillic letters: words end at a space
SEPARATOR = 1 << 23  # signs pushed between Han characters to hide a word
HARD = 1 << 24  # separators that are punctuation when doubled: ... -- ——
SPACE = 1 << 25
NEWLINE = 1 << 26
DROP = 1 << 27
EXPAND = 1 << 28
TONED = 1 << 29  # a vowel with a pinyin tone mark
OPENING = 1 << 30
EDGE = 1 << 31  # between two texts of a batch

_LAST = 0x110000
_BLOCKS = (
    (0x0, 0xFFFF),
    (0x16FE0, 0x16FFF),
    (0x1D400, 0x1D7FF),
    (0x1F000, 0x1FBFF),
    (0x20000, 0x323AF),
)
# Radicals that PDF extraction puts in the place of characters and that Unicode leaves apart.
_RADICALS = str.maketrans(
    "⺁⺇⺈⺊⺌⺍⺓⺕⺗⺝⺟⺠⺡⺢⺩⺪⺫⺬⺮⺯⺰⺱⺳⺵⺷⺸⺻⺼⻀⻁⻂⻃⻄⻅⻆⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻖⻗⻘⻙⻚⻛⻜⻝⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰⻳",
    "厂几勹卜小小幺彐心月母民水水王疋目示竹糸糸网网网羊羊聿肉艹虎衣西西见角言贝足车辶辶辶邑钅长长长门阜雨青韦页风飞食食马骨鬼鱼鸟卤麦黄黾齐齿龙龟",
)
# Forms that zhconv settles only by phrase, rare doubles of common characters, and circles written
# for zero: one character, one fold, for queries and texts alike.
_VARIANTS = str.maketrans(
    "著纔喫祇隻覆馀谘藉𬞟甦𫫇锺釐澹薰䩄陞餬帐迳○◯", "着才吃只只复余咨借苹苏恶钟厘淡熏腼升糊账径〇〇"
)


def _listed(ranges: Iterable[tuple[int, int]]) -> frozenset[int]:
    """Return the code points of ranges that include their ends."""
    return frozenset(c for low, high in ranges for c in range(low, high + 1))


# Combining accents, enclosing marks, variation selectors, blank fillers and noncharacters.
_INVISIBLE = _listed(
    (
        (0x300, 0x36F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x20D0, 0x20F0),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xFFFC, 0xFFFF),
    )
)
_IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2F7FF), (0x2FA20, 0x323AF))
_HAN = _listed(((0x3041, 0x30FA), (0x3400, 0x9FFF), (0x20000, 0x323AF)))
_HARD_SIGNS = frozenset(".-–—―~")
_SIGNS = frozenset("·•‧∙⋅・･*|_^+=/\\`'¦") | _HARD_SIGNS
_TONED = frozenset("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿĀÁǍÀĒÉĚÈŌÓǑÒ")
_OPENINGS = frozenset("([【〔{「<")
_ALIKE = {"【": "[", "】": "]", "〔": "[", "〕": "]", "［": "[", "］": "]"}


def _is_dropped(char: str) -> bool:
    """Say whether a character leaves no trace: controls, zero width, accents, selectors."""
    if ord(char) in _INVISIBLE:
        return True
    return unicodedata.category(char) in {"Cf", "Cc", "Cs", "Co"} and char not in "\t\n\v\f\r\x85"


def _compatible(char: str) -> str:
    """Compatibility form, lower case, without accents; Hangul and kana stay composed."""
    folded = unicodedata.normalize("NFKC", char).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not _is_dropped(c))
    return unicodedata.normalize("NFC", bare)


def _simplified(chars: Iterable[str]) -> dict[str, str]:
    """Simplified form of each character that has one, taken alone (no phrase rules)."""
    listed = [c for c in chars if ord(c) >= 0x2E80 and c.isprintable()]
    converted = zhconv_rs.zhconv("\n".join(listed), "zh-hans", False).split("\n")  # noqa: FBT003 - positional in the C signature
    return {a: b for a, b in zip(listed, converted, strict=True) if a != b and len(b) == 1}


def _closed(char: str, simple: Mapping[str, str]) -> str:
    """Fold one character until nothing changes, so that folding twice is folding once."""
    text, last = char, ""
    while text != last:
        last = text
        text = "".join(_compatible(simple.get(c, c)) for c in text)
        text = text.translate(_RADICALS).translate(_VARIANTS)
    return text


def _flags(char: str) -> int:
    """Class of a folded character."""
    if char in "〇々" or ord(char) in _HAN:
        return HAN
    if char in _SIGNS:
        return SEPARATOR | HARD if char in _HARD_SIGNS else SEPARATOR
    if char in _OPENINGS:
        return OPENING
    if char.isalnum() and ord(char) < 0x590:
        return WORD
    return SEPARATOR if unicodedata.category(char) == "So" else 0


def _value(char: str, folded: str) -> int:
    """Table entry of a character whose fold is `folded`."""
    if char in "\n\v\f\r\x85\u2028\u2029":
        return 0x0A | NEWLINE
    if char.isspace() or folded.isspace():
        return 0x20 | SPACE
    if not folded or _is_dropped(char):
        return DROP
    if len(folded) > 1:
        return ord(char) | EXPAND
    return ord(folded) | _flags(folded) | (TONED if char in _TONED else 0)


@cache
def table() -> tuple[NDArray[np.uint32], dict[int, NDArray[np.uint32]]]:
    """Entry of every code point, and the entries a character expands to (㎡ → m, 2)."""
    # Built in 64 bits and then narrowed: once malloc has freed a block of this size it keeps
    # smaller ones mapped, and the arrays of every later fold cost no page faults (2-3 x faster).
    wide = np.arange(_LAST, dtype=np.int64)
    wide[0xD800:0xE000] = DROP
    wide[0xE0000:0xE0FFF] = DROP
    chars = list(map(chr, _listed(_BLOCKS)))
    simple = _simplified(c for c in chars if not 0xD800 <= ord(c) < 0xE000)
    # Nine in ten are ideographs that stay as they are.
    plain = set(map(chr, _listed(_IDEOGRAPHS))) - simple.keys() - set(map(chr, _VARIANTS))
    wide[list(map(ord, plain))] |= HAN
    expansions: dict[int, str] = {}
    for char in [c for c in chars if c not in plain]:
        folded = _ALIKE.get(char) or ("…" if char == "…" else _closed(char, simple))
        folded = _ALIKE.get(folded, folded)
        wide[ord(char)] = value = _value(char, folded)
        if value & EXPAND:
            expansions[ord(char)] = folded
    values = wide.astype(np.uint32)
    return values, {
        code: values[np.array([ord(c) for c in text if not c.isspace()])]
        for code, text in expansions.items()
    }
