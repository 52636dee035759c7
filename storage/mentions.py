"""Mentions: finding known ones, adding new ones, keeping every version, purging bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from storage.store import Reader, Transaction

KNOWN = """
SELECT m.id, m.version, m.content_hash, m.repost_of, m.story_id, m.replied_at
FROM mention m JOIN (SELECT unnest(?::VARCHAR[]) AS id) wanted ON m.id = wanted.id
"""
SAME_CONTENT = """
SELECT m.content_hash, arg_min(m.id, m.seq)
FROM mention m JOIN (SELECT unnest(?::VARCHAR[]) AS h) wanted ON m.content_hash = wanted.h
WHERE m.repost_of = '' AND NOT m.exercise AND m.event_at >= ? GROUP BY m.content_hash
"""
LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM mention"
KEEP_VERSION = """
INSERT INTO mention_version
SELECT id, version, title, text, content_hash, collected_at FROM mention WHERE id = ?
"""
REPLACE_TEXT = """
UPDATE mention SET version = version + 1, title = ?, text = ?, content_hash = ?, sketch = ?,
  sentiment = ?, sentiment_p = ?, topic = ?, topic_p = ?, appeal = ?, appeal_p = ?,
  urgency = ?, urgency_p = ?, model = ?
WHERE id = ?
"""
FORGET_MATCHES = "DELETE FROM mention_match WHERE mention_id = ?"
SET_REPLY = "UPDATE mention SET reply = ?, replied_at = ? WHERE id = ?"
SEEN_GONE = """
UPDATE mention SET gone_at = ?, text = '', title = title, reply = ''
WHERE source = ? AND external_id = ? AND gone_at IS NULL RETURNING id
"""
FORGET_VERSION_TEXT = "UPDATE mention_version SET text = '' WHERE id = ?"
EXPIRE_TEXT = "UPDATE mention SET text = '', reply = '' WHERE event_at < ? AND text <> ''"
EXPIRE_VERSION_TEXT = "UPDATE mention_version SET text = '' WHERE collected_at < ? AND text <> ''"
RECENT_SKETCHES = """
SELECT id, sketch, event_at, repost_of, seq FROM mention
WHERE event_at >= ? AND seq > ? AND sketch IS NOT NULL AND NOT exercise ORDER BY seq LIMIT ?
"""
TEXTS = """
SELECT m.id, m.title, m.text, m.place, m.kind, m.event_at, m.source, m.origin, m.media_tier,
  m.published_at, m.url FROM mention m
JOIN (SELECT unnest(?::VARCHAR[]) AS id) wanted ON m.id = wanted.id
"""
TO_RESCORE = """
SELECT id, title, text, kind FROM mention
WHERE model <> ? AND text <> '' AND id > ? ORDER BY id LIMIT ?
"""
COUNT_TO_RESCORE = "SELECT count(*) FROM mention WHERE model <> ? AND text <> ''"
RESCORE = """
UPDATE mention SET sentiment = s.sentiment, sentiment_p = s.sentiment_p, topic = s.topic,
  topic_p = s.topic_p, appeal = s.appeal, appeal_p = s.appeal_p, urgency = s.urgency,
  urgency_p = s.urgency_p, model = s.model
FROM rescored s WHERE mention.id = s.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database already has of a mention."""

    id: str
    version: int
    content_hash: str
    repost_of: str
    story_id: str
    replied_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A stored signature, for rebuilding the repost index at start."""

    id: str
    signature: bytes
    event_at: datetime
    repost_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredText:
    """A stored mention's own words."""

    id: str
    title: str
    text: str
    place: str
    kind: str
    event_at: datetime
    source: str
    origin: str
    media_tier: str
    published_at: datetime | None
    url: str


def known(reader: Reader, ids: Sequence[str]) -> dict[str, Known]:
    """Return what is stored of those ids that are stored."""
    rows = reader.rows(KNOWN, [list(ids)]) if ids else []
    return {
        row[0]: Known(
            id=row[0],
            version=row[1],
            content_hash=row[2],
            repost_of=row[3],
            story_id=row[4],
            replied_at=row[5],
        )
        for row in rows
    }


