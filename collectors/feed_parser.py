"""Any feed to entries: decoded first, repaired, read, and never trusted.

`parse_feed` is the border: whatever the bytes are, it returns a ParsedFeed, in bounded time and
memory, and fetches nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from urllib.parse import urljoin

from lxml import etree
from lxml.etree import _Element as Element

from collectors.dates import SHANGHAI
from collectors.decode import decode
from collectors.feed_json import read_json_feed
from collectors.feed_records import FeedEntry, FeedError, ParsedFeed
from collectors.feed_repair import split_items
from collectors.feed_xml import (
    ReadingContext,
    best_of,
    channel_element,
    feed_author_of,
    feed_kind,
    feed_language,
    gather,
    item_elements,
    link_of,
    read_entry,
    title_text,
)
from collectors.plain_text import LONGEST_TITLE_CHARS, html_to_text, one_line
from collectors.safe_xml import read_xml, recover_xml, well_formed
from collectors.sanitise import Fragment, Sanitiser, web_url

__all__ = [
    "FeedEntry",
    "FeedError",
    "ParsedFeed",
    "discover_feeds",
    "feed_as_json",
    "html_to_text",
    "iso_utc",
    "parse_feed",
]

LARGEST_BODY_BYTES = 10 * 1024 * 1024
MOST_ENTRIES = 10_000
DEADLINE_SECONDS = 8.0


def parse_feed(
    body: bytes,
    url: str | None,
    headers: Mapping[str, str] | None,
    now: datetime,
) -> ParsedFeed:
    """Return the feed in `body`; never raises, `error` says why there are no entries.

    `url` is where the body came from and `headers` its HTTP headers: both only resolve relative
    links and name the charset. Times without a zone are read in Asia/Shanghai unless the feed
    declares a language other than Chinese, and then in UTC.
    """
    try:
        return _parse(body, url, headers or {}, now)
    except FeedError as problem:
        return ParsedFeed(title="", link="", entries=(), kind="", error=str(problem))
    except (ValueError, OverflowError, RecursionError, etree.LxmlError) as problem:
        reason = one_line(f"unreadable feed: {type(problem).__name__}: {problem}")[:300]
        return ParsedFeed(title="", link="", entries=(), kind="", error=reason)


def _parse(body: bytes, url: str | None, headers: Mapping[str, str], now: datetime) -> ParsedFeed:
    if len(body) > LARGEST_BODY_BYTES:
        raise FeedError(f"feed of {len(body):,} bytes; at most {LARGEST_BODY_BYTES:,} are read")
    named = {name.lower(): value for name, value in headers.items()}
    base = _base(url or "", named.get("content-location", ""))
    declared = named.get("content-type")
    started = time.monotonic()
    root = well_formed(body, declared)
    if root is not None and feed_kind(root):
        try:
            return _read(Document(root=root, body=body, base=base, started=started), now)
        except UnicodeDecodeError:  # bytes the parser lets through; decoding replaces them
            pass
    text = decode(body, declared, kind="xml").text.lstrip("\ufeff \t\r\n")
    if not text:
        raise FeedError("empty body")
    if text[0] in "{[":
        return read_json_feed(text, base, now, SHANGHAI, MOST_ENTRIES)
    root, text, damage = _feed_tree(text)
    if root is None or not feed_kind(root):
        raise FeedError(_what_it_is(text, root))
    raw = text.encode("utf-8", "replace")
    return _read(Document(root=root, body=raw, base=base, started=started, damage=damage), now)


def _base(url: str, content_location: str) -> str:
    """Return the address relative links are joined with; RFC 9110 §8.7 for Content-Location."""
    try:
        return urljoin(url, content_location) if content_location else url
    except ValueError:
        return ""


class Document(NamedTuple):
    """An XML feed ready to be read: its tree, its UTF-8 bytes, and the fault that was read around.

    `base` resolves relative links; `started` (monotonic seconds) is when the deadline began.
    """

    root: Element
    body: bytes
    base: str
    started: float
    damage: str = ""


def _read(document: Document, now: datetime) -> ParsedFeed:
    root, body, base, started, damage = document
    fields = gather(channel_element(root))
    language = feed_language(root, fields)
    has_xml_base = b"xml:base" in body
    link = link_of(fields, base, has_xml_base=has_xml_base) or web_url(root.get("HREF") or "")
    # A parser that reads around faults lets characters through that the text does not show.
    sanitiser = Sanitiser(base, document=None if damage else body)
    context = ReadingContext(
        now=now,
        zone=_zone_of(language),
        base=base,
        has_xml_base=has_xml_base,
        sanitiser=sanitiser,
        nothing=Fragment("", sanitiser),
        # Relative links of entries are meant beside the site's own page, wherever the feed lies.
        page=link if base and "://" in link else base,
        feed_author=feed_author_of(fields),
    )
    notes = [damage] if damage else []
    items = item_elements(root)
    if damage:
        items = _reread(body.decode(), items)
    entries: list[FeedEntry] = []
    for item in items[:MOST_ENTRIES]:
        if time.monotonic() - started > DEADLINE_SECONDS:
            notes.append(f"stopped after {DEADLINE_SECONDS:.0f} s at entry {len(entries)}")
            break
        entries.append(read_entry(item, context))
    if len(items) > MOST_ENTRIES:
        notes.append(f"{len(items):,} entries; the first {MOST_ENTRIES:,} are read")
    return ParsedFeed(
        title=title_text(best_of(fields, "title")) or (link or base)[:LONGEST_TITLE_CHARS],
        link=link,
        entries=tuple(entries),
        kind=feed_kind(root),
        language=language,
        notes=tuple(notes),
    )


def _zone_of(language: str) -> tzinfo:
    return SHANGHAI if not language or language.startswith("zh") else UTC


_FEED_START = re.compile(r"<(?:\?xml|rss|feed|rdf:RDF|RDF)\b")


def _feed_tree(text: str) -> tuple[Element | None, str, str]:
    """Return as `read_xml` does, without what a broken server printed before the feed."""
    root, read, damage = read_xml(text)
    if root is not None and not feed_kind(root):
        start = _FEED_START.search(text, 1, 100_000)
        if start is not None:
            return read_xml(text[start.start() :])
    return root, read, damage


def _reread(text: str, items: list[Element]) -> list[Element]:
    """Read item by item when damage cost or nested entries, so that each fault costs its own."""
    document = split_items(text)
    if document is None:
        return items
    nested = any(
        next(item.iterancestors(item.tag), None) is not None for item in items[:MOST_ENTRIES]
    )
    if document.item_count <= len(items) and not nested:
        return items
    alone: list[Element] = []
    for piece in document.pieces(MOST_ENTRIES):
        root, _ = recover_xml(piece)
        if root is not None:
            alone.extend(item_elements(root)[:1])
    return alone if len(alone) >= len(items) else items


_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def _what_it_is(text: str, root: Element | None) -> str:
    if _HTML.search(text[:2_000]):
        return "an HTML page, not a feed"
    if root is None:
        return "not XML: no element found" if "<" not in text else "unreadable XML"
    return f"XML but not a feed: the document element is <{str(root.tag)[:80]}>"


# --- discovery -------------------------------------------------------------------------------

_LINK_TAG = re.compile(r"<link\b[^<>]{0,1000}>", re.IGNORECASE)
_LINK_ATTRIBUTE = re.compile(r"""([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "text/xml",
        "application/xml",
    }
)
_BASE_TAG = re.compile(r"""<base\b[^<>]{0,400}?href\s*=\s*["']?([^"'\s<>]+)""", re.IGNORECASE)


