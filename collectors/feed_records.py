"""What the feed readers hand back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class FeedError(Exception):
    """A body that holds no feed: what was found instead, and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry. Times are aware UTC or None; texts are "" when the feed has none.

    `title` and `author` are plain text, `summary` and `content` safe HTML fragments (see
    `html_to_text`). `date_flags` names each doubtful time: ("published:no_zone",).
    """

    title: str
    link: str
    id: str
    author: str
    published: datetime | None
    updated: datetime | None
    summary: str
    content: str
    date_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed as read: entries in the feed's own order.

    `kind` is "rss", "atom", "rdf", "cdf", "json" or "" when nothing was found, and then `error`
    says what stood there instead. `notes` tell of damage that was read around: the entries given
    are good, some may be lost.
    """

    title: str
    link: str
    entries: tuple[FeedEntry, ...]
    kind: str
    error: str | None = None
    language: str = ""
    notes: tuple[str, ...] = ()
