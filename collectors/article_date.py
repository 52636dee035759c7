"""When an article was published: stated in the head, written near the title, or in its address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from collectors.article_byline import DATE
from collectors.article_head import Head
from collectors.dates import MISSING, ParsedDate, parse_date

_META_NAMES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "pubdate",
    "publishdate",
    "publish_date",
    "publication_date",
    "publish-date",
    "og:article:published_time",
    "og:pubdate",
    "sailthru.date",
    "parsely-pub-date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "article.published",
    "apub:time",
    "weibo: article:create_at",
    "weibo:article:create_at",
    "dc.date",
    "date",
    "dcterms.date",
    "releasedate",
    "cxenseparse:recs:publishtime",
    "article_date_original",
    "displaydate",
    "firstpublishedtime",
)
_URL_DATE = re.compile(
    r"/((?:19|20)\d{2})[-/_]?(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])(?=[/_\-.]|\d{0,12}\b)"
)


def choose_date(
    head: Head, stamps: Iterable[str], near: Iterable[str], url: str | None, now: datetime
) -> ParsedDate:
    """The published time: the head's unless the page shows the same day to the minute."""
    stated = _first_stated(head, now)
    shown = _first_shown(stamps, near, now)
    if stated.value is None:
        return shown if shown.value is not None else _from_address(url, now)
    if stated.precision == "day" and shown.value is not None and shown.precision != "day":
        return shown if abs(shown.value - stated.value).days < 1 else stated
    return stated


def _first_stated(head: Head, now: datetime) -> ParsedDate:
    texts = [head.published, *(head.meta.get(name, "") for name in _META_NAMES)]
    return _first_right(texts, now)


def _first_shown(stamps: Iterable[str], near: Iterable[str], now: datetime) -> ParsedDate:
    found = [match.group() for line in near for match in DATE.finditer(line)]
    texts = [*stamps, *found]
    parsed = [one for one in (parse_date(text, now) for text in texts[:12]) if one.value]
    if not parsed:
        return MISSING
    first = parsed[0]
    for other in parsed:
        if other.precision != "day" and abs(other.value - first.value).days < 1:  # type: ignore[operator]
            return other
    return first


def _first_right(texts: Iterable[str], now: datetime) -> ParsedDate:
    for text in texts:
        if text and (parsed := parse_date(text, now)).value is not None:
            return parsed
    return MISSING


def _from_address(url: str | None, now: datetime) -> ParsedDate:
    found = _URL_DATE.search(url or "")
    if found is None:
        return MISSING
    return parse_date("-".join(found.groups()), now)
