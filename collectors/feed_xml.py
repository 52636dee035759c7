"""RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0 and CDF to entries, through one table of field names.

An item's children are gathered under keys such as "title", "dc:creator" or "atom:link"; each field
of an entry is then the first of its keys that is there. Formats differ in names, not in shape, so
one reader serves them all, and feeds that mix formats (most do) need no special case.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from urllib.parse import urljoin

from lxml import etree
from lxml.etree import _Element as Element

from collectors.dates import ParsedDate, parse_date
from collectors.feed_records import FeedEntry
from collectors.plain_text import html_to_text, one_line, plain_title
from collectors.sanitise import escape_text, safe_html, web_url

Fields = dict[str, list[Element]]

LONGEST_ID_CHARS = 2_000
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"

# Namespace (small letters, no trailing slash or #) → the prefix used in keys. "" is RSS itself.
_NAMESPACES = {
    "http://purl.org/rss/1.0": "",
    "http://my.netscape.com/rdf/simple/0.9": "",
    "http://channel.netscape.com/rdf/simple/0.9": "",
    "http://my.netscape.com/publish/formats/rss-0.91.dtd": "",
    "http://backend.userland.com/rss": "",
    "http://backend.userland.com/rss2": "",
    "http://backend.userland.com/rss091": "",
    "http://backend.userland.com/rss092": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/net/rss1.1": "",
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns": "atom",
    "http://www.purl.org/atom/ns": "atom",
    "http://example.com/newformat": "atom",
    "http://example.com/necho": "atom",
    "http://purl.org/echo": "atom",
    "uri/of/echo/namespace#": "atom",
    "http://purl.org/pie": "atom",
    "http://purl.org/dc/elements/1.0": "dc",
    "http://purl.org/dc/elements/1.1": "dc",
    "http://dublincore.org/documents/dcmi-namespace": "dc",
    "http://purl.org/dc/terms": "dcterms",
    "http://purl.org/rss/1.0/modules/content": "content",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.itunes.com/dtds/pluginchannel-1.0.dtd": "itunes",
    "http://example.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss": "media",
    "http://video.search.yahoo.com/mrss": "media",
    "http://www.google.com/schemas/play-podcasts/1.0": "googleplay",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns": "rdf",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://source.scripting.com": "source",
}
# What an undeclared prefix is taken for; the parser keeps it in the name.
_PREFIXES = frozenset(_NAMESPACES.values())

_ITEM_KEYS = frozenset({"item", "atom:entry", "entry"})
_CONTAINERS = frozenset({"channel", "feed", "atom:feed", "rss", "rdf:rdf", "rdf"})

FEED_TITLE_KEYS = ("title", "atom:title", "dc:title", "itunes:title", "media:title")
_TITLE = ("title", "atom:title", "dc:title", "media:title", "itunes:title")
_LINK = ("link", "atom:link")
_ID = ("guid", "atom:id", "id", "dc:identifier")
_AUTHOR = (
    "author", "atom:author", "dc:creator", "dc:author", "itunes:author", "googleplay:author",
    "media:credit",
)  # fmt: skip
FEED_AUTHOR_KEYS = (
    "atom:author", "author", "managingeditor", "dc:creator", "dc:author", "itunes:author",
    "googleplay:author", "itunes:owner", "webmaster", "dc:publisher", "googleplay:owner",
)  # fmt: skip
_PUBLISHED = (
    "pubdate", "atom:published", "published", "atom:issued", "issued", "dcterms:issued", "dc:date",
    "dcterms:created", "atom:created", "created", "date", "dcterms:date",
)  # fmt: skip
_UPDATED = (
    "atom:updated", "updated", "atom:modified", "modified", "dcterms:modified", "dc:date",
    "lastbuilddate", "dcterms:date",
)  # fmt: skip
_SUMMARY = (
    "description", "atom:summary", "summary", "dc:description", "dcterms:abstract", "abstract",
    "media:description", "itunes:summary", "googleplay:description", "itunes:subtitle",
)  # fmt: skip
_CONTENT = ("content:encoded", "atom:content", "content", "xhtml:body", "body", "fullitem",
            "source:markdown")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingContext:
    """What holds for every entry of one feed."""

    now: datetime
    zone: tzinfo
    base: str
    has_xml_base: bool
    feed_author: str = ""


def local_key(element: Element) -> str:
    """Return the key of an element: "title", "dc:creator", "?name" for an unknown namespace."""
    return _key(str(element.tag))


@lru_cache(maxsize=4_096)
def _key(tag: str) -> str:
    if tag[0] != "{":
        prefix, colon, local = tag.partition(":")
        if not colon:
            return tag.lower()
        # The parser met a prefix nobody declared: believe the usual one.
        return f"{prefix.lower()}:{local.lower()}" if prefix.lower() in _PREFIXES else "?"
    uri, _, local = tag[1:].partition("}")
    prefix = _NAMESPACES.get(uri.strip().lower().rstrip("/#"), "?")
    if prefix in {"", "?"}:
        return f"?{local}" if prefix else local.lower()
    return f"{prefix}:{local.lower()}"


def gather(parent: Element) -> Fields:
    """Return the children of `parent` by key, in order."""
    fields: Fields = {}
    for child in parent:
        key = local_key(child)
        if key in fields:
            fields[key].append(child)
        else:
            fields[key] = [child]
    return fields


def item_elements(root: Element) -> list[Element]:
    """Return every item or entry of the document, wherever it stands."""
    found = [
        element for element in root.iter("{*}item", "{*}entry") if local_key(element) in _ITEM_KEYS
    ]
    if found:
        return found
    # CDF, and feeds that shout: <ITEM>.
    return list(root.iter("{*}ITEM", "{*}Item", "{*}ENTRY", "{*}Entry"))


def channel_element(root: Element) -> Element:
    """Return the element whose children describe the feed."""
    if local_key(root) in {"atom:feed", "feed"}:
        return root
    for child in root.iter():
        if local_key(child) in {"channel", "atom:feed", "feed"}:
            return child
    return root


def feed_kind(root: Element) -> str:
    """Return "rss", "atom", "rdf", "cdf" or "" for a document that is no feed."""
    key = local_key(root)
    if key in {"atom:feed", "feed", "atom:entry"}:
        return "atom"
    if key in {"rdf:rdf", "rdf"}:
        return "rdf"
    if key == "channel":
        return "cdf" if root.tag.isupper() else "rss"
    return "rss" if key in {"rss", "item"} else ""


# --- fields ----------------------------------------------------------------------------------


def first_of(fields: Fields, keys: Iterable[str]) -> Element | None:
    """Return the first element among `keys` that holds anything."""
    for key in keys:
        for element in fields.get(key, ()):
            if len(element) or (element.text and not element.text.isspace()):
                return element
    return None


def _inner_markup(element: Element) -> str:
    """Return an element's text; child elements are written out as markup."""
    if not len(element):
        return element.text or ""
    parts = [escape_text(element.text or "")]
    parts.extend(etree.tostring(child, encoding="unicode") for child in element)
    return "".join(parts)


