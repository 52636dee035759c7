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

# Elements whose content is code or fallback, never words.
_CODE = "script|style"
_FALLBACK = "noscript|template|iframe|noembed|noframes|xmp|plaintext"
UNSEEN_ELEMENTS = frozenset(f"{_CODE}|{_FALLBACK}".split("|"))
# Code that never ends takes the rest with it, as in a browser; an unended frame only its tag.
UNSEEN_ELEMENT = (
    rf"<({_CODE})\b(?:[^<>]*/>|[^<>]*>(?:.*?</\1\s*>|.*))"
    rf"|<({_FALLBACK})\b(?:[^<>]*/>|[^<>]*>.*?</\2\s*>)"
)
COMMENT = r"<!--(?:.*?-->|.*)"
_DROPPED = re.compile(f"(?is){UNSEEN_ELEMENT}|{COMMENT}")

# Quoted values may hold angle brackets; the bounds keep a hostile text linear.
WELL_FORMED_TAG = (
    r"""</?[a-zA-Z][^\s<>/"'=]{0,40}+(?:\s++[^\s<>"'=/]{1,60}+(?:\s*+=\s*+"""
    r"""(?:"[^"]{0,2000}+"|'[^']{0,2000}+'|[^\s"'<>]{1,2000}+))?+)*+\s*+/?>"""
)
TAG = WELL_FORMED_TAG + (r"""|</?[a-zA-Z][^<>]*+>|<[!?][^<>]*+>""")
_TAG = re.compile(TAG)
_TAG_NAME = re.compile(r"</?([a-zA-Z][\w-]*)")
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
_BLOCK = re.compile(
    r"(?i)<(?:/?(?:p|div|section|article|header|footer|blockquote|pre|ul|ol|dl|table|tr|h[1-6]"
    r"|figure|figcaption|address|form|fieldset|center|dd|dt|li)|br|hr)\b[^<>]*>"
)
_CELL = re.compile(r"(?i)</t[dh]\s*>")
_LINE_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\s*\n\s*")


def clean(text: str) -> str:
    """Return `text` without characters that are unseen, reordering or not characters at all."""
    return _FORBIDDEN.sub("", text) if _FORBIDDEN.search(text) else text


def is_clean(text: str) -> bool:
    """Return True if no part of a document can hold a character that `clean` removes.

    References count, also escaped ones: `&amp;#8203;` becomes a zero-width space in a field that
    is read as HTML. Works on UTF-8 bytes, at a fraction of the cost of the same scan on text.
    """
    raw = text.encode("utf-8", "replace")
    if len(raw.translate(None, _CONTROL_BYTES)) != len(raw):
        return False
    if not text.isascii() and _FORBIDDEN_BYTES.search(raw):
        return False
    if "&" not in text:
        return True
    references = set(_REFERENCE.findall(text))
    return not any(_FORBIDDEN.search(html.unescape(f"&{name};")) for name in references) and not (
        references & _AMPERSAND_REFERENCES
    )


_CONTROL_BYTES = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
# The same characters as _FORBIDDEN in UTF-8 (a few neighbours too: they only cost the fast path).
_FORBIDDEN_BYTES = re.compile(
    rb"[\xc2\xd8\xe1\xe2\xef\xf3]"
    rb"(?:(?<=\xc2)[\x80-\x9f]|(?<=\xd8)\x9c|(?<=\xe1)\xa0\x8e|(?<=\xe2)\x80[\x8b-\x8f\xaa-\xae]"
    rb"|(?<=\xe2)\x81[\xa0-\xaf]|(?<=\xef)\xbb\xbf|(?<=\xef)\xbf[\xb0-\xbb\xbe\xbf]|(?<=\xf3)\xa0)"
)
_REFERENCE = re.compile(
    r"&(?:amp;)*(#[xX]?\w{1,8}|lrm|rlm|zwn?j|ZeroWidthSpace|NoBreak|ApplyFunction|af|it|ic"
    r"|Invisible\w{1,9}|Negative\w{1,20})"
)
# An ampersand written as a reference can build another reference: too rare to reason about.
_AMPERSAND_REFERENCES = frozenset({"#38", "#x26", "#X26", "#038", "#0038", "#x0026"})


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
    text = one_line(html_to_text(markup[:4_000]))
    if len(text) <= LONGEST_MADE_TITLE_CHARS:
        return text
    return text[: LONGEST_MADE_TITLE_CHARS - 1] + "…"


def html_to_text(markup: str) -> str:
    """Return the words of an HTML fragment, one line a block; never raises."""
    text = markup
    if "<" in text:
        text = _DROPPED.sub(" ", text)
        text = _BLOCK.sub("\n", _LINE_ENDS.sub(" ", text))
        text = _TAG.sub("", _CELL.sub(" ", text))
        text = _OPEN_TAG_AT_END.sub("", text)
    text = clean(html.unescape(text))
    return _LINE_ENDS.sub("\n", _LINE_SPACES.sub(" ", text)).strip()


def _strip_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = _DROPPED.sub("", text)
    text = _TAG.sub(_tag_or_words, text)
    return _OPEN_TAG_AT_END.sub(_tag_or_words, text)


def _tag_or_words(found: re.Match[str]) -> str:
    """Drop what is a tag; keep <BIGCO>, which is how people write a name in brackets."""
    name = _TAG_NAME.match(found[0])
    if name is None:
        return ""
    known = name[1].lower() in HTML_ELEMENTS
    return "" if known or "=" in found[0] else found[0]
