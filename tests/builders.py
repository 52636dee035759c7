"""Small worlds for tests: a mention, a row of the store, an office, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from models.records import (
    Alert,
    Delivery,
    Incident,
    IncidentState,
    Level,
    MediaTier,
    Mention,
    MentionKind,
    Reason,
)
from models.schema import MENTION

NOW = datetime(2026, 5, 12, 4, 0, tzinfo=UTC)
"""Noon in Shanghai on an ordinary Tuesday."""


def mention(**changes: object) -> Mention:
    """Return a mention of a water outage; name what matters."""
    fields: dict[str, object] = {
        "id": "m1",
        "source": "board",
        "kind": MentionKind.CITIZEN_MESSAGE,
        "media_tier": MediaTier.NETIZEN,
        "external_id": "1",
        "title": "柳湾街道停水",
        "text": "柳湾街道从早上开始停水，什么时候恢复？",
        "url": "",
        "origin": "",
        "place": "",
        "published": NOW,
        "date_flag": "",
        "collected": NOW,
        "event_at": NOW,
        "author_key": "",
        "content_hash": "h1",
    }
    return Mention(**{**fields, **changes})  # type: ignore[arg-type]  # a builder


def mention_row(**changes: object) -> dict[str, object]:
    """Return one row of the mention table."""
    moment = NOW.replace(tzinfo=None)
    row: dict[str, object] = {
        "seq": 0,
        "id": "m1",
        "version": 1,
        "source": "board",
        "kind": "citizen_message",
        "media_tier": "netizen",
        "external_id": "1",
        "title": "柳湾街道停水",
        "text": "柳湾街道从早上开始停水",
        "url": "",
        "origin": "",
        "place": "",
        "published_at": moment,
        "date_flag": "",
        "collected_at": moment,
        "event_at": moment,
        "author_key": "",
        "content_hash": "h1",
        "sketch": None,
        "repost_of": "",
        "story_id": "s1",
        "sentiment": "negative",
        "sentiment_p": 0.9,
        "topic": "municipal_services",
        "topic_p": 0.8,
        "appeal": "complaint",
        "appeal_p": 0.8,
        "urgency": 1,
        "urgency_p": 0.7,
        "model": "test",
        "reply": "",
        "replied_at": None,
        "gone_at": None,
        "exercise": False,
    }
    return {**row, **changes}


def mention_table(rows: Sequence[dict[str, object]]) -> pa.Table:
    """Return rows as the store takes them."""
    return pa.Table.from_pylist(list(rows), schema=MENTION)


def week_table(
    weeks_ago: int, counts: dict[str, int], *, sure: float = 0.9, now: datetime = NOW
) -> pa.Table:
    """Return mentions of one moment some weeks ago, so many of each sentiment."""
    at = (now - timedelta(weeks=weeks_ago)).replace(tzinfo=None)
    times = {"event_at": at, "collected_at": at, "published_at": at}
    rows = [
        mention_row(
            id=f"w{weeks_ago}-{label}-{i}",
            content_hash=f"w{weeks_ago}-{label}-{i}",
            sentiment=label,
            sentiment_p=sure,
            **times,
        )
        for label, n in counts.items()
        for i in range(n)
    ]
    return mention_table(rows)


def alert(**changes: object) -> Alert:
    """Return an alert on the water outage."""
    fields: dict[str, object] = {
        "id": "a1",
        "rule": "群众集中反映",
        "group": "s1",
        "level": Level.YELLOW,
        "title": "柳湾街道停水",
        "reasons": ("6小时内独立信息 5 条",),
        "raised_at": NOW,
        "window_start": NOW - timedelta(hours=6),
        "window_end": NOW,
        "story_id": "s1",
        "topic": "municipal_services",
        "mention_ids": ("m1",),
        "mentions": 5,
        "independent": 5,
        "sources": 2,
    }
    return Alert(**{**fields, **changes})  # type: ignore[arg-type]  # a builder


def incident(**changes: object) -> Incident:
    """Return the case of the water outage."""
    fields: dict[str, object] = {
        "id": "i1",
        "number": "舆情〔2026〕第0001号",
        "title": "柳湾街道停水",
        "state": IncidentState.MONITORED,
        "level_suggested": Level.YELLOW,
        "detected_at": NOW,
        "updated_at": NOW,
        "story_id": "s1",
        "topic": "municipal_services",
    }
    return Incident(**{**fields, **changes})  # type: ignore[arg-type]  # a builder


def delivery(**changes: object) -> Delivery:
    """Return a first notice to the duty officer."""
    fields: dict[str, object] = {
        "id": "d1",
        "channel": "mail",
        "receiver": "duty@example.org",
        "reason": Reason.FIRST,
        "level": Level.YELLOW,
        "subject": "【黄色】柳湾街道停水",
        "card": "{}",
        "created_at": NOW,
        "next_try_at": NOW,
        "incident_id": "i1",
    }
    return Delivery(**{**fields, **changes})  # type: ignore[arg-type]  # a builder
