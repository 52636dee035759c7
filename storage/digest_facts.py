"""What the daily digest counts: mentions, stories, replies, sources and deliveries of one span.

A mention belongs to the span in which it was first collected, so that yesterday's running
total plus today's increment is today's running total, and nothing falls between two digests.
Exercises are never counted. Only independent mentions are listed; reposts are numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.records import Incident
from storage import incidents
from storage.store import Reader

VOLUME = """
SELECT count(*), count(*) FILTER (repost_of = ''),
  count(*) FILTER (collected_at >= ?), count(*) FILTER (collected_at >= ? AND repost_of = ''),
  count(*) FILTER (collected_at >= ? AND published_at < ?),
  count(*) FILTER (collected_at >= ? AND published_at IS NULL)
FROM mention WHERE collected_at < ? AND NOT exercise
"""
BY_SOURCE = """
SELECT source, arg_max(media_tier, seq), count(*), count(*) FILTER (collected_at >= ?),
  count(*) FILTER (collected_at >= ? AND repost_of = ''),
  count(*) FILTER (collected_at >= ? AND sentiment = 'negative')
FROM mention WHERE collected_at < ? AND NOT exercise GROUP BY source ORDER BY 4 DESC, 3 DESC, 1
"""
BY_SENTIMENT = """
SELECT CASE WHEN sentiment IN ('positive', 'neutral', 'negative') THEN sentiment
  ELSE 'unclassified' END AS label, count(*)
FROM mention WHERE collected_at >= ? AND collected_at < ? AND NOT exercise GROUP BY label
"""
BY_TOPIC = """
SELECT CASE WHEN topic = '' THEN 'unclassified' ELSE topic END AS label, count(*),
  count(*) FILTER (sentiment = 'negative')
FROM mention WHERE collected_at >= ? AND collected_at < ? AND NOT exercise
GROUP BY label ORDER BY 2 DESC, 1
"""
BY_DAY = """
SELECT CAST(floor(epoch(collected_at - ?::TIMESTAMP) / 86400) AS INTEGER) AS day, count(*),
  count(*) FILTER (repost_of = '')
FROM mention WHERE collected_at >= ? AND collected_at < ? AND NOT exercise GROUP BY day
"""
LISTED = """
WITH copies AS (
  SELECT repost_of, count(*) AS n FROM mention
  WHERE repost_of <> '' AND collected_at < ? AND NOT exercise GROUP BY repost_of
), cases AS (
  SELECT im.mention_id, arg_max(i.id, i.detected_at) AS incident_id,
    arg_max(coalesce(i.level_confirmed, i.level_suggested), i.detected_at) AS level
  FROM incident_mention im JOIN incident i ON i.id = im.incident_id GROUP BY im.mention_id
)
SELECT m.id, m.event_at, m.published_at IS NOT NULL, m.source, m.media_tier, m.title,
  left(m.text, 400), m.sentiment, m.topic, m.urgency, coalesce(copies.n, 0),
  coalesce(cases.incident_id, ''), cases.level
FROM mention m LEFT JOIN copies ON copies.repost_of = m.id
LEFT JOIN cases ON cases.mention_id = m.id
WHERE m.collected_at >= ? AND m.collected_at < ? AND NOT m.exercise AND m.repost_of = ''
ORDER BY (m.sentiment = 'negative') DESC, m.urgency DESC, coalesce(copies.n, 0) DESC,
  m.event_at DESC, m.seq DESC LIMIT ?
"""
# A story's incident is the one that most of its mentions are tied to.
STORIES = """
WITH tied AS (
  SELECT m.story_id, im.incident_id, count(*) AS n
  FROM incident_mention im JOIN mention m ON m.id = im.mention_id
  WHERE m.story_id <> '' GROUP BY m.story_id, im.incident_id
), cases AS (SELECT story_id, arg_max(incident_id, n) AS incident_id FROM tied GROUP BY story_id)
SELECT s.id, coalesce(any_value(f.title), s.title), mode(m.topic), s.first_at, count(*),
  count(*) FILTER (m.repost_of = ''),
  count(*) FILTER (m.sentiment = 'negative'),
  count(DISTINCT coalesce(nullif(m.origin, ''), m.source)), any_value(s.size),
  coalesce(any_value(cases.incident_id), '')
FROM mention m JOIN story s ON s.id = m.story_id LEFT JOIN cases ON cases.story_id = s.id
LEFT JOIN mention f ON f.id = s.first_mention_id AND f.title <> ''
WHERE m.collected_at >= ? AND m.collected_at < ? AND NOT m.exercise
GROUP BY s.id, s.title, s.first_at
HAVING count(*) > 1 ORDER BY 5 DESC, 6 DESC, s.id LIMIT ?
"""
REPLIES = """
SELECT id, title, source, event_at, replied_at, left(reply, 400) FROM mention
WHERE replied_at >= ? AND replied_at < ? AND reply <> '' AND NOT exercise
ORDER BY replied_at DESC, seq DESC LIMIT ?
"""
ANSWERED = """
SELECT count(*), count(*) FILTER (reply <> '' OR replied_at < ?),
  count(*) FILTER (replied_at >= ? AND replied_at < ?)