_MARKUP_TYPES = ("html", "xhtml", "text/html", "application/xhtml+xml", "text/xhtml")


def _markup(element: Element) -> tuple[str, bool]:
    """Return an element's text and whether it is markup (else plain text)."""
    kind = (element.get("type") or "").strip().lower()
    mode = (element.get("mode") or "").lower()
    if len(element):
        return _inner_markup(element), True
    text = element.text or ""
    if mode == "base64" or kind == "application/octet-stream":
        return _from_base64(text), True
    if local_key(element).startswith("atom:") and kind and kind not in _MARKUP_TYPES:
        if mode == "escaped" and "html" in kind:
            return text, True
        if "/" in kind and not kind.startswith("text/") and not kind.endswith("xml"):
            return _from_base64(text), True
        return text, kind.endswith("xml")
    return text, True


_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{4,}={0,2}\s*")


def _from_base64(text: str) -> str:
    if not _BASE64.fullmatch(text):
        return text
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text


def fragment(element: Element | None, context: ReadingContext) -> str:
    """Return the element's content as a safe HTML fragment, "" without one."""
    if element is None:
        return ""
    text, is_markup = _markup(element)
    if not is_markup:
        return escape_text(text).strip()
    if "<" not in text and "&" not in text:
        return one_line(text) if "\n" not in text else safe_html(text)
    return safe_html(text, _base_of(element, context))


def title_text(element: Element | None) -> str:
    """Return the element's content as one plain line."""
    if element is None:
        return ""
    if not len(element):
        text = element.text or ""
        if "<" not in text and "&" not in text and not element.attrib:
            return one_line(text)[:500]
    text, _ = _markup(element)
    return plain_title(text)


def _base_of(element: Element, context: ReadingContext) -> str:
    if not context.has_xml_base:
        return context.base
    bases = [
        ancestor.get(_XML_BASE)
        for ancestor in (element, *element.iterancestors())
        if ancestor.get(_XML_BASE)
    ]
    base = context.base
    for part in reversed(bases):
        base = _join(base, part or "")
    return base


def _join(base: str, part: str) -> str:
    try:
        return urljoin(base, part.strip())
    except ValueError:
        return base


# --- links -----------------------------------------------------------------------------------


def link_of(fields: Fields, context: ReadingContext) -> str:
    """Return the page the feed or entry is about, "" without one."""
    candidates: list[tuple[int, str]] = []
    for key in _LINK:
        for element in fields.get(key, ()):
            rank, address = _ranked_link(element)
            if address and rank < _NOT_A_PAGE:
                url = web_url(address, _base_of(element, context))
                if url:
                    candidates.append((rank, url))
    return min(candidates, key=lambda ranked: ranked[0])[1] if candidates else ""


_NOT_A_PAGE = 9


