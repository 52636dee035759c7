"""Alerts, incidents, their clocks, steps and acknowledgements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.records import Alert, Clock, Incident, IncidentState, Level
from storage.store import Reader, Row, Transaction

INCIDENT_COLUMNS = """id, number, title, state, level_suggested, level_confirmed, emergency_grade,
  detected_at, occurred_at, assigned_at, updated_at, closed_at, story_id, topic, place,
  responsible_unit, co_units, exercise"""
OPEN = (
    f"SELECT {INCIDENT_COLUMNS} FROM incident "  # noqa: S608 - a constant of ours
    "WHERE closed_at IS NULL ORDER BY detected_at"
)
ONE = f"SELECT {INCIDENT_COLUMNS} FROM incident WHERE id = ?"  # noqa: S608 - a constant of ours
CLOSED_SINCE = f"SELECT {INCIDENT_COLUMNS} FROM incident WHERE closed_at >= ?"  # noqa: S608
LEVEL_SINCE = """SELECT incident_id, max(done_at) FROM incident_event
WHERE action = 'regraded' GROUP BY incident_id"""
PROGRESS = """SELECT incident_id, max(done_at) FROM incident_event
WHERE who <> ? AND action <> 'acknowledged' GROUP BY incident_id"""
ALL = f"SELECT {INCIDENT_COLUMNS} FROM incident ORDER BY detected_at"  # noqa: S608 - same
CLOSE_EXERCISE = """UPDATE incident SET closed_at = ?, updated_at = ?, state = 'archived'
WHERE id = ? AND exercise"""
PUT = f"""INSERT OR REPLACE INTO incident ({INCIDENT_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608 - same
COUNT_OF_YEAR = """SELECT count(*) FROM incident
WHERE year(detected_at + INTERVAL 8 HOUR) = ? AND exercise = ?"""
TIE_COLUMNS = ("incident_id", "mention_id", "added_at")
# A story is part of a case when at least half of its independent mentions are tied to the case.
STORIES_OF_CASES = """
WITH tied AS (
  SELECT m.story_id, im.incident_id, count(*) AS mentions FROM incident_mention im
  JOIN incident i ON i.id = im.incident_id AND i.closed_at IS NULL
  JOIN mention m ON m.id = im.mention_id AND m.repost_of = '' AND m.story_id <> ''
  GROUP BY m.story_id, im.incident_id),
whole AS (
  SELECT story_id, count(*) AS mentions FROM mention
  WHERE repost_of = '' AND story_id IN (SELECT story_id FROM tied) GROUP BY story_id),
part AS (
  SELECT tied.story_id, tied.incident_id, tied.mentions FROM tied JOIN whole USING (story_id)
  WHERE tied.mentions * 2 >= whole.mentions)
"""
CASE_OF_STORY = f"{STORIES_OF_CASES} SELECT story_id, incident_id FROM part ORDER BY mentions"  # noqa: S608 - a constant of ours
TIE_NEW_MEMBERS = f"""
INSERT OR IGNORE INTO incident_mention {STORIES_OF_CASES}
SELECT DISTINCT part.incident_id, m.id, ?::TIMESTAMP FROM part
JOIN mention m ON m.story_id = part.story_id AND m.collected_at >= ?
"""  # noqa: S608 - a constant of ours
NEXT_EVENT = "SELECT coalesce(max(seq), 0) + 1 FROM incident_event"
ADD_EVENT = "INSERT INTO incident_event VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
EVENTS = """SELECT seq, incident_id, done_at, who, action, from_value, to_value, note
FROM incident_event WHERE incident_id = ? ORDER BY seq"""
CLOCK_COLUMNS = """incident_id, clock_id, zh, t0_name, t0, due, basis, source, met_at,
  extended_from, extension_reason, flag"""
PUT_CLOCK = f"""INSERT OR REPLACE INTO clock ({CLOCK_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608 - a constant of ours
FORGET_CLOCKS = "DELETE FROM clock WHERE incident_id = ?"
CLOCKS = f"SELECT {CLOCK_COLUMNS} FROM clock WHERE incident_id = ? ORDER BY due"  # noqa: S608
RUNNING_CLOCKS = f"""SELECT {CLOCK_COLUMNS} FROM clock
WHERE met_at IS NULL AND incident_id IN (SELECT id FROM incident WHERE closed_at IS NULL)
ORDER BY due"""  # noqa: S608 - a constant of ours
ADD_ALERT = "INSERT INTO alert VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ALERT_COLUMNS = """id, rule, grp, level, title, reasons, raised_at, window_start, window_end,
  story_id, topic, mention_ids, mentions, independent, sources, incident_id, exercise"""
ALERTS_SINCE = f"SELECT {ALERT_COLUMNS} FROM alert WHERE raised_at >= ? ORDER BY raised_at"  # noqa: S608
ALERTS_OF = f"""SELECT {ALERT_COLUMNS} FROM alert WHERE incident_id = ?
ORDER BY raised_at DESC, id LIMIT ?"""  # noqa: S608 - a constant of ours
LATEST_ALERTS = f"""SELECT {ALERT_COLUMNS}
FROM alert WHERE incident_id IN (
  SELECT id FROM incident WHERE closed_at IS NULL OR closed_at >= ?)
QUALIFY row_number() OVER (PARTITION BY incident_id ORDER BY raised_at DESC, level DESC, id) = 1"""  # noqa: S608 - same
ACKNOWLEDGE = "INSERT INTO acknowledgement VALUES (?, ?, ?, ?, ?)"
ACKNOWLEDGEMENTS = """SELECT incident_id, done_at, who, how, delivery_id FROM acknowledgement
ORDER BY done_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert and the incident it belongs to."""

    alert: Alert
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a case: who changed what, when, and why."""

    incident_id: str
    at: datetime
    who: str
    action: str
    from_value: str = ""
    to_value: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Who said "I have it", when and how (link, console, command line)."""

    incident_id: str
    at: datetime
    who: str
    how: str
    delivery_id: str = ""


def open_incidents(reader: Reader) -> list[Incident]:
    """Return the incidents nobody has closed, oldest first."""
    return [_incident(row) for row in reader.rows(OPEN)]


def all_incidents(reader: Reader) -> list[Incident]:
    """Return every incident, oldest first."""
    return [_incident(row) for row in reader.rows(ALL)]


def closed_since(reader: Reader, start: datetime) -> list[Incident]:
    """Return the incidents closed since then."""
    return [_incident(row) for row in reader.rows(CLOSED_SINCE, [start])]


def level_since(reader: Reader) -> dict[str, datetime]:
    """Return when each incident last changed its level, where it did."""
    return {row[0]: row[1] for row in reader.rows(LEVEL_SINCE)}


def progress(reader: Reader, machine: str) -> dict[str, datetime]:
    """Return when a person last moved each incident; `machine` is the program's own name."""
    return {row[0]: row[1] for row in reader.rows(PROGRESS, [machine])}


def incident(reader: Reader, incident_id: str) -> Incident | None:
    """Return one incident, or None."""
    row = reader.row(ONE, [incident_id])
    return _incident(row) if row else None


def incidents_of_year(reader: Reader, year: int, *, exercise: bool = False) -> int:
    """Return how many incidents (or exercises) were opened in a Shanghai calendar year."""
    return int(reader.value(COUNT_OF_YEAR, [year, exercise]))


def put_incident(tx: Transaction, case: Incident) -> None:
    """Write an incident as it now stands."""
    tx.run(
        PUT,
        [case.id, case.number, case.title, case.state.value, int(case.level_suggested)]
        + [_number(case.level_confirmed), _number(case.emergency_grade), case.detected_at]
        + [case.occurred_at, case.assigned_at, case.updated_at, case.closed_at, case.story_id]
        + [case.topic, case.place, case.responsible_unit, list(case.co_units), case.exercise],
    )


def close_exercise(tx: Transaction, incident_id: str, now: datetime) -> None:
    """Archive an exercise; a real incident is never touched by this."""
    tx.run(CLOSE_EXERCISE, [now, now, incident_id])


def add_mentions(tx: Transaction, incident_id: str, ids: Sequence[str], now: datetime) -> None:
    """Tie mentions to an incident; known ties are left alone."""
    rows = [[incident_id, mention_id, now] for mention_id in dict.fromkeys(ids)]
    tx.put_rows("incident_mention", TIE_COLUMNS, rows, known="ignore")


def case_of_story(reader: Reader) -> dict[str, str]:
    """Return the open case each story is part of; of several the one with most of it."""
    return {row[0]: row[1] for row in reader.rows(CASE_OF_STORY)}


def tie_new_members(tx: Transaction, since: datetime, now: datetime) -> None:
    """Tie what the stories of open cases gained since then to the cases."""
    tx.run(TIE_NEW_MEMBERS, [now, since])


def add_step(tx: Transaction, step: Step) -> None:
    """Append one step to a case."""
    number = tx.value(NEXT_EVENT)
    tx.run(
        ADD_EVENT,
        [number, step.incident_id, step.at, step.who, step.action]
        + [step.from_value, step.to_value, step.note],
    )


def steps(reader: Reader, incident_id: str) -> list[Step]:
    """Return a case's steps, oldest first."""
    return [
        Step(
            incident_id=row[1],
            at=row[2],
            who=row[3],
            action=row[4],
            from_value=row[5],
            to_value=row[6],
            note=row[7],
        )
        for row in reader.rows(EVENTS, [incident_id])
    ]


def put_clock(tx: Transaction, clock: Clock) -> None:
    """Write a clock as it now stands."""
    tx.run(
        PUT_CLOCK,
        [clock.incident_id, clock.clock_id, clock.zh, clock.t0_name, clock.t0, clock.due]
        + [clock.basis, clock.source, clock.met_at, clock.extended_from]
        + [clock.extension_reason, clock.flag],
    )


def replace_clocks(tx: Transaction, incident_id: str, running: Sequence[Clock]) -> None:
    """Write an incident's clocks; one that no longer applies is taken away."""
    tx.run(FORGET_CLOCKS, [incident_id])
    for clock in running:
        put_clock(tx, clock)


def clocks(reader: Reader, incident_id: str) -> list[Clock]:
    """Return an incident's clocks, the nearest deadline first."""
    return [_clock(row) for row in reader.rows(CLOCKS, [incident_id])]


def running_clocks(reader: Reader) -> list[Clock]:
    """Return the unmet clocks of open incidents, the nearest deadline first."""
    return [_clock(row) for row in reader.rows(RUNNING_CLOCKS)]


def add_alert(tx: Transaction, alert: Alert, incident_id: str) -> None:
    """Append an alert."""
    tx.run(
        ADD_ALERT,
        [alert.id, alert.rule, alert.group, int(alert.level), alert.title, list(alert.reasons)]
        + [alert.raised_at, alert.window_start, alert.window_end, alert.story_id, alert.topic]
        + [list(alert.mention_ids), alert.mentions, alert.independent, alert.sources]
        + [incident_id, alert.exercise],
    )


def alerts_since(reader: Reader, since: datetime) -> list[StoredAlert]:
    """Return the alerts raised since then, oldest first."""
    return [_alert(row) for row in reader.rows(ALERTS_SINCE, [since])]


def alerts_of(reader: Reader, incident_id: str, at_most: int) -> list[Alert]:
    """Return an incident's alerts, the newest first."""
    return [_alert(row).alert for row in reader.rows(ALERTS_OF, [incident_id, at_most])]


def latest_alerts(reader: Reader, closed_since: datetime) -> dict[str, Alert]:
    """Return the latest alert of each incident that is open, or was closed since then."""
    found = [_alert(row) for row in reader.rows(LATEST_ALERTS, [closed_since])]
    return {stored.incident_id: stored.alert for stored in found}


def acknowledge(tx: Transaction, ack: Acknowledgement) -> None:
    """Record an acknowledgement."""
    tx.run(ACKNOWLEDGE, [ack.incident_id, ack.at, ack.who, ack.how, ack.delivery_id])


def acknowledgements(reader: Reader) -> dict[str, list[Acknowledgement]]:
    """Return the acknowledgements by incident, oldest first."""
    found: dict[str, list[Acknowledgement]] = {}
    for row in reader.rows(ACKNOWLEDGEMENTS):
        ack = Acknowledgement(
            incident_id=row[0], at=row[1], who=row[2], how=row[3], delivery_id=row[4]
        )
        found.setdefault(ack.incident_id, []).append(ack)
    return found


def _number(level: Level | None) -> int | None:
    return None if level is None else int(level)


def _level(number: int | None) -> Level | None:
    return None if number is None else Level(number)


def _incident(row: Row) -> Incident:
    return Incident(
        id=row[0],
        number=row[1],
        title=row[2],
        state=IncidentState(row[3]),
        level_suggested=Level(row[4]),
        level_confirmed=_level(row[5]),
        emergency_grade=_level(row[6]),
        detected_at=row[7],
        occurred_at=row[8],
        assigned_at=row[9],
        updated_at=row[10],
        closed_at=row[11],
        story_id=row[12],
        topic=row[13],
        place=row[14],
        responsible_unit=row[15],
        co_units=tuple(row[16]),
        exercise=row[17],
    )


def _clock(row: Row) -> Clock:
    return Clock(
        incident_id=row[0],
        clock_id=row[1],
        zh=row[2],
        t0_name=row[3],
        t0=row[4],
        due=row[5],
        basis=row[6],
        source=row[7],
        met_at=row[8],
        extended_from=row[9],
        extension_reason=row[10],
        flag=row[11],
    )


def _alert(row: Row) -> StoredAlert:
    alert = Alert(
        id=row[0],
        rule=row[1],
        group=row[2],
        level=Level(row[3]),
        title=row[4],
        reasons=tuple(row[5]),
        raised_at=row[6],
        window_start=row[7],
        window_end=row[8],
        story_id=row[9],
        topic=row[10],
        mention_ids=tuple(row[11]),
        mentions=row[12],
        independent=row[13],
        sources=row[14],
        exercise=row[16],
    )
    return StoredAlert(alert=alert, incident_id=row[15])
