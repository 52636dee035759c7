"""What rules decide on: counts over windows of time, for many rules in two scans.

A window is half-open, (now - span, now], on `mention.event_at`; exercise rows are left out, and a
mention that is a repost counts in `mentions` but not in `independent`. Distinct sources are
outlets: the origin a mention names (a feed gathers many), or the source it came by. One scan reads
the time the specs cover, one the past they compare with; each reads only its stretch, because
mentions lie in time order. The counting for each spec happens on those few rows in numpy
(`storage/window_counts.py`): 200 specs as SQL aggregates took 5 s of CPU and 0.5 GB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from models.records import MediaTier, Window, WindowSpec
from storage.store import Reader
from storage.window_counts import Rows, count, rows_of

WEEK = timedelta(weeks=1)
TIERS = tuple(tier.value for tier in MediaTier)

CASUALTY_CUES = "死亡|遇难|身亡|死者|伤亡|受伤|重伤|失联|失踪|溺亡|中毒|被困|坠亡"
NO_CASUALTY = "(无|没有|未造成|未发生|未出现|暂无|未接到)(人员)?(死亡|伤亡|受伤|被困|失联)"

PRESENT = f"""
SELECT 0::BIGINT AS week, epoch_us(m.event_at) AS at_us, m.id, m.source, m.media_tier, m.kind,
  m.place, m.topic, m.sentiment, m.appeal, m.urgency, m.story_id, m.repost_of = '' AS independent,
  CASE WHEN m.url LIKE 'http%' THEN split_part(m.url, '/', 3) ELSE m.source END AS platform,
  CASE WHEN m.origin <> '' THEN m.origin ELSE m.source END AS outlet,
  regexp_matches(regexp_replace(m.title || ' ' || m.text, '{NO_CASUALTY}', '', 'g'),
    '{CASUALTY_CUES}') AS casualty, {{queries}} AS queries
FROM mention m{{join}}
WHERE m.event_at > ?::TIMESTAMP AND m.event_at <= ?::TIMESTAMP AND NOT m.exercise
ORDER BY at_us, m.id
"""  # noqa: S608 - constants of ours
PAST = """
SELECT {week}::BIGINT AS week, epoch_us(m.event_at) AS at_us, m.source, m.media_tier, m.kind,
  m.place, m.topic, m.sentiment, m.appeal, m.urgency, m.story_id, m.repost_of = '' AS independent,
  {queries} AS queries
FROM mention m{join}
WHERE m.event_at > ?::TIMESTAMP AND m.event_at <= ?::TIMESTAMP AND NOT m.exercise
"""
PAST_ORDER = " ORDER BY week, at_us"
MATCHED = """
LEFT JOIN (
  SELECT mention_id, list(DISTINCT query) AS queries FROM mention_match
  WHERE event_at > ?::TIMESTAMP AND event_at <= ?::TIMESTAMP GROUP BY mention_id
) matched ON matched.mention_id = m.id
"""
NO_QUERIES = "[]::VARCHAR[]"
SOME_QUERIES = "coalesce(matched.queries, []::VARCHAR[])"


def windows(reader: Reader, specs: Sequence[WindowSpec], now: datetime) -> list[Window]:
    """Return the windows of every spec at `now`, in the order of the specs.

    An ungrouped spec always gives one window, empty or not. A grouped spec gives a window for each
    group with at least `at_least` mentions now and, when `at_least` is 0, also for the groups only
    its past knows, so that silence shows.
    """
    if not specs:
        return []
    asked: dict[WindowSpec, list[int]] = defaultdict(list)
    for number, spec in enumerate(specs):
        asked[replace(spec, rule="")].append(number)
    present, past = _present(reader, specs, now), _past(reader, specs, now)
    answers: list[list[Window]] = [[] for _ in specs]
    for first, *same in asked.values():
        answers[first] = count(present, past, specs[first], now)
        for number in same:
            rule = specs[number].rule
            answers[number] = [replace(window, rule=rule) for window in answers[first]]
    return [window for found in answers for window in found]


def _present(reader: Reader, specs: Sequence[WindowSpec], now: datetime) -> Rows:
    stretch = (now - max(spec.span for spec in specs), now)
    matched = _needs_queries(specs)
    sql = PRESENT.format(
        queries=SOME_QUERIES if matched else NO_QUERIES, join=MATCHED if matched else ""
    )
    return rows_of(reader.table(sql, [*stretch * (2 if matched else 1)]), TIERS)


def _past(reader: Reader, specs: Sequence[WindowSpec], now: datetime) -> Rows | None:
    """Read the earlier spans (week 0) and the same hours of past weeks, or nothing."""
    stretches = _stretches(specs, now)
    if not stretches:
        return None
    matched = _needs_queries(specs)
    queries, join = (SOME_QUERIES, MATCHED) if matched else (NO_QUERIES, "")
    parts = [PAST.format(week=week, queries=queries, join=join) for week, _ in stretches]
    values = [moment for _, span in stretches for moment in span * (2 if matched else 1)]
    return rows_of(reader.table(" UNION ALL ".join(parts) + PAST_ORDER, values), TIERS)


def _stretches(
    specs: Sequence[WindowSpec], now: datetime
) -> list[tuple[int, tuple[datetime, datetime]]]:
    """Name the pieces of time to read: 0 is the time up to now, n is n weeks ago."""
    back = [spec.span * (1 + spec.prior_spans) for spec in specs if spec.prior_spans]
    recent = [(0, (now - max(back), now))] if back else []
    weekly = [spec for spec in specs if spec.baseline_weeks]
    span = max((spec.span for spec in weekly), default=timedelta(0))
    weeks = max((spec.baseline_weeks for spec in weekly), default=0)
    return recent + [
        (week, (now - week * WEEK - span, now - week * WEEK)) for week in range(1, weeks + 1)
    ]


def _needs_queries(specs: Sequence[WindowSpec]) -> bool:
    return any(spec.filter.queries or spec.group_by == "query" for spec in specs)
