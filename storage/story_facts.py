"""What is told of stories: the rows that first source, curve and heat are made of.

Exercises never count. Sentiment is empty where nothing is scored, as `models.heat` wants it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.heat import SPEED_HOURS, StoryFacts, Told, best_tier
from models.records import MediaTier
from storage.browse import CaseName
from storage.store import Reader, Row

# As the windows of the rules count platforms: the site a mention came from, else its source.
PLATFORM = "CASE WHEN m.url LIKE 'http%' THEN split_part(m.url, '/', 3) ELSE m.source END"
# A story is called what its first mention says; its own title leaves the region's name out.
HEADS = """
WITH tied AS (
  SELECT m.story_id, im.incident_id, count(*) AS n FROM incident_mention im
  JOIN mention m ON m.id = im.mention_id
  WHERE m.story_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY m.story_id, im.incident_id
), cases AS (SELECT story_id, arg_max(incident_id, n) AS incident_id FROM tied GROUP BY story_id)
SELECT s.id, coalesce(f.title, s.title), s.place, s.first_at, s.last_at, s.merged_into,
  i.id, i.number, i.title
FROM story s LEFT JOIN mention f ON f.id = s.first_mention_id AND f.title <> ''
LEFT JOIN cases ON cases.story_id = s.id LEFT JOIN incident i ON i.id = cases.incident_id
WHERE s.id IN (SELECT unnest(?::VARCHAR[]))
"""
COUNTS = f"""
SELECT m.story_id, count(*) FILTER (m.repost_of = ''), count(*) FILTER (m.repost_of <> ''),
  count(DISTINCT coalesce(nullif(m.origin, ''), m.source)), count(DISTINCT {PLATFORM}),
  list(DISTINCT m.media_tier),
  count(*) FILTER (m.event_at > ?),
  count(*) FILTER (m.repost_of = '' AND m.sentiment = 'negative'),
  count(*) FILTER (m.repost_of = '' AND m.sentiment IN ('positive', 'neutral', 'negative'))
FROM mention m JOIN story s ON s.id = m.story_id
WHERE s.last_at >= ? AND s.merged_into = '' AND NOT m.exercise AND m.event_at <= ?
GROUP BY m.story_id HAVING count(*) >= ?
"""  # noqa: S608 - a constant of ours
TOLD = f"""
SELECT m.story_id, m.id, coalesce(nullif(m.origin, ''), m.source), {PLATFORM}, m.media_tier,
  m.event_at, m.published_at,
  m.repost_of,
  CASE WHEN m.sentiment IN ('positive', 'neutral', 'negative') THEN m.sentiment ELSE '' END
FROM mention m WHERE m.story_id IN (SELECT unnest(?::VARCHAR[])) AND NOT m.exercise
ORDER BY m.event_at, m.id
"""  # noqa: S608 - a constant of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryHead:
    """A story by name; `case` is the incident most of its mentions are tied to.

    `merged_into` names the story it has become part of, and is empty for one that stands.
    """

    id: str
    title: str
    place: str
    first_at: datetime
    last_at: datetime
    merged_into: str
    case: CaseName | None


def head(reader: Reader, story_id: str) -> StoryHead | None:
    """Return one story, or None."""
    return heads(reader, [story_id]).get(story_id)


def heads(reader: Reader, ids: Sequence[str]) -> dict[str, StoryHead]:
    """Return those of the stories that exist."""
    rows = reader.rows(HEADS, [list(ids), list(ids)]) if ids else []
    return {row[0]: _head(row) for row in rows}


def told(reader: Reader, story_id: str) -> list[Told]:
    """Return every mention of a story as heat counts it, the earliest first."""
    return told_of(reader, [story_id]).get(story_id, [])


def told_of(reader: Reader, ids: Sequence[str]) -> dict[str, list[Told]]:
    """Return the mentions of several stories, each story's earliest first."""
    found: dict[str, list[Told]] = {}
    for row in reader.rows(TOLD, [list(ids)]) if ids else []:
        found.setdefault(row[0], []).append(_told(row))
    return found


def counts(
    reader: Reader, now: datetime, since: datetime, *, mentions_at_least: int = 2
) -> dict[str, StoryFacts]:
    """Return the counts of every story that spoke since then, as known at `now`.

    The same numbers as `models.heat.story_facts` gives for the rows, without fetching them.
    """
    recent = now - timedelta(hours=SPEED_HOURS)
    rows = reader.rows(COUNTS, [recent, since, now, mentions_at_least])
    return {row[0]: _facts(row) for row in rows}


def _head(row: Row) -> StoryHead:
    case = CaseName(id=row[6], number=row[7], title=row[8]) if row[6] else None
    return StoryHead(
        id=row[0],
        title=row[1],
        place=row[2],
        first_at=row[3],
        last_at=row[4],
        merged_into=row[5],
        case=case,
    )


def _told(row: Row) -> Told:
    return Told(
        mention=row[1],
        source=row[2],
        platform=row[3],
        tier=MediaTier(row[4]),
        event_at=row[5],
        published=row[6],
        repost_of=row[7],
        sentiment=row[8],
    )


def _facts(row: Row) -> StoryFacts:
    negative, classified = row[7], row[8]
    return StoryFacts(
        independent=row[1],
        reposts=row[2],
        sources=row[3],
        platforms=row[4],
        best_tier=best_tier(MediaTier(tier) for tier in row[5]),
        per_hour=row[6] / SPEED_HOURS,
        negative_share=negative / classified if classified else None,
    )
