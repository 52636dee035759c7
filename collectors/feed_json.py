"""JSON Feed 1.0 and 1.1 to entries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo

from collectors.dates import ParsedDate, parse_date
from collectors.feed_records import FeedEntry, FeedError, ParsedFeed
from collectors.plain_text import one_line, plain_title, title_from
from collectors.sanitise import Fragment, Sanitiser, escape_text, web_url


def read_json_feed(text: str, base: str, now: datetime, zone: tzinfo, at_most: int) -> ParsedFeed:
    """Return the feed; raises FeedError when the text is no JSON Feed."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise FeedError(f"not JSON: {one_line(str(cause))[:200]}") from cause
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise FeedError("not a JSON Feed: no list of items")
    items = [item for item in document["items"][:at_most] if isinstance(item, dict)]
    feed_author = _authors(document)
    site = web_url(_text(document, "home_page_url"), base)
    return ParsedFeed(
        title=plain_title(_text(document, "title")) or site or base,
        link=site,
        entries=tuple(_entry(item, base, now, zone, feed_author) for item in items),
        kind="json",
        language=_text(document, "language").lower(),
    )


def _entry(
    item: Mapping[str, object], base: str, now: datetime, zone: tzinfo, feed_author: str
) -> FeedEntry:
    link = web_url(_text(item, "url") or _text(item, "external_url"), base)
    identity = one_line(_text(item, "id"))
    sanitiser = Sanitiser(link or base)
    summary = escape_text(_text(item, "summary"))
    plain = escape_text(_text(item, "content_text"))
    content = _text(item, "content_html") or plain
    published = parse_date(_text(item, "date_published"), now, zone=zone)
    updated = parse_date(_text(item, "date_modified"), now, zone=zone)
    return FeedEntry(
        title=plain_title(_text(item, "title"))
        or title_from(summary.strip() or plain or content)
        or link,
        link=link or (web_url(identity) if identity.startswith("http") else ""),
        id=identity or link,
        author=_authors(item) or feed_author,
        published=published.value,
        updated=updated.value,
        summary_source=Fragment(summary, sanitiser),
        content_source=Fragment(content, sanitiser),
        date_flags=_flags("published", published) + _flags("updated", updated),
    )


def _flags(name: str, found: ParsedDate) -> tuple[str, ...]:
    return (f"{name}:{found.flag}",) if found.flag not in {"", "missing"} else ()


def _text(item: Mapping[str, object], name: str) -> str:
    value = item.get(name)
    if isinstance(value, str):
        return value
    # 1.0 allows numbers as ids, and people send them as dates.
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def _authors(item: Mapping[str, object]) -> str:
    """Return the names in `authors` and in `author`, the field of version 1.0, joined by ", "."""
    names = [_name(person) for key in ("authors", "author") for person in _listed(item.get(key))]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _name(person: object) -> str:
    """Return the name of an author object, or the author itself where it is only a name."""
    if isinstance(person, dict):
        return plain_title(_text(person, "name") or _text(person, "email"))
    return plain_title(person) if isinstance(person, str) else ""
