"""What rules decide on: counts over windows of time, for many rules in few scans.

A window is half-open, (now - span, now], on `mention.event_at`; exercise rows are left out, and a
mention that is a repost counts in `mentions` but not in `independent`. Specs share one scan of the
time they cover and one short scan for each past week: mentions lie in time order, so the cost
follows the windows and not the archive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from models.records import MediaTier, Window, WindowSpec
from storage.store import Reader, Row

WEEK = timedelta(weeks=1)
SPECS_A_QUERY = 50
EXAMPLES = 5
TIERS = tuple(tier.value for tier in MediaTier)

CASUALTY_CUES = "死亡|遇难|身亡|死者|伤亡|受伤|重伤|失联|失踪|溺亡|中毒|被困|坠亡"
NO_CASUALTY = "(无|没有|未造成|未发生|未出现|暂无|未接到)(人员)?(死亡|伤亡|受伤|被困|失联)"

SCAN_NOW = f"""
SELECT id, event_at, source, media_tier, kind, place, topic, sentiment, appeal, urgency, story_id,
  repost_of = '' AS independent,
  CASE WHEN url LIKE 'http%' THEN split_part(url, '/', 3) ELSE source END AS platform,
  list_position({list(TIERS)}, media_tier) AS tier_rank,
  regexp_matches(regexp_replace(title || ' ' || text, '{NO_CASUALTY}', '', 'g'), '{CASUALTY_CUES}')
    AS casualty
FROM mention WHERE event_at > ?::TIMESTAMP AND event_at <= ?::TIMESTAMP AND NOT exercise
"""  # noqa: S608 - constants of ours
SCAN_BEFORE = """
SELECT {week} AS week, id, event_at, source, media_tier, kind, place, topic, sentiment, appeal,
  urgency, story_id, repost_of = '' AS independent
FROM mention WHERE event_at > ?::TIMESTAMP AND event_at <= ?::TIMESTAMP AND NOT exercise
"""
MATCHED = """
SELECT DISTINCT mention_id, query FROM mention_match
WHERE event_at > ?::TIMESTAMP AND event_at <= ?::TIMESTAMP
"""
COUNT_NOW = """
SELECT {number} AS question, {group} AS grp, count(*), count(*) FILTER (independent),
  count(DISTINCT source), count(*) FILTER (sentiment = 'negative'),
  count(*) FILTER (sentiment NOT IN ('', 'unclassified')),
  min(tier_rank), count(*) FILTER (urgency >= 2), count(*) FILTER (casualty),
  count(DISTINCT platform), min(event_at), max(event_at),
  coalesce(mode(story_id) FILTER (story_id <> ''), ''),
  coalesce(mode(topic) FILTER (topic NOT IN ('', 'unclassified')), ''),
  arg_min(id, event_at, {examples})
FROM scanned{join} WHERE event_at > ?::TIMESTAMP{where}
GROUP BY grp HAVING count(*) >= {at_least}
"""
COUNT_WEEKS = """
SELECT {number} AS question, {group} AS grp, week AS place_in_past, count(*) FILTER (independent)
FROM scanned{join}
WHERE week BETWEEN 1 AND {weeks} AND event_at > ?::TIMESTAMP - week * INTERVAL 7 DAY{where}
GROUP BY grp, place_in_past
"""
COUNT_SPANS = """
SELECT {number} AS question, {group} AS grp,
  -1 - (epoch_us(?::TIMESTAMP) - epoch_us(event_at)) // {span_us} AS place_in_past,
  count(*) FILTER (independent)
FROM scanned{join}
WHERE week = 0 AND event_at <= ?::TIMESTAMP AND event_at > ?::TIMESTAMP{where}
GROUP BY grp, place_in_past
"""
GROUPS = {
    "": ("''", ""),
    "story": ("story_id", " AND story_id <> ''"),
    "topic": ("topic", " AND topic NOT IN ('', 'unclassified')"),
    "place": ("place", " AND place <> ''"),
    "source": ("source", ""),
    "query": ("matched.query", ""),
    "tier": ("media_tier", ""),
}
"""How each `group_by` reads in SQL, and which rows belong to no group."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of SQL with the values bound to its question marks, in order."""

    sql: str
    values: tuple[object, ...] = ()


