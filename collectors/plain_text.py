"""Markup to plain text: titles and stored texts that cannot carry anything but words.

Removed everywhere: C0 and C1 controls, bidirectional controls, zero-width characters,
non-characters and lone surrogates. They change what a reader sees without changing what a program
matches, which is how evasion and spoofed names are written.
"""

from __future__ import annotations

import html
import re

LONGEST_TITLE_CHARS = 500
LONGEST_MADE_TITLE_CHARS = 100


def word_set(words: str) -> frozenset[str]:
    """Return the words of a list written as one text."""
    return frozenset(words.split())


_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls; tab and line ends stay
    "\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # zero width and bidi
    "\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e007f"  # annotations, non-characters, tags
    "\ud800-\udfff]"
)
_SPACE = re.compile(r"\s+")

# Elements whose content is code, never words. One that never ends takes the rest with it, as in a
# browser.
UNSEEN_ELEMENTS = frozenset({"script", "style", "applet"})
_UNSEEN_START = re.compile(r"(?i)<(script|style|applet)\b[^<>]*?(/?)>|<!--")
_UNSEEN_END = {name: re.compile(rf"(?i)</{name}\s*>") for name in UNSEEN_ELEMENTS}

# Quoted values may hold angle brackets; the bounds keep a hostile text linear.
WELL_FORMED_TAG = (
    r"""</?[a-zA-Z][^\s<>/"'=]{0,40}+(?:\s++[^\s<>"'=/]{1,60}+(?:\s*+=\s*+"""
    r"""(?:"[^"]{0,2000}+"|'[^']{0,2000}+'|[^\s"'<>]{1,2000}+))?+)*+\s*+/?>"""
)
TAG = WELL_FORMED_TAG + r"|</?[a-zA-Z][^<>]*+>|<[!?][^<>]*+>"
_TAG = re.compile(TAG)
_SIMPLE_TAG = re.compile(r"(<[^<>]*>)")
_TAG_NAME = re.compile(r"</?([a-zA-Z][\w-]*)")
_TAG_START = re.compile(r"</?(?=([a-zA-Z][a-zA-Z0-9]{0,15})[\s/<>=\x00-\x20])")
_OPEN_TAG_AT_END = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}$")

HTML_ELEMENTS = word_set(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big"
    " blink blockquote body br button canvas caption center cite code col colgroup command data"
    " datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure font"
    " footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img"
    " input ins isindex kbd keygen label layer legend li link listing main map mark marquee math"
    " menu meta meter multicol nav nobr noembed noframes noscript object ol optgroup option output"
    " p param picture plaintext pre progress q rb rp rt rtc ruby s samp script search section"
    " select slot small source spacer span strike strong style sub summary sup svg table tbody td"
    " template textarea tfoot th thead time title tr track tt u ul var video wbr xml xmp"
)
_BLOCKS = word_set(
    "p div section article header footer blockquote pre ul ol dl table tr h1 h2 h3 h4 h5 h6 figure"
    " figcaption address form fieldset center dd dt li br hr"
)
_CELLS = frozenset({"td", "th"})
# Stands for a line end while the text's own white space is folded; no cleaned text holds it.
_BREAK = "\x00"


def clean(text: str) -> str:
    """Return `text` without characters that are unseen, reordering or not characters at all."""
    return _FORBIDDEN.sub("", text) if _FORBIDDEN.search(text) else text


def is_clean(document: bytes) -> bool:
    """Return True if no part of a UTF-8 document can hold a character that `clean` removes.

    References count, also escaped ones: `&amp;#8203;` becomes a zero-width space in a field that
    is read as HTML.
    """
    if len(document.translate(None, _CONTROL_BYTES)) != len(document):
        return False
    if not document.isascii() and _FORBIDDEN_BYTES.search(document):
        return False
    references = set(_REFERENCE.findall(document)) if b"&" in document else set()
    return not any(_is_doubtful(name.decode("ascii")) for name in references)


def _is_doubtful(reference: str) -> bool:
    """Say whether a reference gives a forbidden character, or an ampersand to build another one."""
    character = html.unescape(f"&{reference};")
    return bool(_FORBIDDEN.search(character)) or character.startswith("&")