FROM mention WHERE kind = 'citizen_message' AND collected_at < ? AND NOT exercise
"""
CASES = """
SELECT id FROM incident
WHERE detected_at < ? AND (closed_at IS NULL OR closed_at >= ?) AND NOT exercise
ORDER BY coalesce(level_confirmed, level_suggested) DESC, detected_at DESC
"""
CASE_MENTIONS = """
SELECT im.incident_id, count(*) FILTER (m.repost_of = ''), count(*) FILTER (m.repost_of <> '')
FROM incident_mention im JOIN mention m ON m.id = im.mention_id
WHERE m.collected_at < ? GROUP BY im.incident_id
"""
RUNS = """
SELECT source, count(*), count(*) FILTER (reason <> ''), arg_max(reason, started_at),
  max(finished_at), sum(fetched)::BIGINT, sum(stored)::BIGINT, sum(len(problems))::BIGINT
FROM source_run WHERE started_at >= ? AND started_at < ? GROUP BY source ORDER BY source
"""
LAST_NEW = "SELECT source, max(collected_at) FROM mention WHERE collected_at < ? GROUP BY source"
TOLD = """
SELECT channel, count(*), count(*) FILTER (status IN ('sent', 'accepted')),
  count(*) FILTER (status = 'pending'), count(*) FILTER (status = 'dead'),
  coalesce(arg_max(last_error, created_at) FILTER (status = 'dead' OR last_error <> ''), '')
FROM delivery WHERE created_at >= ? AND created_at < ? AND NOT exercise AND reason <> 'digest'
GROUP BY channel ORDER BY channel
"""
GONE = "SELECT count(*) FROM mention WHERE gone_at >= ? AND gone_at < ? AND NOT exercise"
EXERCISED = """SELECT count(*) FROM mention
WHERE collected_at >= ? AND collected_at < ? AND exercise"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open stretch of time, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Running totals at the end of the span and the increment within it.

    `late` counts what was collected in the span but published before it; `undated` what
    came with no usable date.
    """

    total: int
    total_independent: int
    today: int
    today_independent: int
    late: int
    undated: int

    @property
    def today_reposts(self) -> int:
        """Copies among today's increment."""
        return self.today - self.today_independent


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """One line of the source table."""

    source: str
    media_tier: str
    total: int
    today: int
    today_independent: int
    today_negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentCount:
    """Today's mentions by sentiment; the four parts sum to the increment."""

    positive: int = 0
    neutral: int = 0
    negative: int = 0
    unclassified: int = 0

    @property
    def classified(self) -> int:
        """Those with a sentiment: the base of every percentage."""
        return self.positive + self.neutral + self.negative


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCount:
    """Today's mentions of one topic."""

    topic: str
    today: int
    negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """Mentions collected in one span of 24 hours, beginning at `start`."""

    start: datetime
    mentions: int
    independent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionLine:
    """One listed mention; `level` is that of its incident, if it has one.

    Without a usable date (`dated` False) `event_at` is when it was collected.
    """

    id: str
    event_at: datetime
    dated: bool
    source: str
    media_tier: str
    title: str
    text: str
    sentiment: str
    topic: str
    urgency: int
    copies: int
    incident_id: str
    level: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One story that grew in the span; `size` counts all its mentions so far."""

    id: str
    title: str
    topic: str
    first_at: datetime
    today: int
    today_independent: int
    today_negative: int
    sources: int
    size: int
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyLine:
    """One official reply seen on a citizen's message."""

    id: str
    title: str
    source: str
    asked_at: datetime
    replied_at: datetime
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Citizens' messages so far, how many have an answer, and how many got it in the span."""

    messages: int
    answered: int
    answered_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCount:
    """An incident with its mentions counted."""

    incident: Incident
    independent: int
    reposts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How one source fared in the span; `last_reason` is empty when its last run was well."""

    source: str
    runs: int
    failures: int
    last_reason: str
    last_at: datetime
    fetched: int
    stored: int
    problems: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCount:
    """What was told on one channel in the span."""

    channel: str
    messages: int
    sent: int
    waiting: int
    dead: int
    last_error: str


def volume(reader: Reader, span: Span) -> Volume:
    """Return running totals and the increment."""
    start, end = span.start, span.end
    row = reader.rows(VOLUME, [start, start, start, start, start, end])[0]
    return Volume(
        total=row[0],
        total_independent=row[1],
        today=row[2],
        today_independent=row[3],
        late=row[4],
        undated=row[5],
    )


def by_source(reader: Reader, span: Span) -> tuple[SourceCount, ...]:
    """Return one line for each source that ever brought anything, the busiest today first."""
    start = span.start
    return tuple(
        SourceCount(
            source=row[0],
            media_tier=row[1],
            total=row[2],
            today=row[3],
            today_independent=row[4],
            today_negative=row[5],
        )
        for row in reader.rows(BY_SOURCE, [start, start, start, span.end])
    )


def by_sentiment(reader: Reader, span: Span) -> SentimentCount:
    """Return the increment by sentiment."""
    found: dict[str, int] = dict(reader.rows(BY_SENTIMENT, [span.start, span.end]))
    return SentimentCount(
        positive=found.get("positive", 0),
        neutral=found.get("neutral", 0),
        negative=found.get("negative", 0),
        unclassified=found.get("unclassified", 0),
    )


def by_topic(reader: Reader, span: Span) -> tuple[TopicCount, ...]:
    """Return the increment by topic, the largest first."""
    return tuple(
        TopicCount(topic=row[0], today=row[1], negative=row[2])
        for row in reader.rows(BY_TOPIC, [span.start, span.end])
    )


def by_day(reader: Reader, span: Span, days: int) -> tuple[DayCount, ...]:
    """Return the last `days` stretches of 24 hours; the last one begins at the span's start."""
    first = span.start - timedelta(days=days - 1)
    found = {row[0]: row for row in reader.rows(BY_DAY, [first, first, span.end])}
    return tuple(
        DayCount(
            start=first + timedelta(days=n),
            mentions=found[n][1] if n in found else 0,
            independent=found[n][2] if n in found else 0,
        )
        for n in range(days)
    )


