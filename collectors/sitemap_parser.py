"""Sitemaps to page addresses: sitemap index, page list, news sitemap, and the plain-text form."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element

from collectors.dates import MISSING, ParsedDate, parse_date
from collectors.decode import decode
from collectors.plain_text import one_line, plain_title
from collectors.safe_xml import read_xml
from collectors.sanitise import web_url

LARGEST_BODY_BYTES = 10 * 1024 * 1024
# The protocol allows 50,000 addresses in one sitemap (sitemaps.org).
MOST_PAGES = 50_000
LONGEST_TEXT_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPage:
    """One page. `title`, `publication` and `published` stand in news sitemaps only.

    Times are aware UTC or None; `date_flag` as in ParsedDate, for the time that `changed` gives.
    """

    url: str
    modified: datetime | None = None
    published: datetime | None = None
    date_flag: str = ""
    title: str = ""
    publication: str = ""
    language: str = ""

    @property
    def changed(self) -> datetime | None:
        """Return when the page last changed, as far as the sitemap tells."""
        return self.modified or self.published


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapChild:
    """A sitemap that an index names, and when it last changed."""

    url: str
    modified: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """A sitemap as read: `pages` of a page list or `children` of an index."""

    pages: tuple[SitemapPage, ...] = ()
    children: tuple[SitemapChild, ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = ()


def parse_sitemap(
    body: bytes, url: str | None, headers: Mapping[str, str] | None, now: datetime
) -> Sitemap:
    """Return what the sitemap lists; never raises, `error` says why it lists nothing.

    Reads XML, gzip of it (`sitemap.xml.gz` is sent as a file, not as an encoding) and plain text
    with one address a line. Addresses are absolute http(s); times without a zone are Shanghai's.
    """
    try:
        return _parse(body, url or "", headers or {}, now)
    except (ValueError, zlib.error, etree.LxmlError) as problem:
        return Sitemap(error=f"unreadable sitemap: {one_line(str(problem))[:200]}")


def _parse(body: bytes, url: str, headers: Mapping[str, str], now: datetime) -> Sitemap:
    if body[:2] == b"\x1f\x8b":
        body = _unzipped(body)
    if len(body) > LARGEST_BODY_BYTES:
        return Sitemap(error=f"sitemap of more than {LARGEST_BODY_BYTES:,} bytes")
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), None)
    text = decode(body, kind, kind="xml").text.lstrip("\ufeff \t\r\n")
    if not text:
        return Sitemap(error="empty body")
    return _from_xml(text, url, now) if text.startswith("<") else _from_lines(text)


def _from_xml(text: str, url: str, now: datetime) -> Sitemap:
    root, _, damage = read_xml(text)
    if root is None:
        return Sitemap(error=f"unreadable XML: {damage}")
    notes = [damage] if damage else []
    name = _local(root)
    if name not in {"sitemapindex", "urlset"}:
        return Sitemap(error=f"not a sitemap: the document element is <{name[:80]}>")
    elements = list(root.iter("{*}sitemap" if name == "sitemapindex" else "{*}url"))
    if len(elements) > MOST_PAGES:
        notes.append(f"{len(elements):,} addresses; the first {MOST_PAGES:,} are read")
    if name == "sitemapindex":
        children = [_child(element, url, now) for element in elements[:MOST_PAGES]]
        return Sitemap(children=tuple(filter(_has_url, children)), notes=tuple(notes))
    pages = [_page(element, url, now) for element in elements[:MOST_PAGES]]
    return Sitemap(pages=tuple(filter(_has_url, pages)), notes=tuple(notes))


def _has_url(listed: SitemapPage | SitemapChild) -> bool:
    return bool(listed.url)


def _unzipped(body: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    return unzip.decompress(body, LARGEST_BODY_BYTES + 1)


def _from_lines(text: str) -> Sitemap:
    lines = [line.strip() for line in text.splitlines()[:MOST_PAGES]]
    pages = tuple(
        SitemapPage(url=address)
        for line in lines
        if line.startswith(("http://", "https://")) and (address := web_url(line))
    )
    return Sitemap(pages=pages) if pages else Sitemap(error="neither XML nor a list of addresses")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _texts(parent: Element) -> dict[str, str]:
    """Return the text of each descendant leaf by local name, the first of each name."""
    found: dict[str, str] = {}
    for element in parent.iter():
        if not len(element) and element.text and not element.text.isspace():
            found.setdefault(_local(element), element.text.strip())
    return found


def _child(element: Element, base: str, now: datetime) -> SitemapChild:
    parts = _texts(element)
    return SitemapChild(
        url=web_url(parts.get("loc", ""), base or None),
        modified=parse_date(parts.get("lastmod"), now).value,
    )


def _page(element: Element, base: str, now: datetime) -> SitemapPage:
    parts = _texts(element)
    modified = parse_date(parts.get("lastmod"), now)
    stated = parts.get("publication_date")
    published = parse_date(stated, now) if stated else MISSING
    return SitemapPage(
        url=web_url(parts.get("loc", ""), base or None),
        modified=modified.value,
        published=published.value,
        date_flag=_flag(modified, published),
        title=plain_title(parts.get("title", "")),
        publication=one_line(parts.get("name", ""))[:LONGEST_TEXT_CHARS],
        language=parts.get("language", "").lower()[:35],
    )


def _flag(modified: ParsedDate, published: ParsedDate) -> str:
    """Return the doubt about the time a page gives: none where one of the two is sure."""
    given = [found for found in (modified, published) if found.flag != "missing"]
    if not given:
        return "missing"
    return min((found.flag for found in given), key=lambda flag: (flag != "", flag != "no_zone"))
