"""Read-only SQL in a process of its own, bounded by the operating system.

DuckDB's memory limit does not bound list and string functions and its interrupt does not stop
them, and its makers say that running untrusted SQL is unsafe by design. So a query runs in a
child with limits on memory, CPU and file size, on the published copy, with its settings locked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from storage.errors import StoreError

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 8
WALL_SECONDS = 12
MAX_ROWS = 10_000
MAX_OUTPUT_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a query gave: column names, rows as JSON values, and whether rows were left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool


def query(snapshot: Path, sql: str, *, max_rows: int = MAX_ROWS) -> Result:
    """Run one query over the published copy.

    Raises StoreError with the database's own first line when it is refused or exceeds a bound.
    """
    if not snapshot.exists():
        raise StoreError(
            f"{snapshot} does not exist yet: it is published after the first cycle (yuqing cycle)"
        )
    request = json.dumps({"snapshot": str(snapshot), "sql": sql, "max_rows": max_rows})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "storage.sandbox"],
            input=request.encode("utf-8"),
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    except subprocess.TimeoutExpired:
        raise StoreError(f"the query ran longer than {WALL_SECONDS} s and was stopped") from None
    return _result(done)


def _result(done: subprocess.CompletedProcess[bytes]) -> Result:
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise StoreError(
            f"the query exceeded its bounds ({MEMORY_BYTES >> 20} MiB of memory, "
            f"{CPU_SECONDS} s of CPU) and was stopped"
        ) from None
    if "error" in answer:
        raise StoreError(answer["error"])
    return Result(
        columns=tuple(answer["columns"]),
        rows=tuple(tuple(row) for row in answer["rows"]),
        cut=answer["cut"],
    )


def main() -> None:
    """Be the child: bound yourself, answer one request from standard input, end."""
    request = json.load(sys.stdin)
    try:
        _bound_this_process()
        answer = _answer(Path(request["snapshot"]), request["sql"], int(request["max_rows"]))
    except (duckdb.Error, MemoryError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        answer = {"error": first}
    text = json.dumps(answer, ensure_ascii=False, default=str)
    if len(text) > MAX_OUTPUT_BYTES:
        text = json.dumps({"error": f"the result is over {MAX_OUTPUT_BYTES >> 20} MiB: ask less"})
    sys.stdout.write(text)


def _bound_this_process() -> None:
    try:
        import resource  # noqa: PLC0415 - absent on Windows
    except ImportError:
        raise ValueError(
            "bounded SQL needs Linux or macOS: open the published copy with a DuckDB client instead"
        ) from None
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer(snapshot: Path, sql: str, max_rows: int) -> dict[str, Any]:
    connection = duckdb.connect(
        str(snapshot),
        read_only=True,
        config={
            "threads": 1,
            "memory_limit": "512MB",
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
        },
    )
    for setting in (
        "SET temp_directory=''",
        "SET enable_external_access=false",
        "SET disabled_filesystems='LocalFileSystem'",
        "SET lock_configuration=true",
    ):
        connection.execute(setting)
    cursor = connection.execute(sql)
    columns = [column[0] for column in cursor.description or ()]
    rows = cursor.fetchmany(max_rows + 1) if columns else []
    return {"columns": columns, "rows": rows[:max_rows], "cut": len(rows) > max_rows}


if __name__ == "__main__":
    main()
