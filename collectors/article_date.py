"""When an article was published: stated in the head, written near the title, or in its address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from collectors.article_byline import Surroundings
from collectors.article_head import Head
from collectors.article_page import weigh
from collectors.article_words import DATE, DATE_LABEL, NEAR_DATE, SCRIPT_DATE
from collectors.dates import SEOUL, SHANGHAI, parse_date

_PUBLISHED_NAMES = (
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
    "cxenseparse:publishtime",
    "article_date_original",
    "displaydate",
    "firstpublishedtime",
)
# Better than nothing, and only then.
_MODIFIED_NAMES = (
    "dateupdate",
    "datemodified",
    "article:modified_time",
    "og:updated_time",
    "last-modified",
)
_ADDRESS_DATE = re.compile(
    r"/((?:19|20)\d{2})[-/_]?(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])(?=[/_\-.]|\d{0,12}\b)"
)
# The day an archive took its copy is not the day of publishing.
_ARCHIVE_PREFIX = re.compile(r"/web/\d{8,14}[a-z_]*/")
# What may end a date text to name its zone: Z, +08:00, CDT, GMT+0000 (…).
_ZONE_END = re.compile(r"\s*(?:Z|(?:GMT|UTC)?\s?[+-]\d{2}:?\d{2}|[A-Z]{2,5})\s*(?:\([^)]*\))?\s*$")
# An unlabelled date counts in a line that holds little else; a paragraph tells of other days.
_MAX_BESIDE_WEIGHT = 90
_MAX_FAR_BESIDE_WEIGHT = 30
# A sentence, or the portal's clock: 今天是2026年5月13日 星期三.
_OTHER_DAY = re.compile(r"。|今天是|今日是|现在是|农历|農曆")
_MAX_CANDIDATES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A published time in UTC, how exact it is, and the offset it was written in (minutes)."""

    value: datetime | None
    precision: str = ""
    offset_minutes: int = 480


NO_STAMP = Stamp(value=None)


@dataclass(frozen=True, slots=True)
class DateLines:
    """Where a page may show its date: the lines around the text, and elements named as a time."""

    around: Surroundings
    marked: list[str]


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of reading, and the zone in which a date without a zone was written."""

    now: datetime
    zone: tzinfo = SHANGHAI

    def read(self, text: str) -> Stamp:
        """Return the moment a text names, or NO_STAMP."""
        parsed = parse_date(text, self.now, zone=self.zone)
        if parsed.value is None:
            return NO_STAMP
        bare = parse_date(_ZONE_END.sub("", text), self.now, zone=self.zone)
        offset = self.zone.utcoffset(None) or timedelta(0)
        if bare.value is not None and parsed.flag != "no_zone":
            offset += bare.value - parsed.value
        minutes = round(offset.total_seconds() / 900) * 15  # zones go by quarter hours
        return Stamp(
            value=parsed.value,
            precision=parsed.precision,
            offset_minutes=minutes if abs(minutes) < 24 * 60 else 0,
        )

    def first(self, texts: Iterable[str]) -> Stamp:
        """Return the first text that is a date, or NO_STAMP."""
        return next((one for one in map(self.read, texts) if one.value is not None), NO_STAMP)


def zone_of_language(language: str) -> tzinfo:
    """Return the zone of a page that states none: Japan and Korea by language, else Shanghai."""
    return SEOUL if language[:2] in ("ja", "ko") else SHANGHAI


def choose_date(head: Head, lines: DateLines, url: str | None, html: str, clock: Clock) -> Stamp:
    """Return the published time; a bare day in the head gives way to the minute shown."""
    stated = clock.first([head.published, *(head.meta.get(name, "") for name in _PUBLISHED_NAMES)])
    if stated.value is not None and stated.precision != "day":
        return stated
    named, shown = _shown(lines, clock)
    if stated.value is not None:
        return shown if _same_day(shown, stated) else stated
    address = _in_address(url, clock)
    if address.value is not None:
        return shown if _same_day(shown, address) or named else address
    if shown.value is not None:
        return shown
    changed = clock.first(head.meta.get(name, "") for name in _MODIFIED_NAMES)
    if changed.value is not None:
        return changed
    return clock.first(match.group(1) for match in islice(SCRIPT_DATE.finditer(html), 5))


def _shown(lines: DateLines, clock: Clock) -> tuple[bool, Stamp]:
    """Return the date shown, and whether a label or the element's name says what it is."""
    above = [line for line in lines.around.wide if "星期" not in line]
    dated = [*_dates_in(lines.around.head, near=True)]
    dated += _dates_in(above, beside_at_most=_MAX_FAR_BESIDE_WEIGHT)
    dated += _dates_in(lines.around.tail, beside_at_most=_MAX_FAR_BESIDE_WEIGHT)
    named = [text for has_label, text in dated if has_label]
    named += [text for _, text in _dates_in(lines.marked, near=True)]
    found = _most_exact(named, clock)
    if found.value is not None:
        return True, found
    return False, _most_exact([text for _, text in dated], clock)


def _dates_in(
    lines: Iterable[str], *, beside_at_most: int = _MAX_BESIDE_WEIGHT, near: bool = False
) -> Iterator[tuple[bool, str]]:
    """Yield each date and whether a label stands before it; prose around it passes it over.

    With `near`, 3小时前 and 05-13 10:12 are dates too.
    """
    before = ""
    for line in lines:
        found = list(DATE.finditer(line)) or (list(NEAR_DATE.finditer(line)) if near else [])
        for match in found:
            has_label = bool(DATE_LABEL.search(line[: match.start()] or before))
            beside = weigh(line) - weigh(match.group())
            if has_label or (beside <= beside_at_most and not _OTHER_DAY.search(line)):
                yield has_label, match.group()
        before = line


def _most_exact(texts: list[str], clock: Clock) -> Stamp:
    stamps = [one for one in map(clock.read, texts[:_MAX_CANDIDATES]) if one.value is not None]
    if not stamps:
        return NO_STAMP
    exact = (one for one in stamps if one.precision != "day" and _same_day(one, stamps[0]))
    return next(exact, stamps[0])


def _same_day(one: Stamp, other: Stamp) -> bool:
    return bool(one.value and other.value and abs(one.value - other.value) < timedelta(days=1))


def _in_address(url: str | None, clock: Clock) -> Stamp:
    found = _ADDRESS_DATE.search(_ARCHIVE_PREFIX.sub("/", url or ""))
    return clock.read("-".join(found.groups())) if found else NO_STAMP