Past = dict[str, dict[int, int]]
"""Independent mentions by group and place in the past: n weeks ago, or -n spans ago."""


def windows(reader: Reader, specs: Sequence[WindowSpec], now: datetime) -> list[Window]:
    """Return the windows of every spec at `now`, in the order of the specs.

    An ungrouped spec always gives one window, empty or not. A grouped spec gives a window for each
    group with at least `at_least` mentions now and, when `at_least` is 0, also for the groups only
    its past knows, so that silence shows.
    """
    asked: dict[WindowSpec, list[int]] = defaultdict(list)
    for number, spec in enumerate(specs):
        asked[replace(spec, rule="")].append(number)
    questions = sorted(asked, key=lambda question: question.span)
    answers: dict[int, list[Window]] = {}
    for first in range(0, len(questions), SPECS_A_QUERY):
        batch = questions[first : first + SPECS_A_QUERY]
        for question, found in zip(batch, _answers(reader, batch, now), strict=True):
            for number in asked[question]:
                answers[number] = [replace(window, rule=specs[number].rule) for window in found]
    return [window for number in range(len(specs)) for window in answers[number]]


def _answers(reader: Reader, questions: Sequence[WindowSpec], now: datetime) -> list[list[Window]]:
    present: list[dict[str, Window]] = [{} for _ in questions]
    for row in reader.rows(*_now_statement(questions, now)):
        present[row[0]][row[1]] = _window(questions[row[0]], row, now)
    past: list[Past] = [defaultdict(dict) for _ in questions]
    statement = _past_statement(questions, present, now)
    for number, group, place, count in reader.rows(*statement) if statement else ():
        past[number][group][place] = count
    return [
        _with_past(question, found, before, now)
        for question, found, before in zip(questions, present, past, strict=True)
    ]


def _now_statement(questions: Sequence[WindowSpec], now: datetime) -> tuple[str, list[object]]:
    start = now - max(question.span for question in questions)
    ctes = [_Part(SCAN_NOW, (start, now)), _Part(MATCHED, (start, now))]
    counts = [_count_now(number, question, now) for number, question in enumerate(questions)]
    return _statement(ctes, counts)


def _past_statement(
    questions: Sequence[WindowSpec], present: Sequence[dict[str, Window]], now: datetime
) -> tuple[str, list[object]] | None:
    """Build the question about earlier spans and past weeks, or None when nobody asks."""
    counts: list[_Part] = []
    for number, question in enumerate(questions):
        groups = list(present[number]) if question.group_by and question.at_least else None
        if groups == []:
            continue
        counts += _count_past(number, question, groups, now)
    if not counts:
        return None
    stretches = _stretches(questions, now)
    scan = _joined([_Part(SCAN_BEFORE.format(week=week), span) for week, span in stretches])
    matched = _joined([_Part(MATCHED, span) for _, span in stretches])
    return _statement([scan, matched], counts)


def _stretches(
    questions: Sequence[WindowSpec], now: datetime
) -> list[tuple[int, tuple[datetime, datetime]]]:
    """Name the pieces of time the past needs: 0 is the time up to now, n is n weeks ago."""
    back = max(question.span * (1 + question.prior_spans) for question in questions)
    weeks = max(question.baseline_weeks for question in questions)
    span = max(
        (question.span for question in questions if question.baseline_weeks), default=timedelta(0)
    )
    earlier = [
        (week, (now - week * WEEK - span, now - week * WEEK)) for week in range(1, weeks + 1)
    ]
    return [(0, (now - back, now)), *earlier]


def _statement(ctes: Sequence[_Part], counts: Sequence[_Part]) -> tuple[str, list[object]]:
    scanned, matched = ctes
    body = _joined(counts)
    sql = (
        f"WITH scanned AS MATERIALIZED ({scanned.sql}), "
        f"matched AS MATERIALIZED ({matched.sql}) {body.sql}"
    )
    return sql, [*scanned.values, *matched.values, *body.values]


def _joined(parts: Sequence[_Part]) -> _Part:
    return _Part(
        " UNION ALL ".join(part.sql for part in parts),
        tuple(value for part in parts for value in part.values),
    )


