"""What readers may open: a byte copy of the database and a Parquet file a day, renamed into place.

The live file is locked by its writer, and a reader of it would stop the next start; so analysts
read these. A reader that has the old file open keeps reading the old file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from storage.copying import copy_apart
from storage.store import Store

CHANGED_DAYS = """
SELECT DISTINCT CAST(event_at + INTERVAL 8 HOUR AS DATE) FROM mention
WHERE collected_at >= ? AND NOT exercise
"""
EXPORT_DAY = """
COPY (SELECT * FROM v_mention WHERE CAST(event_bj AS DATE) = DATE '{day}' ORDER BY seq)
TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""
SEQUENCE = "SELECT seq FROM watermark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Where the published copy lies and which transaction it shows."""

    database: Path
    seq: int
    days: tuple[date, ...]


def publish(store: Store, folder: Path, changed_since: datetime) -> Snapshot:
    """Publish the database as it now stands, and Parquet for the days that changed since then."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "yuqing.duckdb"
    fresh = folder / ".yuqing.duckdb.new"
    with store.quiet() as path, store.read() as reader:
        seq = int(reader.value(SEQUENCE))
        days = tuple(sorted(row[0] for row in reader.rows(CHANGED_DAYS, [changed_since])))
        copy_apart(path, fresh)
    _into_place(fresh, target)
    for day in days:
        _export_day(store, folder / "mention" / f"day={day.isoformat()}", day)
    return Snapshot(database=target, seq=seq, days=days)


def _export_day(store: Store, folder: Path, day: date) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / ".mention.parquet.new"
    with store.read_as_transaction() as tx:
        tx.run(EXPORT_DAY.format(day=day.isoformat(), path=str(fresh).replace("'", "''")))
    _into_place(fresh, folder / "mention.parquet")


def _into_place(fresh: Path, target: Path) -> None:
    with fresh.open("rb+") as file:
        os.fsync(file.fileno())
    fresh.replace(target)
