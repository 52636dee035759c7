"""HTML fragments made safe: a short list of elements and attributes, everything rewritten.

Nothing of the input's markup is copied: each allowed tag is written anew from its name and its
allowed, re-escaped attributes, and every other `<` becomes text. However a browser would have read
the original, the result holds only what this file wrote.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

from collectors.plain_text import COMMENT, TAG, UNSEEN_ELEMENT, clean

LONGEST_FRAGMENT_CHARS = 1_000_000

_VOID = frozenset({"br", "hr", "img", "wbr"})
_ALLOWED = _VOID | frozenset(
    "a abbr acronym address article aside b bdi bdo big blockquote caption center cite code col"
    " colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6"
    " header i ins kbd li main mark nav ol p pre q rp rt ruby s samp section small span strike"
    " strong sub summary sup table tbody td tfoot th thead time tr tt u ul var".split()
)
_PLAIN_ATTRIBUTES = frozenset({"alt", "title", "colspan", "rowspan", "datetime", "lang", "dir"})
_URL_ATTRIBUTES = {("a", "href"): ("http", "https", "mailto"), ("img", "src"): ("http", "https")}

_TOKEN = re.compile(rf"(?is){UNSEEN_ELEMENT}|{COMMENT}|(?P<tag>{TAG})|<")
_TAG_PARTS = re.compile(r"<(/?)(?:[\w.-]+:)?([a-zA-Z][a-zA-Z0-9]*)(?![\w-])(.*?)/?>", re.DOTALL)
_ATTRIBUTE = re.compile(
    r"""([a-zA-Z][\w:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.DOTALL
)
_URL_NOISE = re.compile("[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u2060-\u206f\ufeff]+")
_HIDDEN_ENTITY = re.compile(
    r"&(?:#\d{1,7};?|#[xX][0-9a-fA-F]{1,6};?"
    r"|(?:lrm|rlm|zwj|zwnj|ZeroWidthSpace|NoBreak|ApplyFunction|af|InvisibleTimes|it"
    r"|InvisibleComma|ic);)"
)


def escape_text(text: str) -> str:
    """Return plain text as an HTML fragment that shows exactly it."""
    return html.escape(clean(text), quote=False)


def safe_html(markup: str, base: str | None = None) -> str:
    """Return the harmless part of an HTML fragment, balanced; never raises.

    Links are http, https or mailto, images http or https, made absolute with `base` when given.
    Scripts, styles, frames and comments go with their content, other elements keep their words.
    """
    markup = clean(markup[:LONGEST_FRAGMENT_CHARS])
    if "&" in markup:
        markup = _HIDDEN_ENTITY.sub(_visible_entity, markup)
    if "<" not in markup:
        return markup.strip()
    return _Writer(base).rewrite(markup).strip()


def web_url(
    text: str, base: str | None = None, schemes: tuple[str, ...] = ("http", "https")
) -> str:
    """Return an absolute URL of an allowed scheme, a relative one without a base, or ""."""
    text = _URL_NOISE.sub("", text) if _URL_NOISE.search(text) else text
    try:
        joined = urljoin(base, text) if base else text
        scheme = urlsplit(joined).scheme
    except ValueError:  # "http://[" and other broken IPv6 literals
        return ""
    if not scheme and ":" not in joined.split("/", 1)[0]:
        return joined
    return joined if scheme in schemes else ""


class _Writer:
    """Rewrites one fragment; remembers open elements and tags seen before."""

    def __init__(self, base: str | None) -> None:
        self._base = base
        self._open: list[str] = []
        self._seen: dict[str, tuple[str, str, str]] = {}

    def rewrite(self, markup: str) -> str:
        body = _TOKEN.sub(self._token, markup)
        return body + "".join(f"</{name}>" for name in reversed(self._open))

    def _token(self, found: re.Match[str]) -> str:
        raw = found["tag"]
        if raw is None:
            return "&lt;" if found[0] == "<" else ""
        known = self._seen.get(raw)
        if known is None:
            known = self._seen[raw] = self._read_tag(raw)
        mark, name, text = known
        if mark == "open":
            self._open.append(name)
        elif mark == "close":
            return self._close(name)
        return text

    def _close(self, name: str) -> str:
        if name not in self._open[-64:]:
            return ""
        closed = []
        while (last := self._open.pop()) != name:
            closed.append(f"</{last}>")
        return "".join(closed) + f"</{name}>"

    def _read_tag(self, raw: str) -> tuple[str, str, str]:
        """Return what the tag does, its name, and what is written for it."""
        parts = _TAG_PARTS.fullmatch(raw)
        if parts is None or (name := parts[2].lower()) not in _ALLOWED:
            return "", "", ""
        if parts[1]:
            return ("", "", "") if name in _VOID else ("close", name, "")
        attributes = self._attributes(name, parts[3]) if "=" in parts[3] else ""
        if name in _VOID:
            return "", name, f"<{name}{attributes}>"
        if raw.endswith("/>"):
            return "", name, f"<{name}{attributes}></{name}>"
        return "open", name, f"<{name}{attributes}>"

    def _attributes(self, element: str, text: str) -> str:
        written = []
        for key, double, single, bare in _ATTRIBUTE.findall(text):
            attribute = key.lower()
            value = clean(html.unescape(double or single or bare))
            if (element, attribute) in _URL_ATTRIBUTES:
                value = web_url(value, self._base, _URL_ATTRIBUTES[element, attribute])
            elif attribute not in _PLAIN_ATTRIBUTES:
                continue
            if value:
                written.append(f' {attribute}="{html.escape(value)}"')
        return "".join(written)


def _visible_entity(found: re.Match[str]) -> str:
    return found[0] if clean(html.unescape(found[0])) else ""
