"""A page as blocks: the visible text of an HTML page in reading order, each with what surrounds it.

One pass over the tree makes blocks (a paragraph, a heading, a cell, a run of text between block
elements) and containers (the block elements, each a range of blocks). Everything else about an
article is decided on these two lists, so the tree is walked once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Literal

from lxml import etree

from collectors.article_words import AUTHOR_NAME, BESIDE, CONTENT, DATE_NAME, SOURCE_NAME

# A page longer than this is cut: no article is, and time must stay bounded.
MAX_PAGE_CHARS = 2_000_000
# And one with more tags than this is cut too.
MAX_TAGS = 100_000
# libxml2 compares each attribute of a tag with all before it, so one tag with 200,000 attributes
# takes a minute. Pages long enough for that are searched for such a tag.
_LONG_PAGE_CHARS = 250_000
_MAX_TAG_CHARS = 30_000
_MAX_TAG_WORDS = 3_000
_PAGE_ENDS = ("</html>", "</HTML>", "</body>", "</BODY>")
_TAG = re.compile(r"<[a-zA-Z](?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*+>?")
_QUOTED = re.compile(r"\"[^\"]*+\"|'[^']*+'")

_SKIPPED = frozenset(
    """
    script style noscript title iframe svg canvas object embed template select option button
    textarea video audio map math rt rp rtc datalist progress
    """.split()  # noqa: SIM905 - a word list reads better in lines
)
_INLINE = frozenset(
    """
    a abbr acronym b basefont bdi bdo big cite code data del dfn em font i img input ins kbd label
    listing mark menuitem nobr q rb ruby s samp small span strike strong sub sup time tt u var wbr
    picture source track param
    """.split()  # noqa: SIM905 - a word list reads better in lines
)
_NOISE_TAGS = frozenset({"nav", "footer", "aside", "menu", "dialog"})
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?!\.?[1-9])"
)
# Text without markup: its blank lines are its paragraphs.
_PLAIN_TEXT_CHARS = 1_500
_PLAIN_TAGS = frozenset({"body", "html", "pre", "p", "div", "td"})
_BLANK_LINE = re.compile(r"\n[ \t\r\u3000]*\n")
_LINE_BREAK = "\x1e"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1d\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(slots=True)
class Block:
    """One run of text. `weight` counts a 汉字 as two; `link_weight` is the part inside links.

    `points` and `is_noise` are what the search for the article says of it.
    """

    text: str
    tag: str
    weight: int
    link_weight: int
    points: int = 0
    is_noise: bool = False


@dataclass(slots=True)
class Container:
    """A block element and the half-open range of blocks inside it."""

    tag: str
    hint: str
    start: int
    end: int
    itemprop: str = ""
    is_noise: bool = False


@dataclass(slots=True)
class Mark:
    """An element whose class, id or itemprop says that it holds an author, a source or a time."""

    kind: Literal["author", "source", "date"]
    element: etree._Element
    block: int

    def text(self) -> str:
        """Return the visible text of the element, 300 characters at most."""
        found = "".join(map(str, islice(self.element.itertext(), 60)))
        return clean_text(found)[:300]


@dataclass(slots=True)
class Page:
    """What one walk over the tree found."""

    blocks: list[Block] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def parse_tree(html: str) -> etree._Element | None:
    """Return the tree of a page, or None where it holds no element; never raises for bad HTML."""
    text = html[:MAX_PAGE_CHARS]
    if text.count("<") > MAX_TAGS:
        text = "<".join(text.split("<", MAX_TAGS)[:-1])
    # Portals glue included headers, each a whole page, before the real one: the parser would stop.
    for end in _PAGE_ENDS:
        text = text.replace(end, "")
    if len(text) > _LONG_PAGE_CHARS:
        longest = max(map(len, _TAG.findall(text)), default=0)
        if longest >= _MAX_TAG_CHARS:
            text = _TAG.sub(_without_attribute_bomb, text)
    parser = etree.HTMLParser(
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        no_network=True,
        huge_tree=True,
        collect_ids=False,
    )
    try:
        return etree.fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None


def _without_attribute_bomb(tag: re.Match[str]) -> str:
    found = tag.group()
    if len(found) < _MAX_TAG_CHARS or len(_QUOTED.sub("", found).split()) < _MAX_TAG_WORDS:
        return found
    return "<div>"


def clean_text(text: str) -> str:
    """Return a text without zero-width, direction and control characters, spaces collapsed."""
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def weigh(text: str) -> int:
    """Length of a text where a 汉字 counts as two and a Latin letter as one."""
    if text.isascii():
        return len(text)
    return (len(text) + len(text.encode("utf-8", "replace"))) // 2


_Kind = Literal["", "author", "source", "date"]


@lru_cache(maxsize=8192)
def read_hint(hint: str) -> tuple[bool, _Kind]:
    """Return whether a class and id name a part beside the article, and which fact it holds."""
    is_noise, kind = False, ""
    for name in hint.split():
        noise, kind_of_name = _read_name(name)
        is_noise = is_noise or noise
        kind = kind or kind_of_name
    return is_noise, kind  # type: ignore[return-value]  # a str from two of _Kind


@lru_cache(maxsize=16384)
def _read_name(name: str) -> tuple[bool, _Kind]:
    words = _CAMEL.sub("-", name).lower()
    is_noise = BESIDE.search(words) is not None
    if AUTHOR_NAME.search(words):
        return is_noise, "author"
    if DATE_NAME.search(words):
        return is_noise, "date"
    return is_noise, "source" if SOURCE_NAME.search(words) else ""


def _is_hidden(element: etree._Element) -> bool:
    style = element.get("style")
    if style is None or _HIDDEN_STYLE.search(style) is None:
        return False
    # Some pages hide the article until their scripts have run.
    name = f"{element.get('class') or ''} {element.get('id') or ''}"
    return CONTENT.search(name) is None


def read_page(tree: etree._Element, *, ignore_hints: bool = False) -> Page:
    """Blocks and containers of a tree; with `ignore_hints` class names and hiding say nothing."""
    return _Walk(ignore_hints=ignore_hints).over(tree)


# What the end of an element means, beside its tail.
_INLINE_END, _LINK_END, _CONTAINER_END, _SKIPPED_END = range(4)


class _Walk:
    """The state of one walk: open elements, open links and the run of text between blocks."""

    def __init__(self, *, ignore_hints: bool) -> None:
        self.page = Page()
        self.ignore_hints = ignore_hints
        self.parts: list[str] = []
        self.link_weight = 0
        self.links = 0
        self.containers: list[Container] = []

    def over(self, tree: etree._Element) -> Page:
        # No end events: an element has ended when the next one is not inside it. This loop is a
        # third of the time of an article, so that it keeps its stack in two plain lists.
        elements: list[etree._Element] = []
        endings: list[int] = []
        for element in tree.iter("*"):
            parent = element.getparent()
            while elements and elements[-1] is not parent:
                self._leave(elements.pop(), endings.pop(), endings)
            if endings and endings[-1] == _SKIPPED_END:
                ending = _SKIPPED_END
            else:
                ending = self._enter(element, element.tag)
            elements.append(element)
            endings.append(ending)
        while elements:
            self._leave(elements.pop(), endings.pop(), endings)
        if self.parts:
            self._flush()
        return self.page

    def _enter(self, element: etree._Element, tag: str) -> int:
        if tag in _SKIPPED or (not self.ignore_hints and (tag == "nav" or _is_hidden(element))):
            return _SKIPPED_END
        if tag in _INLINE:
            ending = self._enter_inline(element, tag)
        elif tag == "br":
            self.parts.append(_LINE_BREAK)
            return _INLINE_END
        else:
            self._open_container(element, tag)
            ending = _CONTAINER_END
        if text := element.text:
            self._add(text)
        return ending

    def _enter_inline(self, element: etree._Element, tag: str) -> int:
        if tag == "time":
            self.page.marks.append(Mark("date", element, len(self.page.blocks)))
        elif (hint := element.get("class") or element.get("id")) and (kind := read_hint(hint)[1]):
            self.page.marks.append(Mark(kind, element, len(self.page.blocks)))
        if tag != "a":
            return _INLINE_END
        self.links += 1
        return _LINK_END

    def _open_container(self, element: etree._Element, tag: str) -> None:
        if self.parts:
            self._flush()
        blocks = len(self.page.blocks)
        name, ident = element.get("class"), element.get("id")
        container = Container(tag, "", blocks, blocks)
        if name or ident:
            container.hint = hint = f"{name or ''} {ident or ''}"
            container.itemprop = element.get("itemprop") or ""
            container.is_noise, kind = read_hint(hint)
            if kind:
                self.page.marks.append(Mark(kind, element, blocks))
        if tag in _NOISE_TAGS:
            container.is_noise = True
        elif tag == "body" or self.ignore_hints:
            container.is_noise = False
        self.page.containers.append(container)
        self.containers.append(container)

    def _leave(self, element: etree._Element, ending: int, endings: list[int]) -> None:
        if ending == _CONTAINER_END:
            if self.parts:
                self._flush()
            self.containers.pop().end = len(self.page.blocks)
        elif ending == _LINK_END:
            self.links -= 1
        tail = element.tail
        if tail and not (endings and endings[-1] == _SKIPPED_END):
            self._add(tail)

    def _add(self, text: str) -> None:
        if not self.parts and text.isspace():
            return
        self.parts.append(text)
        if self.links:
            self.link_weight += weigh(text.strip())

    def _flush(self) -> None:
        parts = self.parts
        joined = "".join(parts) if len(parts) > 1 else parts[0]
        link_weight = self.link_weight
        tag = self.containers[-1].tag if self.containers else "body"
        self.parts, self.link_weight = [], 0
        if len(joined) > _PLAIN_TEXT_CHARS and tag in _PLAIN_TAGS and _BLANK_LINE.search(joined):
            for piece in _BLANK_LINE.split(joined):
                self._append(piece, tag, 0)
        else:
            self._append(joined, tag, link_weight)

    def _append(self, joined: str, tag: str, link_weight: int) -> None:
        if _LINE_BREAK in joined:
            lines = [clean_text(line) for line in joined.split(_LINE_BREAK)]
            text = "\n".join(line for line in lines if line)
        else:
            text = clean_text(joined)
        if text:
            self.page.blocks.append(Block(text, tag, weigh(text), link_weight))