def listed(reader: Reader, span: Span, at_most: int) -> tuple[MentionLine, ...]:
    """Return independent mentions: negative first, then urgent, then most copied, then newest."""
    rows = reader.rows(LISTED, [span.end, span.start, span.end, at_most])
    return tuple(
        MentionLine(
            id=row[0],
            event_at=row[1],
            dated=row[2],
            source=row[3],
            media_tier=row[4],
            title=row[5],
            text=row[6],
            sentiment=row[7],
            topic=row[8],
            urgency=row[9],
            copies=row[10],
            incident_id=row[11],
            level=row[12],
        )
        for row in rows
    )


def stories(reader: Reader, span: Span, at_most: int) -> tuple[StoryLine, ...]:
    """Return the stories with more than one mention in the span, the largest first."""
    return tuple(
        StoryLine(
            id=row[0],
            title=row[1],
            topic=row[2],
            first_at=row[3],
            today=row[4],
            today_independent=row[5],
            today_negative=row[6],
            sources=row[7],
            size=max(row[8], row[4]),
            incident_id=row[9],
        )
        for row in reader.rows(STORIES, [span.start, span.end, at_most])
    )


def replies(reader: Reader, span: Span, at_most: int) -> tuple[ReplyLine, ...]:
    """Return the official replies dated within the span, newest first."""
    return tuple(
        ReplyLine(
            id=row[0],
            title=row[1],
            source=row[2],
            asked_at=row[3],
            replied_at=row[4],
            reply=row[5],
        )
        for row in reader.rows(REPLIES, [span.start, span.end, at_most])
    )


def answered(reader: Reader, span: Span) -> Answered:
    """Return how many citizens' messages have an answer."""
    row = reader.rows(ANSWERED, [span.end, span.start, span.end, span.end])[0]
    return Answered(messages=row[0], answered=row[1], answered_today=row[2])


def cases(reader: Reader, span: Span) -> tuple[CaseCount, ...]:
    """Return the incidents that were open at some moment of the span, the gravest first."""
    counts = {row[0]: row for row in reader.rows(CASE_MENTIONS, [span.end])}
    ids = [row[0] for row in reader.rows(CASES, [span.end, span.start])]
    found = [case for case in (incidents.incident(reader, i) for i in ids) if case]
    return tuple(
        CaseCount(
            incident=case,
            independent=counts[case.id][1] if case.id in counts else 0,
            reposts=counts[case.id][2] if case.id in counts else 0,
        )
        for case in found
    )


def runs(reader: Reader, span: Span) -> tuple[RunSummary, ...]:
    """Return how each source fared, by name."""
    return tuple(
        RunSummary(
            source=row[0],
            runs=row[1],
            failures=row[2],
            last_reason=row[3],
            last_at=row[4],
            fetched=row[5],
            stored=row[6],
            problems=row[7],
        )
        for row in reader.rows(RUNS, [span.start, span.end])
    )


def last_new(reader: Reader, span: Span) -> dict[str, datetime]:
    """Return when each source last brought something new, before the span's end."""
    return dict(reader.rows(LAST_NEW, [span.end]))


def told(reader: Reader, span: Span) -> tuple[ToldCount, ...]:
    """Return what was told on each channel (digests apart)."""
    return tuple(
        ToldCount(
            channel=row[0],
            messages=row[1],
            sent=row[2],
            waiting=row[3],
            dead=row[4],
            last_error=row[5],
        )
        for row in reader.rows(TOLD, [span.start, span.end])
    )


def originals_gone(reader: Reader, span: Span) -> int:
    """Return how many originals were found to have disappeared in the span."""
    return int(reader.value(GONE, [span.start, span.end]))


def exercised(reader: Reader, span: Span) -> int:
    """Return how many mentions of an exercise were left out of the numbers."""
    return int(reader.value(EXERCISED, [span.start, span.end]))