def _ranked_link(element: Element) -> tuple[int, str]:
    """Return (0 best … 9 not a page, address)."""
    href = element.get("href") or element.get("HREF")
    if href is None:
        text = (element.text or "").strip()
        return (1, text) if text else (_NOT_A_PAGE, "")
    rel = (element.get("rel") or "alternate").strip().lower()
    kind = (element.get("type") or "").lower()
    if rel.rpartition("/")[2] == "alternate":
        if not kind or "html" in kind:
            return 0 if local_key(element) == "link" else 2, href
        return 3, href
    return (_NOT_A_PAGE if rel in _OTHER_RELATIONS else 5), href


_OTHER_RELATIONS = frozenset(
    "self edit next prev previous first last hub replies enclosure license service.post"
    " service.edit service.feed search related via icon stylesheet next-archive prev-archive"
    " current payment".split()
)


def _guid_link(fields: Fields) -> str:
    for element in fields.get("guid", ()):
        text = (element.text or "").strip()
        permanent = (element.get("isPermaLink") or element.get("ispermalink") or "true").lower()
        if permanent != "false" and text.startswith(("http://", "https://")):
            return web_url(text)
    return ""


def _attached_link(fields: Fields, context: ReadingContext) -> str:
    for key, attribute in (("enclosure", "url"), ("media:content", "url")):
        for element in fields.get(key, ()):
            if address := element.get(attribute):
                return web_url(address, context.base)
    return ""


# --- people ----------------------------------------------------------------------------------

_MAIL_AND_NAME = re.compile(r"\s*([^\s()<>@]+@[^\s()<>@]+)\s*\(([^()]+)\)\s*")


def author_of(fields: Fields, keys: Iterable[str]) -> str:
    """Return the names under the first key that has any, joined by ", "."""
    for key in keys:
        names = [name for element in fields.get(key, ()) if (name := _person(element))]
        if names:
            return ", ".join(dict.fromkeys(names))[:500]
    return ""


def _person(element: Element) -> str:
    if not len(element):
        text = plain_title(element.text or "")
        found = _MAIL_AND_NAME.fullmatch(text)
        return one_line(found[2]) if found else text
    parts: dict[str, str] = {}
    for child in element:
        local = local_key(child).rpartition(":")[2].lstrip("?").lower()
        if child.text and not child.text.isspace():
            parts.setdefault(local, plain_title(child.text))
    named = parts.get("name") or parts.get("email") or ""
    return named or plain_title(html_to_text(_inner_markup(element)))


# --- entries ---------------------------------------------------------------------------------


def read_entry(item: Element, context: ReadingContext) -> FeedEntry:
    """Return one item as an entry; never raises for anything a document can hold."""
    fields = gather(item)
    summary = fragment(first_of(fields, _SUMMARY), context)
    content = fragment(first_of(fields, _CONTENT), context)
    published, published_flag = _time(fields, _PUBLISHED, context)
    updated, updated_flag = _time(fields, _UPDATED, context)
    identity = _identity(item, fields, context)
    link = (
        link_of(fields, context)
        or _guid_link(fields)
        or web_url(item.get("HREF") or item.get(_RDF_ABOUT) or "", context.base)
        or _attached_link(fields, context)
    )
    title = title_text(first_of(fields, _TITLE)) or _title_from(summary or content) or link
    return FeedEntry(
        title=title,
        link=link,
        id=identity,
        author=author_of(fields, _AUTHOR) or context.feed_author,
        published=published.value,
        updated=updated.value,
        summary=summary,
        content=content,
        date_flags=published_flag + updated_flag,
    )


def _title_from(markup: str) -> str:
    text = html_to_text(markup[:4_000])
    return text if len(text) <= 100 else text[:99] + "…"


def _identity(item: Element, fields: Fields, context: ReadingContext) -> str:
    element = first_of(fields, _ID)
    if element is None:
        return one_line(item.get(_RDF_ABOUT) or "")[:LONGEST_ID_CHARS]
    text = one_line(_inner_markup(element))[:LONGEST_ID_CHARS]
    if text.startswith("/") and local_key(element) == "atom:id":
        return web_url(text, _base_of(element, context)) or text
    return text


def _time(
    fields: Fields, keys: Iterable[str], context: ReadingContext
) -> tuple[ParsedDate, tuple[str, ...]]:
    """Return the first readable time among `keys`, else the first unreadable one."""
    name = "published" if keys is _PUBLISHED else "updated"
    worst: ParsedDate | None = None
    for key in keys:
        for element in fields.get(key, ()):
            found = parse_date(element.text, context.now, zone=context.zone)
            if found.value is not None:
                return found, ((f"{name}:{found.flag}",) if found.flag else ())
            worst = worst or found
    if worst is None or worst.flag == "missing":
        return ParsedDate(value=None, flag="missing"), ()
    return worst, (f"{name}:{worst.flag}",)


def feed_language(root: Element, channel: Fields) -> str:
    """Return the feed's own language tag in small letters, "" without one."""
    element = first_of(channel, ("language", "dc:language"))
    tag = (element.text or "") if element is not None else (root.get(_XML_LANG) or "")
    return tag.strip().lower()[:35]
