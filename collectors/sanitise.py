"""HTML fragments made safe: a short list of elements and attributes, everything rewritten.

Nothing of the input's markup is copied: each allowed tag is written anew from its name and its
allowed, re-escaped attributes, and every other `<` becomes text. However a browser would have read
the original, the result holds only what this file wrote.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from collectors.plain_text import (
    TAG,
    UNSEEN_ELEMENTS,
    WELL_FORMED_TAG,
    clean,
    drop_unseen,
    is_clean,
    word_set,
)

LONGEST_FRAGMENT_CHARS = 1_000_000
LONGEST_URL_CHARS = 4_000
DEEPEST_NESTING = 200

_VOID = frozenset({"br", "hr", "img", "wbr"})
_ALLOWED = _VOID | word_set(
    "a abbr acronym address article aside b bdi bdo big blockquote caption center cite code col"
    " colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6"
    " header i ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike"
    " strong sub summary sup table tbody td tfoot th thead time tr tt u ul var"
)
# The attributes that mean something to a reader; styles, classes, ids and handlers do not.
_TEXT_ATTRIBUTES = {
    "a": ("title",),
    "abbr": ("title",),
    "img": ("alt", "title"),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan"),
    "time": ("datetime",),
    "bdo": ("dir",),
}
_URL_ATTRIBUTES = {"a": ("href", ("http", "https", "mailto")), "img": ("src", ("http", "https"))}

_TOKEN = re.compile(rf"(?is)(?P<tag>{TAG})|<")
_WHOLE_TAG = re.compile(WELL_FORMED_TAG, re.DOTALL)
_PLAIN_TAG = re.compile(r"(<[^<>]*>)")
_TAG_PARTS = re.compile(r"<(/?)(?:[\w.-]+:)?([a-zA-Z][a-zA-Z0-9]*)(?![\w-])(.*)>", re.DOTALL)
_VALUE = re.compile(r"""\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_URL_NOISE = re.compile("[\x00-\x1f\x7f-\xa0\u2000-\u200f\u2028-\u202f\u2060-\u206f\ufeff]+")
_HIDDEN_ENTITY = re.compile(
    r"&(?:#\d{1,7};?|#[xX][0-9a-fA-F]{1,6};?"
    r"|(?:lrm|rlm|zwj|zwnj|ZeroWidthSpace|NoBreak|ApplyFunction|af|InvisibleTimes|it"
    r"|InvisibleComma|ic);)"
)

_WITH_ATTRIBUTES = frozenset(_TEXT_ATTRIBUTES) | frozenset(_URL_ATTRIBUTES)

Step = tuple[str, str, str]  # what a tag does ("open", "close", ""), its element, what is written
_DROP: Step = ("", "", "")
_HARD: Step = ("hard", "", "")
_USUAL_STEPS: dict[str, Step] = {
    **{f"<{name}>": ("open", name, f"<{name}>") for name in _ALLOWED - _VOID},
    **{f"</{name}>": ("close", name, f"</{name}>") for name in _ALLOWED - _VOID},
    **{
        f"<{name}{end}>": ("", name, f"<{name}>")
        for name in ("br", "hr")
        for end in ("", "/", " /")
    },
}


def escape_text(text: str) -> str:
    """Return plain text as an HTML fragment that shows exactly it."""
    return html.escape(clean(text), quote=False)


def safe_html(markup: str, base: str | None = None) -> str:
    """Return the harmless part of an HTML fragment, balanced; never raises.

    Links are http, https or mailto, images http or https, made absolute with `base` when given.
    Scripts, styles, frames and comments go with their content, other elements keep their words.
    """
    return Sanitiser(base).rewrite(markup)


def web_url(
    text: str, base: str | None = None, schemes: tuple[str, ...] = ("http", "https")
) -> str:
    """Return an absolute URL of an allowed scheme, a relative one without a base, or ""."""
    # Unseen and reordering characters are not printable; the rest is harmless once escaped.
    if text.startswith(("https://", "http://")) and text.isprintable() and _usual(text):
        return text
    text = _URL_NOISE.sub("", text).strip().replace(" ", "%20")
    if len(text) > LONGEST_URL_CHARS:  # notebooks put whole paragraphs behind the #
        text = text.partition("#")[0]
    if not text or len(text) > LONGEST_URL_CHARS:
        return ""
    try:
        joined = urljoin(base, text) if base else text
        if not joined.isprintable():  # the base comes from strangers too
            joined = _URL_NOISE.sub("", joined)
        parts = urlsplit(joined)
    except ValueError:  # "http://[" and other broken IPv6 literals
        return ""
    if not parts.scheme:
        return joined if ":" not in joined.split("/", 1)[0] else ""
    if parts.scheme not in schemes or not (parts.netloc or parts.scheme == "mailto"):
        return ""
    return parts.scheme + joined[len(parts.scheme) :]  # hTTp:// in small letters


def _usual(url: str) -> bool:
    """Return True for an address that needs no second look: a host, no oddity."""
    host = url[url.find("//") + 2 :]
    return (
        len(url) <= LONGEST_URL_CHARS
        and host[:1].isalnum()
        and " " not in url
        and "[" not in url
        and "\\" not in url
    )


class Fragment(NamedTuple):
    """Markup as it came, and the means to make it safe when somebody reads it as HTML."""

    markup: str
    sanitiser: Sanitiser

    def safe_html(self) -> str:
        """Return the harmless part, balanced."""
        return self.sanitiser.rewrite(self.markup) if self.markup else ""


