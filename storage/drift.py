"""Weekly counts of what the classifier said, how sure it was, and how often people disagreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import cast

from models.drift import Week
from models.labels import Head
from storage.store import Reader

# One scan for all heads: their combinations in a week are few beside its mentions. Weeks are
# counted in microseconds from Monday 1970-01-05 00:00 in Asia/Shanghai (3 days 16 hours after the
# epoch): a third faster than date_trunc.
WEEKS = """
WITH said AS (
  SELECT (epoch_us(event_at) - 316800000000) // 604800000000 AS number,
    sentiment, topic, appeal, urgency, count(*) AS n,
    sum(sentiment_p) AS sentiment_sum, sum(topic_p) AS topic_sum, sum(appeal_p) AS appeal_sum,
    sum(urgency_p) AS urgency_sum
  FROM mention WHERE NOT exercise AND model <> '' AND event_at >= ? GROUP BY ALL
), counted AS (
  SELECT 'sentiment' AS head, number, sentiment AS label, sum(n) AS n, sum(sentiment_sum) AS total
  FROM said GROUP BY ALL
  UNION ALL SELECT 'topic', number, topic, sum(n), sum(topic_sum) FROM said GROUP BY ALL
  UNION ALL SELECT 'appeal', number, appeal, sum(n), sum(appeal_sum) FROM said GROUP BY ALL
  UNION ALL SELECT 'urgency', number, urgency::VARCHAR, sum(n), sum(urgency_sum)
  FROM said GROUP BY ALL
)
SELECT head, DATE '1970-01-05' + (number * 7)::INTEGER, label, n::BIGINT, total
FROM counted ORDER BY ALL
"""
CORRECTED = """
SELECT head, date_trunc('week', done_at + INTERVAL 8 HOUR)::DATE, count(*),
  count(*) FILTER (label <> was)
FROM correction WHERE done_at >= ? GROUP BY ALL
"""


def weeks(reader: Reader, since: datetime) -> Mapping[Head, Sequence[Week]]:
    """Return the weeks (Monday to Sunday, Asia/Shanghai) of each head, oldest first."""
    counts: dict[tuple[str, date], dict[str, int]] = {}
    sums: dict[tuple[str, date], float] = {}
    for name, start, label, count, total in reader.rows(WEEKS, [since]):
        counts.setdefault((name, start), {})[label] = count
        sums[name, start] = sums.get((name, start), 0.0) + float(total)
    corrected = {(row[0], row[1]): (row[2], row[3]) for row in reader.rows(CORRECTED, [since])}
    found: dict[Head, list[Week]] = {}
    for (name, start), labels in counts.items():
        head = cast("Head", name)
        corrections, changed = corrected.get((name, start), (0, 0))
        found.setdefault(head, []).append(
            Week(
                start=start,
                head=head,
                counts=labels,
                confidence=sums[name, start] / sum(labels.values()),
                corrections=corrections,
                changed=changed,
            )
        )
    return found
