"""What the feed readers hand back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collectors.plain_text import html_to_text
from collectors.sanitise import Fragment


class FeedError(Exception):
    """A body that holds no feed: what was found instead, and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry. Times are aware UTC or None; texts are "" when the feed has none.

    `title` and `author` are plain text. `summary` and `content` are safe HTML, made when they are
    read; `text` is the words of the fuller of the two, for storage. `date_flags` names each
    doubtful time: ("published:no_zone",). `origin` names the publication an entry was taken from.
    """

    title: str
    link: str
    id: str
    author: str
    published: datetime | None
    updated: datetime | None
    summary_source: Fragment
    content_source: Fragment
    date_flags: tuple[str, ...] = ()
    origin: str = ""

    @property
    def summary(self) -> str:
        """Return the summary as a safe HTML fragment."""
        return self.summary_source.safe_html()

    @property
    def content(self) -> str:
        """Return the content as a safe HTML fragment."""
        return self.content_source.safe_html()

    @property
    def text(self) -> str:
        """Return the words of the content, else of the summary, one line a block."""
        return html_to_text(self.content_source.markup or self.summary_source.markup)


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
