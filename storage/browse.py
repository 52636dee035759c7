"""Looking through mentions, and how each source is doing: the console's reading room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.records import Hit
from storage.store import Reader, Row

COLUMNS = """m.seq, m.id, m.version, m.source, m.kind, m.media_tier, m.title, m.text, m.url,
  m.origin, m.place, m.published_at, m.date_flag, m.collected_at, m.event_at, m.repost_of,
  m.story_id, m.sentiment, m.sentiment_p, m.topic, m.topic_p, m.appeal, m.appeal_p, m.urgency,
  m.urgency_p, m.model, m.reply, m.replied_at, m.gone_at, m.exercise"""
PAGE = f"""
SELECT {COLUMNS} FROM mention m
WHERE m.seq < ?
  AND (? = '' OR m.source = ?) AND (? = '' OR m.topic = ?)
  AND (? = '' OR CASE WHEN m.sentiment IN ('positive', 'neutral', 'negative') THEN m.sentiment
    ELSE 'unclassified' END = ?)
  AND (? = '' OR m.story_id = ?)
  AND (? = '' OR m.id IN (SELECT mention_id FROM mention_match WHERE query = ?))
  AND (? = '' OR m.id IN (SELECT mention_id FROM incident_mention WHERE incident_id = ?))
  AND (? = '' OR contains(m.title, ?) OR contains(m.text, ?))
  AND (?::TIMESTAMP IS NULL OR m.collected_at >= ?::TIMESTAMP)
  AND (?::TIMESTAMP IS NULL OR m.collected_at < ?::TIMESTAMP)
  AND (NOT ? OR m.repost_of = '')
ORDER BY m.seq DESC LIMIT ?
"""  # noqa: S608 - a constant of ours
ONE = f"SELECT {COLUMNS} FROM mention m WHERE m.id = ?"  # noqa: S608 - a constant of ours
# The few rows are found first, so that the texts of the others are never read.
OF_INCIDENT = f"""
WITH newest AS (
  SELECT m.seq FROM mention m JOIN incident_mention im ON im.mention_id = m.id
  WHERE im.incident_id = ? AND m.repost_of = '' ORDER BY m.event_at DESC, m.seq DESC LIMIT ?
)
SELECT {COLUMNS} FROM mention m SEMI JOIN newest ON newest.seq = m.seq
ORDER BY m.event_at DESC, m.seq DESC
"""  # noqa: S608 - a constant of ours
LOOSE = f"""
WITH loose AS (
  SELECT m.seq FROM mention m ANTI JOIN incident_mention im ON im.mention_id = m.id
  WHERE m.collected_at >= ? AND m.sentiment = 'negative' AND m.repost_of = '' AND NOT m.exercise
  ORDER BY m.urgency DESC, m.seq DESC LIMIT ?
)
SELECT {COLUMNS} FROM mention m SEMI JOIN loose ON loose.seq = m.seq
ORDER BY m.urgency DESC, m.seq DESC
"""  # noqa: S608 - a constant of ours
COPIES = f"""SELECT {COLUMNS} FROM mention m WHERE m.repost_of = ?
ORDER BY m.event_at, m.seq LIMIT ?"""  # noqa: S608 - a constant of ours
COPY_COUNTS = """
SELECT repost_of, count(*) FROM mention
WHERE repost_of IN (SELECT unnest(?::VARCHAR[])) GROUP BY repost_of
"""
HITS = """
SELECT mention_id, query, term, field, start_at, end_at FROM mention_match
WHERE mention_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY field, start_at, end_at
"""
INCIDENTS_OF = """
SELECT i.id, i.number, i.title FROM incident i JOIN incident_mention im ON im.incident_id = i.id
WHERE im.mention_id = ? ORDER BY i.detected_at DESC
"""
VERSIONS = """SELECT version, title, text, collected_at FROM mention_version
WHERE id = ? ORDER BY version DESC"""
CORRECTIONS = """SELECT head, was, label, who, done_at, note FROM correction
WHERE mention_id = ? ORDER BY done_at"""
QUERIES = "SELECT DISTINCT query FROM mention_match ORDER BY query"
HEALTH = """
WITH run AS (
  SELECT source, count(*) FILTER (started_at >= ?) AS runs_day,
    count(*) FILTER (started_at >= ? AND reason <> '') AS failures_day,
    max(finished_at) AS last_at, arg_max(reason, started_at) AS reason,
    arg_max(problems, started_at) AS problems,
    max(finished_at) FILTER (reason = '') AS good_at
  FROM source_run GROUP BY source
), streak AS (
  SELECT r.source, count(*) AS n FROM source_run r JOIN run ON run.source = r.source
  WHERE r.reason <> '' AND (run.good_at IS NULL OR r.finished_at > run.good_at) GROUP BY r.source
), brought AS (
  SELECT source, count(*) AS total, count(*) FILTER (collected_at >= ?) AS day,
    max(collected_at) AS new_at
  FROM mention WHERE NOT exercise GROUP BY source
), named AS (
  SELECT source FROM run UNION SELECT source FROM brought UNION SELECT unnest(?::VARCHAR[])
)
SELECT named.source, coalesce(run.runs_day, 0), coalesce(run.failures_day, 0), run.last_at,
  coalesce(run.reason, ''), coalesce(run.problems, []::VARCHAR[]), run.good_at,
  coalesce(streak.n, 0), coalesce(brought.total, 0), coalesce(brought.day, 0), brought.new_at,
  state.next_due_at
