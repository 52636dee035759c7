"""When an article was published: stated in the head, written near the title, or in its address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.article_byline import DATE, Surroundings
from collectors.article_head import Head
from collectors.article_marks import marked_dates
from collectors.article_page import Page
from collectors.dates import parse_date

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


_OFFSET = re.compile(r"(?:(Z|GMT|UTC)|([+-])(\d{2}):?(\d{2}))\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A published time in UTC, how exact it is, and the offset it was written in (minutes)."""

    value: datetime | None
    precision: str = ""
    offset_minutes: int = 480


NO_STAMP = Stamp(value=None)


def offset_of(text: str) -> int:
    """Return the offset from UTC that ends a date text, in minutes; 480 (Asia/Shanghai) without one."""
    found = _OFFSET.search(text)
    if found is None:
        return 480
    if found[1]:
        return 0
    minutes = int(found[3]) * 60 + int(found[4])
    return -minutes if found[2] == "-" else minutes


def choose_date(
    head: Head, page: Page, around: Surroundings, url: str | None, now: datetime
) -> Stamp:
    """The published time: the head's unless the page shows the same day to the minute."""
    stated = _first_stated(head, now)
    shown = _first_shown(page, around, now)
    if stated.value is None:
        return shown if shown.value is not None else _from_address(url, now)
    if stated.precision == "day" and shown.value is not None and shown.precision != "day":
        return shown if _same_day(shown, stated) else stated
    return stated


def _first_stated(head: Head, now: datetime) -> Stamp:
    texts = [head.published, *(head.meta.get(name, "") for name in _META_NAMES)]
    return _first_right(texts, now)


def _first_shown(page: Page, around: Surroundings, now: datetime) -> Stamp:
    """Return the time the page shows: near the title, marked as a time, at the end, above the title."""
    for lines in (around.head, marked_dates(page), around.tail, around.wide):
        found = [match.group() for line in lines for match in DATE.finditer(line)]
        stamps = [one for one in (_stamp(text, now) for text in found[:8]) if one.value]
        if stamps:
            exact = (one for one in stamps if one.precision != "day" and _same_day(one, stamps[0]))
            return next(exact, stamps[0])
    return NO_STAMP


def _same_day(one: Stamp, other: Stamp) -> bool:
    return bool(one.value and other.value and abs(one.value - other.value) < timedelta(days=1))


def _stamp(text: str, now: datetime) -> Stamp:
    parsed = parse_date(text, now)
    if parsed.value is None:
        return NO_STAMP
    return Stamp(value=parsed.value, precision=parsed.precision, offset_minutes=offset_of(text))


def _first_right(texts: Iterable[str], now: datetime) -> Stamp:
    for text in texts:
        if text and (stamp := _stamp(text, now)).value is not None:
            return stamp
    return NO_STAMP


def _from_address(url: str | None, now: datetime) -> Stamp:
    found = _URL_DATE.search(url or "")
    if found is None:
        return NO_STAMP
    return _stamp("-".join(found.groups()), now)
