"""Silences: what is not told for a while, by whom and why; listed, never hidden."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.store import Reader, Row, Transaction

NEXT = "SELECT coalesce(max(id), 0) + 1 FROM silence"
ADD = "INSERT INTO silence VALUES (?, ?, ?, ?, ?, ?)"
FROM_END = "SELECT id, matcher, starts_at, ends_at, author, reason FROM silence WHERE ends_at > ?"
LISTED = """SELECT id, matcher, starts_at, ends_at, author, reason FROM silence
ORDER BY ends_at DESC, id DESC LIMIT ?"""
ONE = "SELECT id, matcher, starts_at, ends_at, author, reason FROM silence WHERE id = ?"
END = "UPDATE silence SET ends_at = ? WHERE id = ? AND ends_at > ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRow:
    """A silence as stored; `matcher` is the JSON of what it applies to."""

    id: int
    matcher: str
    starts_at: datetime
    ends_at: datetime
    author: str
    reason: str


def add(tx: Transaction, row: SilenceRow) -> int:
    """Keep a silence and return its number (the one given is not used)."""
    number = int(tx.value(NEXT))
    tx.run(ADD, [number, row.matcher, row.starts_at, row.ends_at, row.author, row.reason])
    return number


def not_over(reader: Reader, now: datetime) -> list[SilenceRow]:
    """Return the silences in force or still to come."""
    return [_row(row) for row in reader.rows(FROM_END, [now])]


def listed(reader: Reader, at_most: int) -> list[SilenceRow]:
    """Return silences, those over among them, the one that ends last first."""
    return [_row(row) for row in reader.rows(LISTED, [at_most])]


def one(reader: Reader, number: int) -> SilenceRow | None:
    """Return the silence of that number, or None."""
    row = reader.row(ONE, [number])
    return _row(row) if row else None


def end(tx: Transaction, number: int, now: datetime) -> None:
    """End a silence now; one that is over stays as it was."""
    tx.run(END, [now, number, now])


def _row(row: Row) -> SilenceRow:
    return SilenceRow(
        id=row[0], matcher=row[1], starts_at=row[2], ends_at=row[3], author=row[4], reason=row[5]
    )
