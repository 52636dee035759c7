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

# A page longer than this is cut: no article is, and time must stay bounded.
MAX_PAGE_CHARS = 2_000_000
# libxml2 compares each attribute of a tag with all before it, so one tag with 200,000 attributes
# takes a minute. Pages long enough for that are searched for such a tag.
_LONG_PAGE_CHARS = 250_000
_MAX_TAG_CHARS = 30_000
_MAX_TAG_WORDS = 3_000
_TAG = re.compile(r"<[a-zA-Z](?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*+>?")
_QUOTED = re.compile(r"\"[^\"]*+\"|'[^']*+'")

_SKIPPED = frozenset(
    "script style noscript iframe svg canvas object embed template select option button textarea"
    " video audio map math head rt rp rtc datalist progress".split()
)
_INLINE = frozenset(
    "a abbr acronym b basefont bdi bdo big cite code data del dfn em font i img input ins kbd label"
    " listing mark menuitem nobr q rb ruby s samp small span strike strong sub sup time tt u var wbr"
    " picture source track param".split()
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

# What authors call the parts that are not the article; a word stands alone between separators.
_NOISE_WORDS = re.compile(
    r"(?:^|[\s_/-])(?:comments?|commentlist|commentarea|replies|respond|disqus|sidebars?|aside|rail"
    r"|relat(?:ed|e)\w*|recommend\w*|recirc\w*|shar(?:e|es|ing)|share(?:bar|box|buttons?|daddy)|bdshare\w*"
    r"|socials?|addthis\w*|footer|footnav|navs?|navbar|navi|navigation|menus?|submenu|breadcrumbs?|crumbs?"
    r"|popups?|modal|overlay|lightbox|cookies?|consent|gdpr|newsletters?|subscri(?:be|ption)s?|signup"
    r"|promos?|promotions?|ads?|advert\w*|sponsor\w*|outbrain|taboola|disclaimer|copyright|hotnews|ranking"
    r"|toplist|popular|trending|most-?read|readmore|pagination|pager|pagenav|paging|toolbar|toolbox|printer"
    r"|qrcode|ewm|erweima|feedback|ratings?|votes?|teasers?|widget-?area|widgettitle|prev-?next|friendlink|masthead"
    r"|author-?(?:bio|box|info|desc\w*|card)|post-?metadata|post-?meta|entry-?meta|captions?|image-?captions?|photo-?credits?|legend|visually-?hidden|sr-only|screen-reader\w*|noprint|tag-?list|login)(?:$|[\s_/-])"
)
_AUTHOR_WORDS = re.compile(
    r"(?:^|[\s_-])(?:authors?|autor\w*|byline\w*|writers?|reporters?|journalists?|contributors?|zuozhe)(?:$|[\s_-])"
)
_SOURCE_WORDS = re.compile(r"(?:^|[\s_-])(?:sources?|laiyuan|copyfrom|origin|publisher)(?:$|[\s_-])")
_DATE_WORDS = re.compile(
    r"(?:^|[\s_-])(?:date\w*|pubdate|time|times?tamp|pub\w*time|publish(?:ed)?|posted|created|riqi|shijian)(?:$|[\s_-])"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(slots=True)
class Block:
    """One run of text. `weight` counts a 汉字 as two; `link_weight` is the part inside links."""

    text: str
    tag: str
    weight: int
    link_weight: int
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
        found = "".join(islice(self.element.itertext(), 60))
        return clean_text(found)[:300]


@dataclass(slots=True)
class Page:
    """What one walk over the tree found."""

    blocks: list[Block] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def parse_tree(html: str) -> etree._Element | None:
    """The tree of a page, or None where there is no element in it. Never raises for bad HTML."""
    text = html[:MAX_PAGE_CHARS]
    if len(text) > _LONG_PAGE_CHARS:
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
    """The text without zero-width, direction and control characters, its spaces collapsed."""
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def weigh(text: str) -> int:
    """Length of a text where a 汉字 counts as two and a Latin letter as one."""
    if text.isascii():
        return len(text)
    return (len(text) + len(text.encode("utf-8", "replace"))) // 2


@lru_cache(maxsize=8192)
def marked_kind(hint: str) -> Literal["", "author", "source", "date"]:
    """Return which fact a class, id or itemprop promises, or an empty string."""
    words = _CAMEL.sub("-", hint).lower()
    if _AUTHOR_WORDS.search(words):
        return "author"
    if _DATE_WORDS.search(words):
        return "date"
    return "source" if _SOURCE_WORDS.search(words) else ""


@lru_cache(maxsize=8192)
def is_noise_hint(hint: str) -> bool:
    """Whether a class and id name a part beside the article (comments, share bar, related)."""
    words = _CAMEL.sub("-", hint).lower()
    return _NOISE_WORDS.search(words) is not None


def read_page(tree: etree._Element, *, ignore_hints: bool = False) -> Page:
    """Blocks and containers of a tree; with `ignore_hints` class names and hiding say nothing."""
    return _Walk(ignore_hints=ignore_hints).over(tree)


class _Walk:
    """The state of one walk: open containers, open noise, open links and the run of text."""

    def __init__(self, *, ignore_hints: bool) -> None:
        self.page = Page()
        self.ignore_hints = ignore_hints
        self.parts: list[str] = []
        self.link_weight = 0
        self.open: list[tuple[etree._Element, Container]] = []
        self.links: list[etree._Element] = []

    def over(self, tree: etree._Element) -> Page:
        walk = etree.iterwalk(tree, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                if self._is_left_out(element):
                    walk.skip_subtree()
                else:
                    self._enter(element)
            else:
                self._leave(element)
        self._flush("body")
        return self.page

    def _is_left_out(self, element: etree._Element) -> bool:
        tag = element.tag
        if tag in _SKIPPED or not isinstance(tag, str):
            return True
        if self.ignore_hints:
            return False
        style = element.get("style")
        return style is not None and _HIDDEN_STYLE.search(style) is not None

    def _enter(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in _INLINE:
            if tag == "a":
                self.links.append(element)
            if tag == "time":
                self.page.marks.append(Mark("date", element, len(self.page.blocks)))
            elif (hint := element.get("class")) is not None:
                self._mark(hint, element)
        elif tag == "br":
            self.parts.append(_LINE_BREAK)
        else:
            self._open_container(element, tag)
        if text := element.text:
            self._add(text)

    def _open_container(self, element: etree._Element, tag: str) -> None:
        self._flush()
        hint = f"{element.get('class') or ''} {element.get('id') or ''}"
        is_noise = tag in _NOISE_TAGS or (len(hint) > 1 and tag != "body" and is_noise_hint(hint))
        blocks = len(self.page.blocks)
        container = Container(tag, hint, blocks, blocks, element.get("itemprop") or "", is_noise)
        if len(hint) > 1:
            self._mark(hint, element)
        self.page.containers.append(container)
        self.open.append((element, container))

    def _mark(self, hint: str, element: etree._Element) -> None:
        if kind := marked_kind(hint):
            self.page.marks.append(Mark(kind, element, len(self.page.blocks)))

    def _leave(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == "a":
            if self.links and self.links[-1] is element:
                self.links.pop()
        elif self.open and self.open[-1][0] is element:
            self._flush()
            self.open.pop()[1].end = len(self.page.blocks)
        if tail := element.tail:
            self._add(tail)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        if self.links:
            self.link_weight += weigh(text.strip())

    def _flush(self, tag: str = "") -> None:
        parts = self.parts
        if not parts:
            return
        joined = "".join(parts)
        link_weight = self.link_weight
        self.parts, self.link_weight = [], 0
        tag = tag or (self.open[-1][1].tag if self.open else "body")
        if len(joined) > _PLAIN_TEXT_CHARS and _BLANK_LINE.search(joined) and tag in _PLAIN_TAGS:
            for piece in _BLANK_LINE.split(joined):
                self._append(piece, tag, 0)
        else:
            self._append(joined, tag, link_weight)

    def _append(self, joined: str, tag: str, link_weight: int) -> None:
        lines = [clean_text(line) for line in joined.split(_LINE_BREAK)]
        text = "\n".join(line for line in lines if line)
        if text:
            self.page.blocks.append(Block(text, tag, weigh(text), link_weight))
