"""The database as the rest of the product holds it: open it, read it, change it in one transaction.

One process writes. Times go in as aware datetimes and come back as aware UTC; inside the file
they are TIMESTAMP in UTC, so that no time-zone extension is ever needed.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import duckdb
import pyarrow as pa

from storage.errors import (
    StoreBrokenError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
)
from storage.sidecar import Mark, append_mark, last_mark, sidecar_path

LATEST_AUDIT_HASH = "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1"
NEXT_WATERMARK = "UPDATE watermark SET seq = seq + 1 RETURNING seq"
READ_WATERMARK = "SELECT seq FROM watermark"

Row: TypeAlias = tuple[Any, ...]


class Reader:
    """A cursor that reads; one a thread."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows; every datetime in them is aware UTC."""
        with _translated():
            found = self._cursor.execute(sql, _stored(parameters)).fetchall()
        return [_read(row) for row in found]

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """Return the first row, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Return the first cell of the first row, or None."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def table(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Return the result as an Arrow table (times as stored: naive UTC)."""
        with _translated():
            return self._cursor.execute(sql, _stored(parameters)).to_arrow_table()

    def close(self) -> None:
        """Give the cursor back."""
        self._cursor.close()


class Transaction(Reader):
    """A reader that may also change things until its block ends."""

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement that returns nothing of interest."""
        with _translated():
            self._cursor.execute(sql, _stored(parameters))

    def put_rows(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        known: Literal["fail", "replace", "ignore"] = "fail",
    ) -> None:
        """Insert rows in one statement; `known` says what happens to a key that is there already.

        One statement a row costs 100 times more, and memory that a transaction keeps until its end.
        """
        if not rows:
            return
        cells = zip(*(_stored(row) for row in rows), strict=True)
        incoming = pa.table([pa.array(list(column)) for column in cells], names=list(columns))
        action = {"fail": "", "replace": " OR REPLACE", "ignore": " OR IGNORE"}[known]
        names = ", ".join(f'"{name}"' for name in columns)
        sql = f'INSERT{action} INTO "{table}" ({names}) SELECT {names} FROM incoming'  # noqa: S608 - names are ours
        self.run_with("incoming", incoming, sql)

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append an Arrow table whose column names are columns of `table`."""
        if rows.num_rows == 0:
            return
        columns = ", ".join(f'"{name}"' for name in rows.column_names)
        with _translated():
            self._cursor.register("incoming", rows)
            self._cursor.execute(
                f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM incoming'  # noqa: S608 - names are ours
            )
            self._cursor.unregister("incoming")

    def run_with(self, name: str, rows: pa.Table, sql: str) -> None:
        """Run one statement that reads an Arrow table under a name."""
        with _translated():
            self._cursor.register(name, rows)
            self._cursor.execute(sql)
            self._cursor.unregister(name)


