"""Who and when, as written around an article: 来源, 发布时间, 责任编辑, 作者, 記者.

Only the lines between title and text, the first lines of the text and the lines at its end are
read: further away stand other articles' bylines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collectors.article_page import Block, Page
from collectors.article_title import fold
from collectors.article_words import (
    DATE,
    LABEL,
    NEAR_DATE,
    NOT_SOURCE,
    REPORT_AT,
    REPORT_FROM,
    REPORTER,
)

_LINES_BEFORE = 14
_LINES_AFTER = 10
_OPENING_BLOCKS = 5
# A byline is short; a paragraph that names a source is not one.
_MAX_LINE_WEIGHT = 260
_MAX_TITLE_WEIGHT = 200
_EDGE_CHARS = 60

_MARK_OF_LABEL = frozenset(":：/／")
_BRACKETS = "【】[]（）()〔〕「」『』<>《》 \u3000:：-—|｜/／·、，,。；;"
_VALUE_END = re.compile(r"[|｜│\n【\[（(】\]）)〕，。；;]|\s{2,}")
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,8}|[A-Za-z][A-Za-z.'\-]*(?: [A-Z][A-Za-z.'\-]+){0,3}")
# 记者：谢谢您 is a question at a press conference.
_SPEECH = re.compile(r"谢谢|請|请|您|你|吗|呢|的|了|是")
_NOBODY = frozenset({"未知", "佚名", "匿名", "系统管理员", "管理员", "admin"})
_BETWEEN_NAMES = re.compile(r"[、,，;；/／&|]\s*|\s+(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])\s+")
# 观察者网专栏作者 王文 → 王文
_TITLE_OF_OFFICE = re.compile(r"^.*(?:作者|记者|記者|编辑|編輯)\s*")
_PERSON_AND_PAPER = re.compile(r"^([\u4e00-\u9fff]{2,4})\s?[/／]\s?([\u4e00-\u9fff]{3,12})$")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The short lines around a text: `wide` above the title, `head` below it, `tail` at the end.

    `edges` are the first and last words of its paragraphs; `top` is the block after the title.
    """

    head: tuple[str, ...]
    tail: tuple[str, ...]
    wide: tuple[str, ...]
    edges: tuple[str, ...] = ()
    top: int = 0


@dataclass(frozen=True, slots=True)
class Byline:
    """What the lines around an article state; an empty string where they state nothing."""

    source: str = ""
    editor: str = ""
    author: str = ""


def surroundings(page: Page, start: int, end: int, title: str) -> Surroundings:
    """Return the short lines around the blocks `start` to `end`."""
    wanted = fold(title)
    top = _below_title(page.blocks, start, wanted)
    above = page.blocks[top : max(top, start)]
    opening = [b for b in page.blocks[max(top, start) : end][:_OPENING_BLOCKS] if not b.is_noise]
    tail_from = max(start, top, end - 6)
    return Surroundings(
        head=tuple(line for line in _lines([*above, *opening]) if fold(line) != wanted),
        tail=_lines(page.blocks[tail_from : end + _LINES_AFTER]),
        wide=_lines(page.blocks[max(0, top - 25) : top]),
        edges=_edges(page.blocks[start:end]),
        top=top,
    )


def _edges(blocks: Sequence[Block]) -> tuple[str, ...]:
    """Return how the first paragraphs begin and the last ones end: there a reporter is named."""
    wide = (b for b in blocks if b.weight > _MAX_LINE_WEIGHT and not b.is_noise)
    lines = [line for block in wide for line in block.text.split("\n")]
    return (
        *(line[:_EDGE_CHARS] for line in lines[:2]),
        *(line[-_EDGE_CHARS:] for line in lines[-12:]),
    )


def _below_title(blocks: Sequence[Block], start: int, wanted: str) -> int:
    """Return the place after the title above the text; the first of two close ones."""
    first, last = max(0, start - 60), min(start + 4, len(blocks))
    longest = 3 * len(wanted) + 20
    found = [
        n
        for n in range(first, last)
        if len(wanted) <= len(blocks[n].text) <= longest and fold(blocks[n].text) == wanted
    ]
    if not wanted:
        found = []
    if not found:
        return max(0, start - _LINES_BEFORE)
    return next(n for n in found if found[-1] - n <= _LINES_BEFORE) + 1


def _lines(blocks: Sequence[Block]) -> tuple[str, ...]:
    return tuple(
        line
        for block in blocks
        if block.weight <= _MAX_LINE_WEIGHT
        for line in block.text.split("\n")
    )


