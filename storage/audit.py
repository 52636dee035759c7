"""The audit chain: append-only, each row's hash covers the row and the hash before it.

The head is also in the side file after each commit, so cutting the tail shows too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from storage.sidecar import last_mark, sidecar_path
from storage.store import Reader, Store, Transaction

HEAD = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
APPEND = "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)"
ALL = "SELECT seq, done_at, who, action, subject, detail, hash FROM audit ORDER BY seq"
DONE = """SELECT count(*) > 0 FROM audit
WHERE done_at >= ? AND who = ? AND action = ? AND subject = ?"""
FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What a check of the chain found; `problem` is empty when it is whole."""

    rows: int
    head: str
    problem: str = ""


def append(
    tx: Transaction, now: datetime, who: str, action: str, subject: str, detail: str = ""
) -> None:
    """Add one row: who did what to what, and when."""
    last = tx.row(HEAD)
    seq, before = (last[0] + 1, last[1]) if last else (1, FIRST_HASH)
    tx.run(
        APPEND,
        [seq, now, who, action, subject, detail]
        + [_hash(before, seq, now, (who, action, subject, detail))],
    )


def done_since(reader: Reader, since: datetime, who: str, action: str, subject: str) -> bool:
    """Say whether somebody did something to a subject since then."""
    return bool(reader.value(DONE, [since, who, action, subject]))


def check(reader: Reader, acknowledged_head: str | None = None) -> ChainReport:
    """Recompute the chain; an edited, removed, inserted or swapped row is named."""
    before, expected, rows = FIRST_HASH, 1, 0
    for seq, at, who, action, subject, detail, stored in reader.rows(ALL):
        rows += 1
        if seq != expected:
            return ChainReport(rows=rows, head=before, problem=f"row {expected} is missing")
        before = _hash(before, seq, at, (who, action, subject, detail))
        if before != stored:
            return ChainReport(rows=rows, head=before, problem=f"row {seq} was changed")
        expected += 1
    if acknowledged_head and rows and acknowledged_head not in {before, "-"}:
        return ChainReport(
            rows=rows, head=before, problem="the end of the chain differs from the side file"
        )
    return ChainReport(rows=rows, head=before)


def check_store(store: Store) -> ChainReport:
    """Check the chain of an open store against its side file."""
    mark = last_mark(sidecar_path(store.path))
    with store.read() as reader:
        return check(reader, mark.head if mark else None)


def _hash(before: str, seq: int, at: datetime, words: tuple[str, str, str, str]) -> str:
    line = "\x1f".join((before, str(seq), str(int(at.timestamp() * 1_000_000)), *words))
    return hashlib.sha256(line.encode("utf-8")).hexdigest()
