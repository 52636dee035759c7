"""The side file: what was acknowledged, kept outside the database that might lose it.

DuckDB can drop committed transactions without an error when its write-ahead log is damaged,
so each commit appends "sequence chain-head" here and forces it to disk, and each start compares.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

KEEP_BYTES = 1 << 20
"""A side file longer than this is rewritten with its last line only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The last acknowledged transaction and the audit chain's head after it."""

    seq: int
    head: str


def sidecar_path(database: Path) -> Path:
    """Return the side file that belongs to a database file."""
    return database.with_name(database.name + ".ack")


def last_mark(path: Path) -> Mark | None:
    """Return the last whole line of the side file, or None when there is none.

    A torn last line (power loss during the append) is passed over: its commit was not yet
    acknowledged to anybody.
    """
    if not path.exists():
        return None
    for line in reversed(path.read_bytes().split(b"\n")[:-1]):
        words = line.decode("ascii", "replace").split(" ")
        if len(words) == 2 and words[0].isdigit():
            return Mark(seq=int(words[0]), head=words[1])
    return None


def append_mark(path: Path, mark: Mark) -> None:
    """Append a mark and return once it is on disk."""
    line = f"{mark.seq} {mark.head}\n".encode("ascii")
    if path.exists() and path.stat().st_size > KEEP_BYTES:
        _rewrite(path, line)
        return
    with path.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _rewrite(path: Path, line: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