def shown_title(page: Page, start: int, stated: str) -> str:
    """Return the line above the byline where the stated title is nowhere on the page, else "".

    Many portals put the name of the column into <title>, and the real one into a plain element.
    """
    near = page.blocks[max(0, start - _LINES_BEFORE) : start + 4]
    wanted = fold(stated)
    lines = [fold(block.text) for block in near if 12 <= block.weight <= _MAX_TITLE_WEIGHT]
    if wanted and any(wanted in line or line in wanted for line in lines):
        return ""
    for place, block in enumerate(near):
        if place and block.weight <= _MAX_LINE_WEIGHT and DATE.search(block.text):
            above = near[place - 1]
            is_line = 16 <= above.weight <= _MAX_TITLE_WEIGHT and "\n" not in above.text
            is_plain = not above.is_noise and not above.link_weight and not LABEL.search(above.text)
            return above.text if is_line and is_plain else ""
    return ""


def read_byline(around: Surroundings, *, is_chinese: bool) -> Byline:
    """Read who from the lines around a text; unlabelled sources are looked for in Chinese pages."""
    head, tail = _labelled(around.head), _labelled(around.tail)
    source = _value(head, "source") or _value(_labelled(around.wide), "source")
    source = source or (_beside_date(around.head) if is_chinese else "")
    author = _value(head, "author") or _reporter([*around.head, *around.edges])
    author = author or _value(tail, "author")
    if found := _PERSON_AND_PAPER.match(source):
        author, source = author or found[1], found[2]
    return Byline(
        source=source or _value(tail, "source"),
        editor=_people(_value(tail, "editor") or _value(head, "editor")),
        author=_people(author or _reporter(around.tail)),
    )


def _labelled(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of label kind and value; an empty value is taken from the next line."""
    found: list[tuple[str, str]] = []
    for place, line in enumerate(lines):
        for kind, value in _labels_in(line):
            if not value and place + 1 < len(lines):  # the label stands in an element of its own
                value = _bare_name(lines[place + 1])  # noqa: PLW2901 - see above
            found.append((kind, value))
    return found


def _labels_in(line: str) -> Iterator[tuple[str, str]]:
    if _MARK_OF_LABEL.isdisjoint(line):
        return
    labels = list(LABEL.finditer(line))
    for label, following in zip(labels, [*labels[1:], None], strict=False):
        kind = label.lastgroup or ""
        if kind == "other":
            continue
        value = line[label.end() : following.start() if following else len(line)]
        value = DATE.sub("\n", value).lstrip(_BRACKETS)
        yield kind, _VALUE_END.split(value, maxsplit=1)[0].strip(_BRACKETS)


def _value(labelled: Sequence[tuple[str, str]], kind: str) -> str:
    for found, value in labelled:
        if found != kind:
            continue
        if kind == "source":
            value = _source_name(value)  # noqa: PLW2901 - the name alone is wanted
        if value:
            return value
    return ""


def _source_name(value: str) -> str:
    """Return the name of a source: up to the first space in Chinese, the whole in Latin letters."""
    first = value.split(" ", maxsplit=1)[0] if not value.isascii() else value
    return first if len(first) <= 40 and len(value) <= 60 else ""


def _people(value: str) -> str:
    """Return up to four names, joined with 、; text that is no name gives an empty string."""
    names: list[str] = []
    for word in _BETWEEN_NAMES.split(_TITLE_OF_OFFICE.sub("", value)[:60]):
        if not _NAME.fullmatch(word) or word in _NOBODY or _SPEECH.search(word):
            break
        names.append(word)
    return "、".join(dict.fromkeys(names[:4]))


def _reporter(lines: Sequence[str]) -> str:
    likely = [line for line in lines if "者" in line or "／" in line or "/" in line]
    for pattern in (REPORT_FROM, REPORT_AT, REPORTER):
        for line in likely:
            if found := pattern.search(line):
                return str(found.group(1))
    return ""


def _beside_date(lines: Sequence[str]) -> str:
    """Return the unlabelled name beside the first date (中国网 2019-11-25 10:37), else nothing."""
    for place, line in enumerate(lines):
        found = DATE.search(line) or NEAR_DATE.search(line)
        if found is None:
            continue
        around = [line[: found.start()], line[found.end() :]]
        around += list(lines[max(0, place - 1) : place]) + list(lines[place + 1 : place + 2])
        for text in around:
            if name := _bare_name(text):
                return name
        return ""
    return ""


def _bare_name(text: str) -> str:
    text = re.sub(r"^(?:原创|转载|首发)\s*|[\[【（(].*?[\]】）)]", "", text.strip()).strip(
        _BRACKETS
    )
    text = re.sub(r"\s+\d+$|\s*(?:记者|記者).*$|讯$|訊$", "", text)
    if not 2 <= len(text) <= 16 or NOT_SOURCE.search(text) or text.count(" ") > 1:
        return ""
    return text