FROM named LEFT JOIN run ON run.source = named.source
LEFT JOIN streak ON streak.source = named.source
LEFT JOIN brought ON brought.source = named.source
LEFT JOIN source_state state ON state.source = named.source
ORDER BY (coalesce(run.reason, '') <> '') DESC, named.source
"""
LAST_SEQ = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionQuery:
    """Which mentions a person asked for; empty means any. `words` is plain text, not a query."""

    source: str = ""
    topic: str = ""
    sentiment: str = ""
    story: str = ""
    query: str = ""
    incident: str = ""
    words: str = ""
    since: datetime | None = None
    before: datetime | None = None
    independent_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A mention as it stands in the database, with its scores."""

    seq: int
    id: str
    version: int
    source: str
    kind: str
    media_tier: str
    title: str
    text: str
    url: str
    origin: str
    place: str
    published: datetime | None
    date_flag: str
    collected: datetime
    event_at: datetime
    repost_of: str
    story_id: str
    sentiment: str
    sentiment_p: float
    topic: str
    topic_p: float
    appeal: str
    appeal_p: float
    urgency: int
    urgency_p: float
    model: str
    reply: str
    replied_at: datetime | None
    gone_at: datetime | None
    exercise: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseName:
    """An incident as a link needs it."""

    id: str
    number: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Words a mention had before."""

    version: int
    title: str
    text: str
    collected: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A label that a person changed."""

    head: str
    was: str
    label: str
    who: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How one source is doing; `reason` is empty when its last run was well."""

    source: str
    runs_day: int
    failures_day: int
    last_at: datetime | None
    reason: str
    problems: tuple[str, ...]
    good_at: datetime | None
    failures_in_a_row: int
    total: int
    day: int
    new_at: datetime | None
    next_due_at: datetime | None


def page(
    reader: Reader, wanted: MentionQuery, *, before_seq: int = LAST_SEQ, at_most: int = 50
) -> list[Stored]:
    """Return mentions that arrived before `before_seq`, the last to arrive first."""
    w = wanted
    parameters: list[object] = [before_seq]
    for text in (w.source, w.topic, w.sentiment, w.story, w.query, w.incident):
        parameters += [text, text]
    parameters += [w.words, w.words, w.words, w.since, w.since, w.before, w.before]
    parameters += [w.independent_only, at_most]
    return [_stored(row) for row in reader.rows(PAGE, parameters)]


def mention(reader: Reader, mention_id: str) -> Stored | None:
    """Return one mention, or None."""
    row = reader.row(ONE, [mention_id])
    return _stored(row) if row else None


def of_incident(reader: Reader, incident_id: str, at_most: int) -> list[Stored]:
    """Return the independent mentions of an incident, newest first."""
    return [_stored(row) for row in reader.rows(OF_INCIDENT, [incident_id, at_most])]


def loose_negatives(reader: Reader, since: datetime, at_most: int) -> list[Stored]:
    """Return independent negative mentions that no incident has taken up, the urgent first."""
    return [_stored(row) for row in reader.rows(LOOSE, [since, at_most])]


def copies(reader: Reader, mention_id: str, at_most: int) -> list[Stored]:
    """Return the reposts of a mention, oldest first."""
    return [_stored(row) for row in reader.rows(COPIES, [mention_id, at_most])]


def copy_counts(reader: Reader, ids: list[str]) -> dict[str, int]:
    """Return how many reposts each of those mentions has; one without is absent."""
    return dict(reader.rows(COPY_COUNTS, [ids])) if ids else {}


def hits(reader: Reader, ids: list[str]) -> dict[str, list[Hit]]:
    """Return where watch queries matched each of those mentions."""
    found: dict[str, list[Hit]] = {}
    for row in reader.rows(HITS, [ids]) if ids else []:
        hit = Hit(query=row[1], term=row[2], field=row[3], start=row[4], end=row[5])
        found.setdefault(row[0], []).append(hit)
    return found


def incidents_of(reader: Reader, mention_id: str) -> list[CaseName]:
    """Return the incidents a mention belongs to, newest first."""
    rows = reader.rows(INCIDENTS_OF, [mention_id])
    return [CaseName(id=row[0], number=row[1], title=row[2]) for row in rows]


def versions(reader: Reader, mention_id: str) -> list[Version]:
    """Return the words a mention had before, newest first."""
    rows = reader.rows(VERSIONS, [mention_id])
    return [Version(version=r[0], title=r[1], text=r[2], collected=r[3]) for r in rows]


def corrections(reader: Reader, mention_id: str) -> list[Correction]:
    """Return the labels people changed, oldest first."""
    return [
        Correction(head=r[0], was=r[1], label=r[2], who=r[3], at=r[4], note=r[5])
        for r in reader.rows(CORRECTIONS, [mention_id])
    ]


def queries(reader: Reader) -> list[str]:
    """Return the watch queries that ever matched."""
    return [row[0] for row in reader.rows(QUERIES)]


def health(reader: Reader, day_start: datetime, configured: list[str]) -> list[SourceHealth]:
    """Return how every source is doing, those that fail first."""
    rows = reader.rows(HEALTH, [day_start, day_start, day_start, configured])
    return [_health(row) for row in rows]


# The fields of both classes stand in the order of the columns their statements select.
def _stored(row: Row) -> Stored:
    return Stored(**dict(zip(Stored.__slots__, row, strict=True)))


def _health(row: Row) -> SourceHealth:
    values = dict(zip(SourceHealth.__slots__, row, strict=True))
    return SourceHealth(**{**values, "problems": tuple(values["problems"])})