class Sanitiser:
    """Rewrites the fragments of one document, remembering the tags it has met.

    Given the whole `document` in UTF-8, one look at it saves two passes over each fragment when it
    holds no character that `clean` would remove, neither raw nor as a reference.
    """

    def __init__(self, base: str | None = None, *, document: bytes | None = None) -> None:
        self._base = base
        self._document = document
        self._known_clean = False
        self._steps: dict[str, Step] = dict(_USUAL_STEPS)

    def rewrite(self, markup: str) -> str:
        """Return the harmless part of a fragment, balanced; never raises."""
        if len(markup) > LONGEST_FRAGMENT_CHARS:
            markup = markup[:LONGEST_FRAGMENT_CHARS]
        if self._document is not None:
            self._known_clean, self._document = is_clean(self._document), None
        if not self._known_clean:
            markup = clean(markup)
            for reference in set(_HIDDEN_ENTITY.findall(markup)) if "&" in markup else ():
                if not clean(html.unescape(reference)):
                    markup = markup.replace(reference, "")
        if "<" not in markup:
            return markup.strip()
        written = self._rewrite_plain(markup)
        if written is None:
            markup = drop_unseen(markup)
            written = self._rewrite_plain(markup)
        return (self._rewrite_hard(markup) if written is None else written).strip()

    def _rewrite_plain(self, markup: str) -> str | None:
        """Rewrite markup whose every `<` begins an ordinary tag; None if one does not."""
        parts = _PLAIN_TAG.split(markup)
        tags = parts[1::2]
        if len(tags) != markup.count("<"):
            return None
        steps = self._steps
        for tag in set(tags):
            if tag not in steps:
                steps[tag] = self._read_tag(tag)
        if any(steps[tag] is _HARD for tag in set(tags)):
            return None
        *parts[1::2], closing = _balanced([steps[tag] for tag in tags])
        return "".join(parts) + closing

    def _rewrite_hard(self, markup: str) -> str:
        """Rewrite anything: scripts, comments, quoted brackets, lone `<`."""
        pieces: list[str] = []
        steps: list[Step] = []
        end = 0
        for token in _TOKEN.finditer(markup):
            pieces.append(markup[end : token.start()])
            end = token.end()
            raw = token["tag"]
            if raw is None:
                steps.append(("", "", "&lt;") if token[0] == "<" else _DROP)
            else:
                step = self._steps.get(raw) or self._read_tag(raw)
                steps.append(_DROP if step is _HARD else step)
        *written, closing = _balanced(steps)
        whole = [text for pair in zip(pieces, written, strict=True) for text in pair]
        return "".join(whole) + markup[end:] + closing

    def _read_tag(self, raw: str) -> Step:
        parts = _TAG_PARTS.fullmatch(raw)
        if parts is None or _may_hide_more(parts[2].lower(), raw):
            return _HARD
        closing, name, rest = parts[1], parts[2].lower(), parts[3]
        if name not in _ALLOWED or (closing and name in _VOID):
            return _DROP
        if closing:
            return "close", name, f"</{name}>"
        attributes = self._attributes(name, rest) if name in _WITH_ATTRIBUTES else ""
        if name in _VOID:
            return "", name, f"<{name}{attributes}>"
        if rest.endswith("/") and not rest.endswith("=/"):
            return "", name, f"<{name}{attributes}></{name}>"
        return "open", name, f"<{name}{attributes}>"

    def _attributes(self, element: str, text: str) -> str:
        written = ""
        if element in _URL_ATTRIBUTES:
            attribute, schemes = _URL_ATTRIBUTES[element]
            if value := _value_of(attribute, text):
                plain = html.unescape(value) if "&" in value else value
                if url := web_url(plain, self._base, schemes):
                    written = f' {attribute}="{html.escape(url)}"'
        for attribute in _TEXT_ATTRIBUTES.get(element, ()):
            if attribute in text and (value := _value_of(attribute, text)):
                written += f' {attribute}="{html.escape(clean(html.unescape(value)))}"'
        return written


def _may_hide_more(name: str, raw: str) -> bool:
    """Return True for code, and where a quoted value may hold the bracket that ended the tag."""
    if name in UNSEEN_ELEMENTS:
        return True
    even = raw.count('"') % 2 == 0 and raw.count("'") % 2 == 0
    return not even and _WHOLE_TAG.fullmatch(raw) is None


def _value_of(attribute: str, text: str) -> str:
    """Return the first value written for an attribute, "" without one."""
    at = text.find(attribute)
    if at < 0:
        at = text.lower().find(attribute)
    while at >= 0:
        end = at + len(attribute)
        if not (text[at - 1].isalnum() or text[at - 1] in "-_") and (
            found := _VALUE.match(text, end)
        ):
            return found[1] or found[2] or found[3] or ""
        at = text.find(attribute, end)
    return ""


def _balanced(steps: list[Step]) -> list[str]:
    """Return what is written for each tag and, one more, what closes what stayed open."""
    written: list[str] = []
    stack: list[str] = []
    for mark, name, text in steps:
        if not mark:
            written.append(text)
        elif mark == "open":
            stack.append(name)
            written.append(text if len(stack) <= DEEPEST_NESTING else "")
        elif stack and stack[-1] == name:
            written.append(text if len(stack) <= DEEPEST_NESTING else "")
            stack.pop()
        else:
            written.append(_close(stack, name))
    written.append("".join(f"</{name}>" for name in reversed(stack[:DEEPEST_NESTING])))
    return written


def _close(stack: list[str], name: str) -> str:
    """Close the nearest open `name` and what was left open inside it; nothing if none is open."""
    if name not in stack[-64:]:
        return ""
    closed = ""
    while True:
        deep = len(stack) > DEEPEST_NESTING
        last = stack.pop()
        closed += "" if deep else f"</{last}>"
        if last == name:
            return closed
