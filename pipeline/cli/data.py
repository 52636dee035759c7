"""Commands on stored data: sql, backup, restore, verify, bench."""

from __future__ import annotations

import csv
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.output import (
    DEFAULT_CONFIG,
    AsJson,
    CommandError,
    ConfigFile,
    configured,
    print_json,
    print_table,
    read_text,
)
from pipeline.publish import snapshot_folder
from storage import audit, backup, sandbox
from storage.store import Store


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(sql)
    app.command("backup")(backup_command)
    app.command()(restore)
    app.command()(verify)
    app.command("bench")(bench_command)


def sql(
    query: Annotated[
        str, typer.Argument(help="A query, @FILE, or nothing for the list of views")
    ] = "",
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV")] = False,
    max_rows: Annotated[int, typer.Option(help="Rows printed at most", min=1)] = 1000,
) -> None:
    """Run read-only SQL over the published copy, bounded in memory, time and files."""
    snapshot = snapshot_folder(configured(config)) / "yuqing.duckdb"
    words = read_text(Path(query[1:])) if query.startswith("@") else query or VIEWS
    result = sandbox.query(snapshot, words, max_rows=max_rows)
    if as_json:
        for row in result.rows:
            print_json(dict(zip(result.columns, row, strict=True)))
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(result.columns)
        writer.writerows([[inert(cell) for cell in row] for row in result.rows])
    else:
        print_table("", result.columns, result.rows)
    if result.cut:
        print(f"yuqing: only the first {max_rows} rows are shown (--max-rows)", file=sys.stderr)


VIEWS = """SELECT view_name AS view, string_agg(column_name, ', ' ORDER BY column_index) AS columns
FROM duckdb_views() v JOIN duckdb_columns() c ON c.table_name = v.view_name
WHERE NOT v.internal GROUP BY view_name ORDER BY view_name"""


def inert(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    if not isinstance(cell, str):
        return cell
    start = cell.lstrip("\t\r\n \u200b\ufeff\u3000")[:1]
    return f"'{cell}" if start in set("=+-@＝＋－＠\t\r") else cell


def backup_command(
    folder: Annotated[Path, typer.Argument(help="New folder for the copy")],
    *,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Make a verified copy (while the service is stopped; a running one is copied by snapshot)."""
    with Store.open(configured(config).database) as store:
        manifest = backup.back_up(store, folder, datetime.now(UTC))
    print(f"{folder}: {sum(manifest.rows.values())} rows, sha256 {manifest.sha256[:16]}…, verified")


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder of a backup")],
    *,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Put a verified backup in place; what was there is kept aside."""
    database = configured(config).database
    if database.exists():
        Store.open(database).close()  # refuses while the service holds it
    manifest = backup.restore(folder, database)
    print(f"{database}: {sum(manifest.rows.values())} rows restored from {manifest.made_at}")


def verify(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of a backup; without, the database itself")
    ] = None,
    *,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Check a backup, or the audit chain of the database against its side file."""
    if folder is not None:
        manifest = backup.verify(folder)
        print(f"{folder}: whole, made {manifest.made_at}, {manifest.audit_rows} audit rows")
        return
    with Store.open(configured(config).database) as store:
        report = audit.check_store(store)
    if report.problem:
        raise CommandError(f"audit chain: {report.problem}")
    print(f"audit chain of {report.rows} rows is whole; head {report.head[:16]}…")


def bench_command(
    name: Annotated[
        str, typer.Argument(help="A subject, or text, or all; nothing lists them")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Measure against the peers in one run; needs the extra `bench`."""
    subjects = _subjects()
    if not name:
        print_table("", ("subject", "measures"), [(s, _about(s)) for s in subjects])
        return
    chosen = _chosen(name, subjects)
    for row in _rows(chosen):
        if as_json:
            print_json({k: getattr(row, k) for k in row.__slots__} | {"ratio": row.ratio})
        else:
            print(_line(row))


def _subjects() -> list[str]:
    # By name: the benchmarks stand above the command line, which only finds them.
    folder = importlib.import_module("bench").__path__
    names = [module.name for module in pkgutil.iter_modules(folder) if module.name[0] != "_"]
    return sorted(n for n in names if hasattr(importlib.import_module(f"bench.{n}"), "run"))


def _chosen(name: str, subjects: list[str]) -> list[str]:
    """Return the subjects a name means: one, a group (`text`), or all."""
    found = subjects if name == "all" else [s for s in subjects if s in GROUPS.get(name, {name})]
    if not found:
        raise CommandError(f"there is no benchmark {name!r}; there is: {', '.join(subjects)}", 2)
    return found


GROUPS = {"text": {"text_folding", "watch", "redact", "duplicates", "stories"}}


def _rows(subjects: list[str]) -> Iterator[Any]:
    for subject in subjects:
        try:
            yield from importlib.import_module(f"bench.{subject}").run()
        except ImportError as error:
            raise CommandError(
                f"{subject}: {error.name} is not installed: pip install -e '.[bench]'"
            ) from None


def _about(subject: str) -> str:
    words = importlib.import_module(f"bench.{subject}").__doc__ or ""
    return words.strip().splitlines()[0] if words.strip() else ""


def _line(row: Any) -> str:
    peer = "" if row.peer is None else f"  {row.peer_name} {row.peer:.4g} (×{row.ratio:.3g})"
    goal = f"  goal {row.goal}" if row.goal else ""
    mark = {None: " ", True: "✔", False: "✘"}[row.met]
    return f"{mark} {row.name}: {row.ours:.4g} {row.unit}{peer}{goal}"