def _count_now(number: int, question: WindowSpec, now: datetime) -> _Part:
    where = _where(question, None)
    sql = COUNT_NOW.format(
        number=number,
        group=GROUPS[question.group_by][0],
        join=_join(question),
        where=where.sql,
        at_least=max(1, question.at_least),
        examples=EXAMPLES,
    )
    return _Part(sql, (now - question.span, *where.values))


def _count_past(
    number: int, question: WindowSpec, groups: list[str] | None, now: datetime
) -> list[_Part]:
    where = _where(question, groups)
    start = now - question.span
    common = {
        "number": number,
        "group": GROUPS[question.group_by][0],
        "join": _join(question),
        "where": where.sql,
    }
    parts = []
    if question.baseline_weeks:
        sql = COUNT_WEEKS.format(weeks=question.baseline_weeks, **common)
        parts.append(_Part(sql, (start, *where.values)))
    if question.prior_spans:
        span_us = question.span // timedelta(microseconds=1)
        first = start - question.span * question.prior_spans
        sql = COUNT_SPANS.format(span_us=span_us, **common)
        parts.append(_Part(sql, (start, start, first, *where.values)))
    return parts


def _join(question: WindowSpec) -> str:
    return " JOIN matched ON mention_id = id" if question.group_by == "query" else ""


def _where(question: WindowSpec, groups: list[str] | None) -> _Part:
    """Write a filter as SQL; every value is bound."""
    chosen = question.filter
    words = (
        ("topic", chosen.topics),
        ("sentiment", chosen.sentiments),
        ("appeal", chosen.appeals),
        ("media_tier", chosen.tiers),
        ("kind", chosen.kinds),
        ("source", chosen.sources),
        ("place", chosen.places),
        ("story_id", chosen.stories),
    )
    group, belongs = GROUPS[question.group_by]
    parts = [_Part(belongs)]
    parts += [_listed(column, values) for column, values in words if values]
    if chosen.queries and question.group_by == "query":
        parts.append(_listed("matched.query", chosen.queries))
    elif chosen.queries:
        among = "SELECT mention_id FROM matched WHERE list_contains(?::VARCHAR[], query)"
        parts.append(_Part(f" AND id IN ({among})", (list(chosen.queries),)))
    if chosen.urgency_at_least:
        parts.append(_Part(" AND urgency >= ?", (chosen.urgency_at_least,)))
    if groups is not None:
        parts.append(_listed(group, groups))
    return _Part(
        "".join(part.sql for part in parts), tuple(v for part in parts for v in part.values)
    )


def _listed(column: str, values: Sequence[str]) -> _Part:
    return _Part(f" AND list_contains(?::VARCHAR[], {column})", (list(values),))


def _window(question: WindowSpec, row: Row, now: datetime) -> Window:
    return Window(
        rule="",
        group=row[1],
        start=now - question.span,
        end=now,
        mentions=row[2],
        independent=row[3],
        sources=row[4],
        negative=row[5],
        classified=row[6],
        best_tier=TIERS[row[7] - 1] if row[7] else "",
        urgent=row[8],
        casualty=row[9],
        platforms=row[10],
        first_at=row[11],
        last_at=row[12],
        story_id=row[1] if question.group_by == "story" else row[13],
        topic=row[1] if question.group_by == "topic" else row[14],
        examples=tuple(row[15] or ()),
    )


def _with_past(
    question: WindowSpec, found: dict[str, Window], past: Past, now: datetime
) -> list[Window]:
    groups = list(found)
    if not question.group_by:
        groups = [""]
    elif not question.at_least:
        groups += [group for group in past if group not in found]
    return [
        replace(
            found.get(group) or _empty(question, group, now),
            baseline=_places(past.get(group, {}), range(1, question.baseline_weeks + 1)),
            prior=_places(past.get(group, {}), range(-1, -question.prior_spans - 1, -1)),
        )
        for group in sorted(groups)
    ]


def _places(counts: dict[int, int], places: range) -> tuple[int, ...]:
    return tuple(counts.get(place, 0) for place in places)


def _empty(question: WindowSpec, group: str, now: datetime) -> Window:
    return Window(
        rule="",
        group=group,
        start=now - question.span,
        end=now.astimezone(UTC),
        mentions=0,
        independent=0,
        sources=0,
        negative=0,
        classified=0,
        best_tier="",
        story_id=group if question.group_by == "story" else "",
        topic=group if question.group_by == "topic" else "",
    )
