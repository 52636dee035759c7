"""XML that is not quite XML: what feeds get wrong, put right before the parser sees it.

No DTD survives: entities a document declares for itself are never expanded, which ends the
"billion laughs" and external-entity families. HTML's own names (&nbsp;) become their characters.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

_DOCTYPE = re.compile(
    r"<!DOCTYPE[^<>\[]{0,2000}(?:\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]\s*>|>|\[[^\]]*\]?\s*>?)",
    re.IGNORECASE,
)
# What may stand before it: white space, processing instructions, comments.
_PROLOG = re.compile(r"(?:[^<]{1,4000}+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_SURROGATE_PATTERN = (
    r"&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}"
    r"|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));?"
)
_SURROGATE = re.compile(_SURROGATE_PATTERN)
SURROGATE_REFERENCE = re.compile(_SURROGATE_PATTERN.encode())
# XML 1.0 §2.2: these are no characters, raw or as a reference.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_MARK = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)|&(?:(#\d{1,8}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{0,31})(;?))?"
    r"|<(?![a-zA-Z_:/!?\u0080-\U0010ffff])",
    re.DOTALL,
)
_STRANGE = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,6}|#x[0-9a-fA-F]{1,5});)|<(?![a-zA-Z_:/!?\u0080-\U0010ffff])"
)


def without_surrogates(text: str) -> str:
    """Return `text` without references to surrogates, which the parser lets through unread."""
    return _SURROGATE.sub("\ufffd", text) if "&#" in text else text


def without_doctype(text: str) -> str:
    """Return `text` without a document type declaration, and so without entities of its own."""
    if "<!DOCTYPE" not in text and "<!doctype" not in text:
        return text
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    found = _DOCTYPE.match(text, start)
    return text[:start] + text[found.end() :] if found else text


def repair(text: str) -> str:
    """Return `text` with the ordinary faults of feeds put right; the meaning is kept."""
    text = text.lstrip()
    start = text.find("<")
    if start > 0:  # a PHP warning or a stray line before the declaration
        text = text[start:]
    if _NOT_XML.search(text):
        text = _NOT_XML.sub("", text)
    if _STRANGE.search(text):
        text = _MARK.sub(_reference, text)
    return text


def _reference(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        # A lone & or < is text; a CDATA section stays as it is.
        return {"&": "&amp;", "<": "&lt;"}.get(found[0], found[0])
    if name in _XML_NAMES:
        return f"&{name};"
    if name[0] == "#":
        return _escape(html.unescape(f"&{name};"))
    known = html5.get(f"{name};") if found[2] else None
    return _escape(known) if known else f"&amp;{name}{found[2]}"


def _escape(text: str) -> str:
    return html.escape(_NOT_XML.sub("", text), quote=False)


# --- one item at a time ---------------------------------------------------------------------------

_ITEM_START = re.compile(r"<(?:[a-zA-Z][\w.-]{0,20}:)?(item|entry)(?=[\s>/])", re.IGNORECASE)
_DECLARATION = re.compile(r"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""")
_XML_BASE_ATTRIBUTE = re.compile(r"""\sxml:base\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""")


@dataclass(frozen=True, slots=True)
class SplitDocument:
    """A damaged document cut before each item; `pieces` are small documents of one item each."""

    declarations: str
    starts: tuple[int, ...]
    text: str

    @property
    def item_count(self) -> int:
        """Return how many items begin in the text."""
        return len(self.starts)

    def pieces(self, at_most: int) -> Iterator[str]:
        """Yield each item alone inside an element with the document's namespaces."""
        ends = (*self.starts[1:], len(self.text))
        for start, end in list(zip(self.starts, ends, strict=True))[:at_most]:
            item = self.text[start:end]
            if item.count("<![CDATA[") > item.count("]]>"):
                item = _close_cdata(item)
            yield f"<feed{self.declarations}>{item}</feed>"


def _close_cdata(item: str) -> str:
    """End an unended CDATA section before the next end tag of the item's own level."""
    start = item.rfind("<![CDATA[")
    end = item.find("</", start)
    return item[:end] + "]]>" + item[end:] if end > 0 else item + "]]>"


def split_items(text: str) -> SplitDocument | None:
    """Return the document cut at its items, or None when it has none."""
    starts = tuple(found.start() for found in _ITEM_START.finditer(text))
    if not starts:
        return None
    head = text[: starts[0]]
    declarations = dict.fromkeys(_DECLARATION.findall(head))
    names: dict[str, str] = {}
    for declaration in declarations:
        names.setdefault(declaration.split("=", 1)[0].strip(), declaration)
    base = _XML_BASE_ATTRIBUTE.search(head)
    return SplitDocument("".join(names.values()) + (base[0] if base else ""), starts, text)