class Store:
    """One open database file and its side file. Use `Store.open`, and close it."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: Path, *, memory_limit: str = "512MB", threads: int = 2) -> Self:
        """Open or create the database, migrate it, and compare it with what was acknowledged.

        Raises StoreLockedError when another process has it, StoreDamagedError when the
        database holds less than the side file says was committed.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() and last_mark(sidecar_path(path)) is not None:
            raise StoreDamagedError(
                f"{path} is missing although its side file {sidecar_path(path).name} says it "
                "held data: put the file back or restore a backup (yuqing restore)"
            )
        store = cls(path, _connect(path, memory_limit, threads))
        try:
            store._migrate()
            store._compare_with_sidecar()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open_to_read(cls, path: Path, *, memory_limit: str = "512MB") -> Self:
        """Open an existing copy for reading only; nothing is migrated or compared."""
        return cls(path, _connect(path, memory_limit, 2, read_only=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Give a reader of its own, usable from any thread."""
        reader = Reader(self._connection.cursor())
        try:
            yield reader
        finally:
            reader.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit everything in the block, or nothing of it. One writer at a time.

        When the block ends, the commit is on disk and in the side file.
        """
        with self._lock, self.read_as_transaction() as tx:
            tx.run("BEGIN TRANSACTION")
            try:
                yield tx
                seq = tx.value(NEXT_WATERMARK)
                head = tx.value(LATEST_AUDIT_HASH) or "-"
                tx.run("COMMIT")
            except BaseException:
                # After a failed COMMIT the transaction is gone and ROLLBACK complains.
                with suppress(StoreError):
                    tx.run("ROLLBACK")
                raise
            append_mark(sidecar_path(self.path), Mark(seq=seq, head=head))

    @contextmanager
    def read_as_transaction(self) -> Iterator[Transaction]:
        """Give a cursor that can write; callers want `transaction`."""
        tx = Transaction(self._connection.cursor())
        try:
            yield tx
        finally:
            tx.close()

    @contextmanager
    def quiet(self) -> Iterator[Path]:
        """Give the database file with everything in it while nobody writes, for copying."""
        with self._lock:
            self.checkpoint()
            yield self.path

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file."""
        with self._lock, _translated():
            self._connection.execute("CHECKPOINT")

    def close(self) -> None:
        """Close the database; safe to call twice."""
        with self._lock:
            self._connection.close()

    def _migrate(self) -> None:
        """Run the scripts not run yet, and the views when they changed.

        Definitions go into the file at once: a killed process must not leave them in the log,
        whose replay cannot bind every expression (DuckDB 1.5.5: a DEFAULT of an added column).
        """
        with self.read_as_transaction() as tx:
            tx.run("CREATE TABLE IF NOT EXISTS schema_version (name VARCHAR PRIMARY KEY)")
            done = {row[0] for row in tx.rows("SELECT name FROM schema_version")}
            wanted = [*_scripts("schema"), _views()]
            fresh = [(name, sql) for name, sql in wanted if name not in done]
            for name, sql in fresh:
                tx.run("BEGIN TRANSACTION")
                tx.run(sql)
                tx.run("INSERT INTO schema_version VALUES (?)", [name])
                tx.run("COMMIT")
            if fresh:
                tx.run("CHECKPOINT")

    def _compare_with_sidecar(self) -> None:
        mark = last_mark(sidecar_path(self.path))
        with self.read() as reader:
            seq = reader.value(READ_WATERMARK)
        if mark is not None and seq < mark.seq:
            raise StoreDamagedError(
                f"{self.path} holds transactions up to {seq}, but {mark.seq} were acknowledged: "
                "its write-ahead log was damaged. Keep the files, restore a backup "
                "(yuqing restore) or accept the loss by removing "
                f"{sidecar_path(self.path).name}"
            )


def _connect(
    path: Path, memory_limit: str, threads: int, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with _translated(path):
        return duckdb.connect(str(path), read_only=read_only, config=config)


def _scripts(folder: str) -> list[tuple[str, str]]:
    files = resources.files("storage").joinpath(folder).iterdir()
    return sorted((f.name, f.read_text(encoding="utf-8")) for f in files if f.name.endswith(".sql"))


def _views() -> tuple[str, str]:
    """Return all views as one script, named after its content."""
    sql = "\n".join(text for _, text in _scripts("views"))
    return f"views {hashlib.sha256(sql.encode()).hexdigest()[:16]}", sql


def _stored(parameters: Sequence[object]) -> list[object]:
    return [_naive_utc(p) if isinstance(p, datetime) else p for p in parameters]


def _naive_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise StoreError(f"a time without a zone was about to be stored: {moment}")
    return moment.astimezone(UTC).replace(tzinfo=None)


def _read(row: Row) -> Row:
    return tuple(c.replace(tzinfo=UTC) if isinstance(c, datetime) else c for c in row)


@contextmanager
def _translated(path: Path | None = None) -> Iterator[None]:
    """Turn the library's errors into ours, at this one border."""
    try:
        yield
    except duckdb.Error as error:
        raise _our_error(error, path) from error


def _our_error(error: duckdb.Error, path: Path | None) -> StoreError:
    text = str(error).splitlines()[0]
    if "Could not set lock" in text:
        holder = re.search(r"PID (\d+)", str(error))
        who = f"process {holder[1]}" if holder else "another process"
        return StoreLockedError(
            f"{path} is in use by {who}: stop that process, or read the snapshot (yuqing sql)"
        )
    if isinstance(error, duckdb.FatalException):
        return StoreBrokenError(f"the database stopped itself: {text}")
    if "No space left" in str(error):
        return StoreFullError(f"the disk is full: {text}")
    if path is not None:
        return StoreDamagedError(f"{path} cannot be opened: {text}: restore a backup")
    return StoreError(text)
