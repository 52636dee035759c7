"""Feeds: cases right, CPU and encodings, beside feedparser in the same run."""

from __future__ import annotations

from datetime import UTC, datetime

from collectors.feed_parser import parse_feed


def parse_for_scorer(
    body: bytes, base: str | None, headers: dict[str, str] | None
) -> dict[str, object]:
    """Return a feed in the shape corpus/score_feeds.py reads."""
    parsed = parse_feed(body, base, headers, datetime.now(UTC))
    return {
        "feed": {"title": parsed.title, "link": parsed.link},
        "entries": [
            {
                "title": entry.title,
                "link": entry.link,
                "id": entry.id,
                "author": entry.author,
                "published": entry.published,
                "updated": entry.updated,
                "summary": entry.summary,
                "content": entry.content,
            }
            for entry in parsed.entries
        ],
    }
