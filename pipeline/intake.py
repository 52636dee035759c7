"""From what a source said to a mention that may be kept: identified, masked, hashed. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.contract import SourceSettings
from models.fold import fold_text
from models.records import Entry, Mention
from models.redact import redact_many

MAX_TITLE_CHARACTERS = 500
MAX_TEXT_CHARACTERS = 100_000
TITLE_FROM_TEXT_CHARACTERS = 40
FUTURE_TOLERANCE = timedelta(minutes=10)
"""Clocks of sources run ahead; a time further in the future cannot place a mention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What turns entries into mentions in one cycle."""

    author_key: bytes
    collected: datetime
    exercise: bool = False

    def mentions(self, source: SourceSettings, entries: Sequence[Entry]) -> list[Mention]:
        """Return a mention for each entry with any words, each id once, the last version kept."""
        said = [e for e in entries if e.title.strip() or e.text.strip()]
        titles = redact_many([e.title for e in said])
        texts = redact_many([e.text for e in said])
        replies = redact_many([e.reply for e in said])
        found = (
            self._mention(source, entry, (title.text, text.text, reply.text))
            for entry, title, text, reply in zip(said, titles, texts, replies, strict=True)
        )
        return list({mention.id: mention for mention in found}.values())

    def _mention(
        self, source: SourceSettings, entry: Entry, masked: tuple[str, str, str]
    ) -> Mention:
        """Return the mention of an entry; `masked` is its title, text and reply, redacted."""
        title = masked[0][:MAX_TITLE_CHARACTERS].strip()
        text = masked[1][:MAX_TEXT_CHARACTERS].strip()
        return Mention(
            id=mention_id(entry.source, entry.external_id),
            source=source.name,
            kind=entry.kind or source.mention_kind,
            media_tier=source.media_tier,
            external_id=entry.external_id,
            title=title or _title_from(text),
            text=text,
            url=entry.url,
            origin=entry.origin,
            place=entry.place or source.place,
            published=entry.published,
            date_flag=entry.date_flag,
            collected=self.collected,
            event_at=event_time(entry.published, self.collected),
            author_key=self._author(entry),
            content_hash=content_hash(title, text),
            reply=masked[2].strip(),
            replied_at=entry.replied_at,
            exercise=self.exercise,
        )

    def _author(self, entry: Entry) -> str:
        if not entry.author:
            return ""
        words = f"{entry.source}|{entry.author}".encode()
        return hmac.new(self.author_key, words, hashlib.sha256).hexdigest()[:16]


def mention_id(source: str, external_id: str) -> str:
    """Return the id by which a re-crawl finds the same mention: 32 hex digits."""
    return hashlib.sha256(f"{source}\x1f{external_id}".encode()).hexdigest()[:32]


def content_hash(title: str, text: str) -> str:
    """Return a hash of the words as people read them: how they are written does not matter."""
    return hashlib.sha256(f"{fold_text(title)}\x1f{fold_text(text)}".encode()).hexdigest()[:32]


def event_time(published: datetime | None, collected: datetime) -> datetime:
    """Return when a mention counts: when it was published, if that can be."""
    if published is None or published > collected + FUTURE_TOLERANCE:
        return collected
    return published


def _title_from(text: str) -> str:
    line = text.split("\n", 1)[0]
    if len(line) <= TITLE_FROM_TEXT_CHARACTERS:
        return line
    return line[:TITLE_FROM_TEXT_CHARACTERS] + "…"