def same_content(reader: Reader, hashes: Sequence[str], since: datetime) -> dict[str, str]:
    """Return, for each content hash already stored since then, the first mention's id."""
    rows = reader.rows(SAME_CONTENT, [list(hashes), since]) if hashes else []
    return {row[0]: row[1] for row in rows}


def add(tx: Transaction, table: pa.Table) -> None:
    """Append mentions (columns of `models.schema.MENTION`), numbering them in order of arrival."""
    first = int(tx.value(LAST_SEQ)) + 1
    numbers = pa.array(range(first, first + table.num_rows), pa.int64())
    tx.insert("mention", table.set_column(table.schema.get_field_index("seq"), "seq", numbers))


def add_matches(tx: Transaction, table: pa.Table) -> None:
    """Append watch hits (columns of `models.schema.MATCH`)."""
    tx.insert("mention_match", table)


def replace(tx: Transaction, table: pa.Table) -> None:
    """Give known mentions a new version; the words they had before are kept beside."""
    for row in table.to_pylist():
        tx.run(KEEP_VERSION, [row["id"]])
        tx.run(FORGET_MATCHES, [row["id"]])
        tx.run(
            REPLACE_TEXT,
            [row["title"], row["text"], row["content_hash"], row["sketch"]]
            + [row[f"{head}{end}"] for head in HEADS for end in ("", "_p")]
            + [row["model"], row["id"]],
        )


MODEL_OF = "SELECT model FROM mention WHERE id = ?"
HEADS = ("sentiment", "topic", "appeal", "urgency")


def set_reply(tx: Transaction, mention_id: str, reply: str, replied_at: datetime | None) -> None:
    """Record the official reply a source now shows."""
    tx.run(SET_REPLY, [reply, replied_at, mention_id])


def original_gone(tx: Transaction, source: str, external_id: str, now: datetime) -> str:
    """Purge the body of a mention whose original disappeared; return its id, or empty.

    Title, hash and counts stay: "gone" is an observation, not a deletion feature.
    """
    rows = tx.rows(SEEN_GONE, [now, source, external_id])
    if not rows:
        return ""
    tx.run(FORGET_VERSION_TEXT, [rows[0][0]])
    return str(rows[0][0])


def expire_texts(tx: Transaction, before: datetime) -> None:
    """Empty the bodies of mentions older than the retention (PIPL Art. 19)."""
    tx.run(EXPIRE_TEXT, [before])
    tx.run(EXPIRE_VERSION_TEXT, [before])


def sketches(reader: Reader, since: datetime, chunk_rows: int = 50_000) -> Iterator[list[Sketch]]:
    """Yield the signatures of the mentions since then, in order of arrival, a chunk at a time."""
    after = 0
    while rows := reader.rows(RECENT_SKETCHES, [since, after, chunk_rows]):
        yield [
            Sketch(id=row[0], signature=row[1], event_at=row[2], repost_of=row[3]) for row in rows
        ]
        after = int(rows[-1][4])


def texts(reader: Reader, ids: Sequence[str]) -> dict[str, StoredText]:
    """Return the stored words of those ids."""
    rows = reader.rows(TEXTS, [list(ids)]) if ids else []
    return {
        row[0]: StoredText(
            id=row[0],
            title=row[1],
            text=row[2],
            place=row[3],
            kind=row[4],
            event_at=row[5],
            source=row[6],
            origin=row[7],
            media_tier=row[8],
            published_at=row[9],
            url=row[10],
        )
        for row in rows
    }


def model_of(reader: Reader, mention_id: str) -> str:
    """Return the version of the model whose labels a mention has, empty without one."""
    return str(reader.value(MODEL_OF, [mention_id]) or "")


def count_to_rescore(reader: Reader, model: str) -> int:
    """Return how many mentions with text were scored by another model."""
    return int(reader.value(COUNT_TO_RESCORE, [model]))


def to_rescore(reader: Reader, model: str, after: str, limit: int) -> pa.Table:
    """Return the next mentions (id, title, text, kind) scored by another model."""
    return reader.table(TO_RESCORE, [model, after, limit])


def rescore(tx: Transaction, scores: pa.Table) -> None:
    """Write new labels (id, the four heads with probabilities, model)."""
    tx.run_with("rescored", scores, RESCORE)
