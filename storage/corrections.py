"""Officers' labels: counted at once for their mention, and training rows for the next model."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from models.labels import LABELS
from storage.store import Reader, Transaction

NEXT = "SELECT coalesce(max(id), 0) + 1 FROM correction"
ADD = "INSERT INTO correction VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
WAS = """SELECT CASE ? WHEN 'sentiment' THEN sentiment WHEN 'topic' THEN topic
  WHEN 'appeal' THEN appeal ELSE CAST(urgency AS VARCHAR) END FROM mention WHERE id = ?"""
# Windows, digest and lists read the mention's own columns, so the label goes there as well.
APPLY = {
    "sentiment": "UPDATE mention SET sentiment = ?, sentiment_p = 1 WHERE id = ?",
    "topic": "UPDATE mention SET topic = ?, topic_p = 1 WHERE id = ?",
    "appeal": "UPDATE mention SET appeal = ?, appeal_p = 1 WHERE id = ?",
    "urgency": "UPDATE mention SET urgency = CAST(? AS TINYINT), urgency_p = 1 WHERE id = ?",
}
LABELS_NOW = """SELECT unnest(['sentiment', 'topic', 'appeal', 'urgency']) AS head,
  unnest([sentiment, topic, appeal, CAST(urgency AS VARCHAR)]) AS label FROM mention WHERE id = ?"""
JUDGED = "SELECT DISTINCT head FROM correction WHERE mention_id = ?"
TRAINING_ROWS = """
SELECT m.id, m.title || chr(10) || m.text AS text, m.kind, c.head, arg_max(c.label, c.id) AS label,
  arg_max(c.was, c.id) AS was
FROM correction c JOIN mention m ON m.id = c.mention_id WHERE m.text <> ''
GROUP BY m.id, m.title, m.text, m.kind, c.head ORDER BY m.id, c.head
"""


def add(
    tx: Transaction, mention_id: str, label: tuple[str, str], who: str, note: str, now: datetime
) -> None:
    """Record a label, (head, value), and apply it to the mention."""
    head, value = label
    was = str(tx.value(WAS, [head, mention_id]) or "")
    number = tx.value(NEXT)
    tx.run(ADD, [number, mention_id, head, value, was, who, now, note])
    tx.run(APPLY[head], [value, mention_id])


def confirm(tx: Transaction, mention_id: str, who: str, now: datetime) -> list[str]:
    """Record that the labels nobody has judged yet are right, and return their heads."""
    judged = {row[0] for row in tx.rows(JUDGED, [mention_id])}
    labels = [(head, label) for head, label in tx.rows(LABELS_NOW, [mention_id])]
    right = [one for one in labels if one[0] not in judged and one[1] in LABELS[one[0]]]
    for one in right:
        add(tx, mention_id, one, who, "", now)
    return [head for head, _ in right]


def training_rows(reader: Reader) -> pa.Table:
    """Return corrected texts (id, text, kind, head, label, was): the last label of each head."""
    return reader.table(TRAINING_ROWS)


def reapply(tx: Transaction) -> None:
    """Put the officers' labels back after mentions were scored again."""
    for row in training_rows(tx).to_pylist():
        tx.run(APPLY[row["head"]], [row["label"], row["id"]])
