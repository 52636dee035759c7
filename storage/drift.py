"""Weekly counts of what the classifier said, how sure it was, and how often people disagreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.store import Reader

WEEKS = """
SELECT CAST(date_trunc('week', event_at + INTERVAL 8 HOUR) AS DATE) AS week,
  CAST({head} AS VARCHAR) AS label, count(*), sum({head}_p)
FROM mention WHERE NOT exercise AND model <> '' AND event_at >= ? GROUP BY ALL ORDER BY 1
"""
DISAGREED = """
SELECT CAST(date_trunc('week', done_at + INTERVAL 8 HOUR) AS DATE), count(*),
  count(*) FILTER (label <> was)
FROM correction WHERE head = ? AND done_at >= ? GROUP BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRow:
    """One head in one week (Monday, Asia/Shanghai)."""

    start: date
    counts: dict[str, int]
    confidence: float
    corrections: int
    changed: int


def weeks(reader: Reader, head: str, since: datetime) -> Sequence[WeekRow]:
    """Return the weeks of one head (sentiment, topic, appeal or urgency), oldest first."""
    counts: dict[date, dict[str, int]] = {}
    sums: dict[date, float] = {}
    for week, label, count, total in reader.rows(WEEKS.format(head=head), [since]):
        counts.setdefault(week, {})[label] = count
        sums[week] = sums.get(week, 0.0) + float(total or 0)
    corrected = {row[0]: (row[1], row[2]) for row in reader.rows(DISAGREED, [head, since])}
    return [
        WeekRow(
            start=week,
            counts=labels,
            confidence=sums[week] / max(1, sum(labels.values())),
            corrections=corrected.get(week, (0, 0))[0],
            changed=corrected.get(week, (0, 0))[1],
        )
        for week, labels in sorted(counts.items())
    ]
