"""What a page says about itself: title, meta tags, linked data (JSON-LD), canonical address.

Nothing is decided here; the readers of title, time and people choose among these facts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from collectors.article_page import clean_text

_MAX_LINKED_DATA_CHARS = 300_000
_MAX_NODES = 2_000
_ARTICLE_TYPE = re.compile(r"article|posting|report|webpage$|interview|review$", re.IGNORECASE)
_MAX_META_CHARS = 2_000
_MARKUP = re.compile(r"<[^<>]{1,200}>")


@dataclass(slots=True)
class Head:
    """Facts of the head. `meta` maps a lower-case name, property or itemprop to its first value."""

    title: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    canonical: str | None = None
    headline: str = ""
    published: str = ""
    authors: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    publisher: str = ""
    body: str = ""


def read_head(tree: etree._Element, url: str | None) -> Head:
    """Collect the facts of the head; broken linked data is passed over."""
    head = Head()
    for element in tree.iter("title", "meta", "link", "script"):
        tag = element.tag
        if tag == "meta":
            _read_meta(head, element)
        elif tag == "title":
            words = "".join(map(str, element.itertext()))
            head.title = head.title or clean_text(words[:_MAX_META_CHARS])
        elif tag == "link":
            _read_link(head, element, url)
        elif "ld+json" in (element.get("type") or ""):
            _read_linked_data(head, element.text or "")
    return head


def _read_meta(head: Head, element: etree._Element) -> None:
    name = element.get("property") or element.get("name") or element.get("itemprop")
    content = element.get("content") or element.get("value")
    if name and content:
        head.meta.setdefault(name.strip().lower(), clean_text(content[:_MAX_META_CHARS]))


def _read_link(head: Head, element: etree._Element, url: str | None) -> None:
    if (element.get("rel") or "").lower() == "canonical" and head.canonical is None:
        head.canonical = web_address(element.get("href"), url)


def web_address(href: str | None, base: str | None) -> str | None:
    """Return the absolute http(s) address of a reference, or None; never raises."""
    if not href:
        return None
    try:
        found = urljoin(base or "", href.strip())
        parts = urlsplit(found)
    except ValueError:
        return None
    return found if parts.scheme in ("http", "https") and parts.netloc else None


def _read_linked_data(head: Head, text: str) -> None:
    if len(text) > _MAX_LINKED_DATA_CHARS:
        return
    try:
        data = json.loads(text.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return
    for node in _nodes(data):
        kinds = node.get("@type")
        kind = " ".join(map(str, kinds)) if isinstance(kinds, list) else str(kinds)
        if _ARTICLE_TYPE.search(kind):
            _read_article_node(head, node)


def _nodes(data: object) -> Iterator[dict[str, Any]]:
    """Yield the objects that may be articles: top level, lists, @graph and mainEntity."""
    waiting, seen = [data], 0
    while waiting and seen < _MAX_NODES:
        seen += 1
        found = waiting.pop(0)
        if isinstance(found, list):
            waiting.extend(found)
        elif isinstance(found, dict):
            yield found
            waiting.extend(found[key] for key in ("@graph", "mainEntity") if key in found)


def _read_article_node(head: Head, node: dict[str, Any]) -> None:
    head.headline = head.headline or _string(node.get("headline"))
    head.published = head.published or _string(node.get("datePublished"))
    _read_authors(head, node.get("author"))
    head.publisher = head.publisher or next(iter(_names(node.get("publisher"))), "")
    head.body = head.body or _MARKUP.sub(" ", _string(node.get("articleBody")))


def _read_authors(head: Head, value: object) -> None:
    found = value if isinstance(value, list) else [value]
    bodies = [
        one for one in found if isinstance(one, dict) and "rganization" in str(one.get("@type"))
    ]
    head.organisations = head.organisations or _names(bodies)
    head.authors = head.authors or _names([one for one in found if one not in bodies])


def _string(value: object) -> str:
    return clean_text(value) if isinstance(value, str) else ""


def _names(value: object) -> tuple[str, ...]:
    """Return the names of a person, an organisation or a list of them."""
    found: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        name = one.get("name") if isinstance(one, dict) else one
        for text in name if isinstance(name, list) else [name]:
            if isinstance(text, str) and (cleaned := clean_text(text)) and cleaned not in found:
                found.append(cleaned)
    return tuple(found[:20])
