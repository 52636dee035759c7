"""Sources: what each remembers, how each fared, and what it has brought."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.records import SourceRun
from storage.store import Reader, Transaction

STATES = "SELECT source, state, next_due_at FROM source_state"
STATE_COLUMNS = ("source", "state", "next_due_at", "updated_at")
NEXT_CYCLE = "SELECT coalesce(max(id), 0) + 1 FROM cycle"
ADD_CYCLE = "INSERT INTO cycle VALUES (?, ?, ?, ?, ?)"
RUN_COLUMNS = (
    *("cycle_id", "source", "started_at", "finished_at", "status", "reason"),
    *("fetched", "stored", "updated", "duplicates", "problems"),
)
REGISTERED = """
SELECT source, title, kind, media_tier, purpose, enabled FROM source_register
QUALIFY row_number() OVER (PARTITION BY source ORDER BY since DESC) = 1
"""
REGISTER_COLUMNS = ("source", "title", "kind", "media_tier", "purpose", "enabled", "since")
LAST_GOOD_CYCLE = "SELECT max(finished_at) FROM cycle WHERE status = 'ok'"
RECENT_RUNS = """
SELECT source, started_at, finished_at, status, reason, fetched, stored, updated, duplicates,
  problems
FROM source_run WHERE started_at >= ? ORDER BY started_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMemory:
    """What a source remembers between cycles, and when it is due."""

    state: Mapping[str, Any]
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What a source is and why it is collected."""

    source: str
    title: str
    kind: str
    media_tier: str
    purpose: str
    enabled: bool


def register(tx: Transaction, found: Sequence[Registered], now: datetime) -> None:
    """Record the sources whose name, kind, tier, purpose or kill switch changed."""
    known = {row[0]: row for row in tx.rows(REGISTERED)}
    rows = [(s.source, s.title, s.kind, s.media_tier, s.purpose, s.enabled) for s in found]
    fresh = [[*row, now] for row in rows if known.get(row[0]) != row]
    tx.put_rows("source_register", REGISTER_COLUMNS, fresh)


def memories(reader: Reader) -> dict[str, SourceMemory]:
    """Return each source's memory."""
    return {
        row[0]: SourceMemory(state=json.loads(row[1]), next_due_at=row[2])
        for row in reader.rows(STATES)
    }


def remember(tx: Transaction, memories: Mapping[str, SourceMemory], now: datetime) -> None:
    """Keep what sources remember."""
    tx.put_rows(
        "source_state",
        STATE_COLUMNS,
        [
            [source, json.dumps(dict(memory.state), ensure_ascii=False), memory.next_due_at, now]
            for source, memory in memories.items()
        ],
        known="replace",
    )


def record_cycle(
    tx: Transaction, started: datetime, finished: datetime, runs: Sequence[SourceRun], note: str
) -> int:
    """Write the cycle and how each source fared; return the cycle's number."""
    number = int(tx.value(NEXT_CYCLE))
    tx.run(ADD_CYCLE, [number, started, finished, "ok", note])
    tx.put_rows(
        "source_run",
        RUN_COLUMNS,
        [
            [number, run.source, run.started_at, run.finished_at, run.status, run.reason]
            + [run.fetched, run.stored, run.updated, run.duplicates, list(run.problems)]
            for run in runs
        ],
    )
    return number


def last_good_cycle(reader: Reader) -> datetime | None:
    """Return when the last successful cycle ended."""
    found = reader.value(LAST_GOOD_CYCLE)
    return found if isinstance(found, datetime) else None


def recent_runs(reader: Reader, since: datetime) -> list[SourceRun]:
    """Return the runs since then, oldest first."""
    return [
        SourceRun(
            source=row[0],
            started_at=row[1],
            finished_at=row[2],
            status=row[3],
            reason=row[4],
            fetched=row[5],
            stored=row[6],
            updated=row[7],
            duplicates=row[8],
            problems=tuple(row[9]),
        )
        for row in reader.rows(RECENT_RUNS, [since])
    ]
