"""The columns of a mention in bulk: one Arrow schema for scoring, storing and exporting.

Times are microseconds in UTC without a zone label, as the database keeps them.
"""

from __future__ import annotations

import pyarrow as pa

MOMENT = pa.timestamp("us")

MENTION = pa.schema(
    [
        ("seq", pa.int64()),
        ("id", pa.string()),
        ("version", pa.int32()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("media_tier", pa.string()),
        ("external_id", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("url", pa.string()),
        ("origin", pa.string()),
        ("place", pa.string()),
        ("published_at", MOMENT),
        ("date_flag", pa.string()),
        ("collected_at", MOMENT),
        ("event_at", MOMENT),
        ("author_key", pa.string()),
        ("content_hash", pa.string()),
        ("sketch", pa.binary()),
        ("repost_of", pa.string()),
        ("story_id", pa.string()),
        ("sentiment", pa.string()),
        ("sentiment_p", pa.float32()),
        ("topic", pa.string()),
        ("topic_p", pa.float32()),
        ("appeal", pa.string()),
        ("appeal_p", pa.float32()),
        ("urgency", pa.int8()),
        ("urgency_p", pa.float32()),
        ("model", pa.string()),
        ("reply", pa.string()),
        ("replied_at", MOMENT),
        ("gone_at", MOMENT),
        ("exercise", pa.bool_()),
    ]
)

MATCH = pa.schema(
    [
        ("mention_id", pa.string()),
        ("query", pa.string()),
        ("term", pa.string()),
        ("field", pa.string()),
        ("start_at", pa.int32()),
        ("end_at", pa.int32()),
        ("event_at", MOMENT),
    ]
)
