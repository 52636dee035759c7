"""What the board and the page of one incident show, beyond the incident itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.records import Alert, Delivery, Incident
from storage import incidents, outbox
from storage.store import Reader

COUNTS = """
SELECT im.incident_id, count(*) FILTER (m.repost_of = ''), count(*) FILTER (m.repost_of <> ''),
  count(*) FILTER (m.sentiment = 'negative'),
  count(DISTINCT coalesce(nullif(m.origin, ''), m.source)), max(m.event_at)
FROM incident_mention im JOIN mention m ON m.id = im.mention_id
WHERE im.incident_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY im.incident_id
"""
CLOSED = """SELECT id FROM incident WHERE closed_at IS NOT NULL
ORDER BY closed_at DESC, id LIMIT ?"""
DELIVERY_IDS = "SELECT id FROM delivery WHERE incident_id = ? ORDER BY created_at, id"
ATTEMPTS = """
SELECT delivery_id, done_at, outcome, permanent, detail FROM delivery_attempt
WHERE delivery_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY done_at
"""
DELIVERY_PAGE = """
SELECT id FROM delivery WHERE (? = '' OR status = ?) AND (? = '' OR channel = ?)
ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?
"""
DELIVERY_COUNTS = "SELECT status, count(*) FROM delivery GROUP BY status ORDER BY status"
CHANNELS = "SELECT DISTINCT channel FROM delivery ORDER BY channel"
PULSE = """
SELECT (SELECT count(*) FROM mention WHERE NOT exercise AND collected_at >= ?),
  (SELECT count(*) FROM mention WHERE NOT exercise AND collected_at >= ? AND repost_of = ''),
  (SELECT count(*) FROM mention WHERE NOT exercise AND collected_at >= ?
    AND sentiment = 'negative'),
  (SELECT max(finished_at) FROM cycle WHERE status = 'ok'),
  (SELECT count(*) FROM delivery WHERE status = 'pending'),
  (SELECT count(*) FROM delivery WHERE status = 'dead' AND created_at >= ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far an incident has spread: independent mentions, copies, negatives, sources."""

    independent: int = 0
    reposts: int = 0
    negative: int = 0
    sources: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver, and how it ended."""

    at: datetime
    outcome: str
    permanent: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A delivery with every try."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How the service is doing: today's counts, the last good cycle, what waits to be sent."""

    today: int
    today_independent: int
    today_negative: int
    last_cycle_at: datetime | None
    waiting: int
    dead_today: int


def reach(reader: Reader, ids: Sequence[str]) -> dict[str, Reach]:
    """Return how far each of those incidents has spread; one without mentions is absent."""
    rows = reader.rows(COUNTS, [list(ids)]) if ids else []
    return {
        row[0]: Reach(
            independent=row[1], reposts=row[2], negative=row[3], sources=row[4], last_at=row[5]
        )
        for row in rows
    }


def closed(reader: Reader, at_most: int) -> list[Incident]:
    """Return the incidents closed last, the latest first."""
    ids = [row[0] for row in reader.rows(CLOSED, [at_most])]
    return [case for case in (incidents.incident(reader, i) for i in ids) if case]


def alerts_of(reader: Reader, incident_id: str, at_most: int = 50) -> list[Alert]:
    """Return the alerts of an incident, newest first."""
    return incidents.alerts_of(reader, incident_id, at_most)


def told_about(reader: Reader, incident_id: str) -> list[Told]:
    """Return every message about an incident with its tries, oldest first."""
    return _with_attempts(reader, [row[0] for row in reader.rows(DELIVERY_IDS, [incident_id])])


def told_page(
    reader: Reader, *, status: str = "", channel: str = "", at_most: int = 50, skip: int = 0
) -> list[Told]:
    """Return messages with their tries, newest first; an empty filter means any."""
    rows = reader.rows(DELIVERY_PAGE, [status, status, channel, channel, at_most, skip])
    return _with_attempts(reader, [row[0] for row in rows])


def told_counts(reader: Reader) -> dict[str, int]:
    """Return how many messages stand in each status."""
    return dict(reader.rows(DELIVERY_COUNTS))


def channels(reader: Reader) -> list[str]:
    """Return the channels ever used."""
    return [row[0] for row in reader.rows(CHANNELS)]


def pulse(reader: Reader, day_start: datetime) -> Pulse:
    """Return how the service is doing since the day began."""
    row = reader.rows(PULSE, [day_start] * 4)[0]
    return Pulse(
        today=row[0],
        today_independent=row[1],
        today_negative=row[2],
        last_cycle_at=row[3],
        waiting=row[4],
        dead_today=row[5],
    )


def _with_attempts(reader: Reader, ids: Sequence[str]) -> list[Told]:
    tries: dict[str, list[Attempt]] = {}
    for row in reader.rows(ATTEMPTS, [list(ids)]) if ids else []:
        attempt = Attempt(at=row[1], outcome=row[2], permanent=row[3], detail=row[4])
        tries.setdefault(row[0], []).append(attempt)
    found = (outbox.delivery(reader, delivery_id) for delivery_id in ids)
    return [Told(delivery=d, attempts=tuple(tries.get(d.id, ()))) for d in found if d]
