"""An article's lines made clean: bylines off their ends, scattered signs out of their words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from collectors.article_page import weigh
from collectors.article_title import fold
from collectors.article_words import DATE, EDITOR_LINE, JUNK_LINE, LABEL

_ENDS_AT_MOST = 4
_MAX_BYLINE_WEIGHT = 120
_HAN = r"[\u3400-\u9fff]"
# A mirror scatters these between characters to escape matching.
_WIDE = r"[\u3001-\u303f\u3400-\u9fff\uff01-\uff60“”‘’—…]"
_SCATTERED = re.compile(
    rf"(?<={_WIDE})(?:[*|_~^`#\\·•][ \u00a0\u3000]?|[ \u00a0\u3000])(?={_WIDE})"
    rf"|(?<=[0-9A-Za-z])[*|·](?=[0-9A-Za-z]*{_WIDE})|(?<={_WIDE})[*|·](?=[0-9A-Za-z])"
)
_MARK = re.compile(rf"(?<={_HAN})[*|_~^`#\\](?={_HAN})")
_GAP = re.compile(rf"(?<={_HAN})[ \u3000](?={_HAN})")
_LEAST_MARKS = 5
_MARKS_SHARE = 0.004
_GAPS_SHARE = 0.12


def clean_lines(lines: Sequence[str], title: str) -> list[str]:
    """Return the lines without title and byline before them, editor and share bar after."""
    kept, wanted = list(lines), fold(title)
    for _ in range(_ENDS_AT_MOST):
        if kept and (_is_byline(kept[0]) or (wanted and fold(kept[0]) == wanted)):
            kept.pop(0)
    while kept and _is_trailing_junk(kept[-1]):
        kept.pop()
    return kept


def _is_byline(line: str) -> bool:
    """Whether a line holds a labelled source or time, or little but a date."""
    if weigh(line) > _MAX_BYLINE_WEIGHT:
        return False
    without_date = DATE.sub("", line)
    if without_date == line:
        return bool(LABEL.match(line)) and weigh(line) < 60
    return bool(LABEL.search(line)) or weigh(without_date.strip()) < 24


def _is_trailing_junk(line: str) -> bool:
    return weigh(line) <= 80 and bool(EDITOR_LINE.match(line) or JUNK_LINE.match(line))


def is_scattered(text: str) -> bool:
    """Return whether signs stand inside words, as mirrors put them to escape matching."""
    han = len(re.findall(_HAN, text))
    marks = len(_MARK.findall(text))
    if marks >= _LEAST_MARKS and marks >= han * _MARKS_SHARE:
        return True
    return han > 50 and len(_GAP.findall(text)) >= han * _GAPS_SHARE


def without_scattered(text: str) -> str:
    """Return a text without single signs and spaces between two 汉字, or a 汉字 and a letter."""
    return _SCATTERED.sub("", text)