def discover_feeds(html: str, url: str) -> tuple[str, ...]:
    """Return the feeds a page names in its <link rel="alternate">, absolute, in page order."""
    head = html[:500_000]
    base_tag = _BASE_TAG.search(head)
    base = web_url(base_tag[1], url) if base_tag else url
    found: list[str] = []
    for tag in _LINK_TAG.findall(head):
        attributes = {
            name.lower(): double or single or bare
            for name, double, single, bare in _LINK_ATTRIBUTE.findall(tag)
        }
        relations = attributes.get("rel", "").lower().split()
        kind = attributes.get("type", "").split(";")[0].strip().lower()
        if "feed" in relations or ("alternate" in relations and kind in _FEED_TYPES):
            address = web_url(attributes.get("href", "").replace("&amp;", "&"), base)
            if address and address not in found:
                found.append(address)
    return tuple(found)


# --- the shape the command line prints -----------------------------------------------------------


def feed_as_json(path: str, parsed: ParsedFeed) -> dict[str, object]:
    """Return what `yuqing feed --json` prints for one file; times are ISO 8601 in UTC."""
    return {
        "path": path,
        "feed": {"title": parsed.title, "link": parsed.link},
        "entries": [_entry_as_json(entry) for entry in parsed.entries],
        "error": parsed.error,
    }


def _entry_as_json(entry: FeedEntry) -> dict[str, object]:
    return {
        "title": entry.title,
        "link": entry.link,
        "id": entry.id,
        "author": entry.author,
        "published": iso_utc(entry.published),
        "updated": iso_utc(entry.updated),
        "summary": entry.summary,
        "content": entry.content,
    }


def iso_utc(moment: datetime | None) -> str | None:
    """Return `2026-05-13T02:12:00Z`, or None."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