_CONTROL_BYTES = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
# The same characters as _FORBIDDEN in UTF-8 (a few neighbours too: they only cost the fast path).
_FORBIDDEN_BYTES = re.compile(
    rb"[\xc2\xd8\xe1\xe2\xef\xf3]"
    rb"(?:(?<=\xc2)[\x80-\x9f]|(?<=\xd8)\x9c|(?<=\xe1)\xa0\x8e|(?<=\xe2)\x80[\x8b-\x8f\xaa-\xae]"
    rb"|(?<=\xe2)\x81[\xa0-\xaf]|(?<=\xef)\xbb\xbf|(?<=\xef)\xbf[\xb0-\xbb\xbe\xbf]|(?<=\xf3)\xa0)"
)
_REFERENCE = re.compile(
    rb"&(?:amp;)*(#[xX]?[0-9a-zA-Z]+|lrm|rlm|zwn?j|ZeroWidthSpace|NoBreak|ApplyFunction|af|it|ic"
    rb"|Invisible[a-zA-Z]{1,9}|Negative[a-zA-Z]{1,20})"
)


def one_line(text: str) -> str:
    """Return cleaned `text` with white space folded to single spaces."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return _SPACE.sub(" ", clean(text)).strip()


def plain_title(markup: str) -> str:
    """Return a title without tags, entities or line ends, at most 500 characters.

    Titles are sent as text, as HTML and as HTML escaped twice, whatever their type says, so tags
    are removed before and after the entities are read.
    """
    text = _strip_tags(markup) if "<" in markup else markup
    for _ in range(2):
        if "&" not in text:
            break
        text = _strip_tags(html.unescape(text))
    return one_line(text)[:LONGEST_TITLE_CHARS]


def title_from(markup: str) -> str:
    """Return the first words of a fragment, for an entry that has no title."""
    text = plain_title(html_to_text(markup[:4_000]))
    if len(text) <= LONGEST_MADE_TITLE_CHARS:
        return text
    return text[: LONGEST_MADE_TITLE_CHARS - 1] + "…"


def html_to_text(markup: str) -> str:
    """Return the words of an HTML fragment, one line a block; never raises."""
    text = markup
    if "<" in text:
        parts = _SIMPLE_TAG.split(drop_unseen(clean(text)))
        if len(parts) // 2 != sum(part.count("<") for part in parts):
            parts = _split_hard("".join(parts))
        gaps = {tag: _gap(tag) for tag in set(parts[1::2])}
        parts[1::2] = [gaps[tag] for tag in parts[1::2]]
        text = "".join(parts)
    lines = html.unescape(text).split(_BREAK)
    return "\n".join(folded for line in lines if (folded := one_line(line)))


def _split_hard(markup: str) -> list[str]:
    """Split markup with lone or quoted brackets: texts at even places, tags at odd ones."""
    parts: list[str] = []
    end = 0
    for tag in _TAG.finditer(markup):
        parts += (markup[end : tag.start()], tag[0])
        end = tag.end()
    return [*parts, _OPEN_TAG_AT_END.sub("", markup[end:])]


def _gap(tag: str) -> str:
    found = _TAG_NAME.match(tag)
    name = found[1].lower() if found else ""
    return _BREAK if name in _BLOCKS else " " if name in _CELLS else ""


def drop_unseen(markup: str) -> str:
    """Return markup without comments and without code elements and their content."""
    start = _UNSEEN_START.search(markup)
    if start is None:
        return markup
    kept: list[str] = []
    end = 0
    while start is not None:
        kept.append(markup[end : start.start()])
        end = _unseen_end(markup, start)
        start = _UNSEEN_START.search(markup, end)
    return "".join(kept) + markup[end:]


def _unseen_end(markup: str, start: re.Match[str]) -> int:
    """Return where the comment or element that begins at `start` ends."""
    if start[1] is None:
        close = markup.find("-->", start.end())
        return close + 3 if close >= 0 else len(markup)
    if start[2]:
        return start.end()
    found = _UNSEEN_END[start[1].lower()].search(markup, start.end())
    return found.end() if found else len(markup)


def _strip_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = _TAG.sub(_tag_or_words, drop_unseen(text))
    text = _OPEN_TAG_AT_END.sub(_tag_or_words, text)
    return _TAG_START.sub(_bracket_or_nothing, text) if "<" in text else text


def _bracket_or_nothing(found: re.Match[str]) -> str:
    """Break what still looks like the start of a tag: a browser would finish it."""
    return "" if found[1].lower() in HTML_ELEMENTS else found[0]


def _tag_or_words(found: re.Match[str]) -> str:
    """Drop what is a tag; keep <BIGCO>, which is how people write a name in brackets."""
    name = _TAG_NAME.match(found[0])
    if name is None:
        return ""
    known = name[1].lower() in HTML_ELEMENTS
    return "" if known or "=" in found[0] else found[0]
