"""How commands print: JSON lines, tables, progress, and errors that become one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pipeline.settings import Loaded, load


class CommandError(Exception):
    """A command could not do its work: one line, and the exit code (1 failed, 2 wrong use)."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


Bar = Callable[[str, int, int], None]
"""Told what ended, how many have ended, and how many there are."""

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="Configuration file", envvar="YUQING_CONFIG")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON lines")]
DEFAULT_CONFIG = Path("yuqing.yaml")

err = Console(stderr=True)


def configured(path: Path) -> Loaded:
    """Read the configuration a command works with."""
    return load(path)


def print_json(row: object) -> None:
    """Print one JSON line with Chinese as it is written."""
    sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table for people."""
    table = Table(title=title or None, title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table)


def read_lines(file: Path | None) -> Iterator[str]:
    """Yield the lines of a file or of standard input, without their ends."""
    if file is None or str(file) == "-":
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # a text stream
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    yield from read_text(file).splitlines()


def read_text(file: Path) -> str:
    """Return a UTF-8 text file; CommandError says what is wrong with it."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CommandError(f"{file}: no such file", 2) from None
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{file}: byte {error.start} is not UTF-8: convert the file", 2
        ) from None
    except OSError as error:
        raise CommandError(f"{file}: cannot be read: {error.strerror}", 2) from None


def read_bytes(file: Path) -> bytes:
    """Return a file's bytes; CommandError says what is wrong with it."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise CommandError(f"{file}: no such file", 2) from None
    except OSError as error:
        raise CommandError(f"{file}: cannot be read: {error.strerror}", 2) from None


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Bar]:
    """Show a bar with counts and rate on a terminal; nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=total)

        def advance(note: str, done: int, of: int) -> None:
            progress.update(task, description=f"{what} {note}", completed=done, total=of)

        yield advance
