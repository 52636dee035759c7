"""Tables as offices export them: CSV in any encoding, XLSX, XLS, HTML called XLS, JSON lines.

`read_tables(path)` looks at the bytes, not at the file's name, and gives each sheet with its
header found. A bad row is a `RowProblem` among the rows, and the rest goes on; a file that cannot
be read at all is a `TableError` with one clear line. Rows are read as they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final

Cell = str | int | float | bool | datetime | None
"""A value of a table. Times have no zone: the reader of a column knows where it was written."""

MAX_FILE_BYTES: Final = 1024 * 1024 * 1024
MAX_COLUMNS: Final = 512
HEADER_ROWS_SEARCHED: Final = 12


class TableError(Exception):
    """A file or sheet cannot be read; the text is one line: what, where, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; `number` counts from 1 as the office's own program shows it."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """A row that could not be used, and why."""

    file: str
    sheet: str
    row: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}[{self.sheet}]" if self.sheet else self.file
        return f"{where}:{self.row}: {self.reason}"


RawRows = Iterator[Row | RowProblem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet as it lies in the file; `name` is empty where the format has no sheets.

    In a `delimited` one a row wider than its header is broken; elsewhere it has a side note.
    """

    name: str
    rows: RawRows
    delimited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A sheet with its header found. `header_row` is 0 for JSON, whose keys are the columns."""

    file: str
    sheet: str
    columns: tuple[str, ...]
    header_row: int
    rows: RawRows
    delimited: bool = False


Known = Callable[[str], bool]
"""Whether a text is a column name that somebody can use: this is how a header is found."""


def read_tables(path: Path, known: Known) -> Iterator[Table]:
    """Yield the tables of a file, each with its header.

    A sheet without any known column name is headed by its first row that is not empty. Raises
    TableError where the file cannot be read; a file without rows yields nothing. The rows of
    one table are to be read before the next is asked for: the file is open just as long.
    """
    for sheet in _sheets(path, known):
        table = find_header(path.name, sheet, known)
        if table is not None:
            yield table


def _sheets(path: Path, known: Known) -> Iterator[Sheet]:
    # Imported here: each reader needs the types above.
    from collectors import table_sheets, table_text  # noqa: PLC0415

    head = _head(path)
    if head.startswith(b"PK\x03\x04"):
        return table_sheets.read_xlsx(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return table_sheets.read_xls(path)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        return table_sheets.read_html(path)
    if start in (b"{", b"["):
        return table_text.read_json(path)
    return table_text.read_csv(path, known)


def _head(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    if size > MAX_FILE_BYTES:
        raise TableError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; split it")
    if not head.strip():
        raise TableError(f"{path}: the file is empty")
    return head


def find_header(file: str, sheet: Sheet, known: Known) -> Table | None:
    """Return the sheet with its header row found among the first rows, or None without rows.

    A title above the header is skipped; a header of two rows (a merged group name above the
    names) is joined. The row, or pair, with the most known names wins; the upper one on a tie.
    """
    first = list(islice(sheet.rows, HEADER_ROWS_SEARCHED))
    rows = [row for row in first if isinstance(row, Row)]
    if not rows:
        return None
    best, last_of_header, most = _names(rows[0]), rows[0], -1
    for upper, lower in zip([None, *rows], rows, strict=False):
        single = _names(lower)
        for names in (single, joined(_names(upper), single) if upper else single):
            score = len({name for name in names if known(name)})
            if score > most:
                best, last_of_header, most = names, lower, score
    rest = first[first.index(last_of_header) + 1 :]
    return Table(
        file=file,
        sheet=sheet.name,
        columns=best,
        header_row=last_of_header.number,
        rows=chain(rest, sheet.rows),
        delimited=sheet.delimited,
    )


def joined(upper: Sequence[str], lower: Sequence[str]) -> tuple[str, ...]:
    """Join two header rows: the lower name, or the upper one where the lower cell is merged."""
    width = max(len(upper), len(lower))
    pad = [""] * width
    pairs = zip([*upper, *pad][:width], [*lower, *pad][:width], strict=True)
    return tuple(below or above for above, below in pairs)


def _names(row: Row) -> tuple[str, ...]:
    return tuple(cell_text(cell) for cell in row.cells)


def cell_text(cell: Cell) -> str:
    """Return a cell as a person reads it: 24, not 24.0; a time to the second."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e18:
        return str(int(cell))
    return str(cell)


def trimmed(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Return the cells without the empty ones at the end, and at most MAX_COLUMNS."""
    kept = list(islice(cells, MAX_COLUMNS))
    while kept and (kept[-1] is None or kept[-1] == ""):
        kept.pop()
    return tuple(kept)
