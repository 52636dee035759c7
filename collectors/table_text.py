"""CSV and JSON lines, row by row: one broken row costs itself, not the rest of the file."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from collectors.decode import decode
from collectors.tables import (
    Cell,
    Known,
    Row,
    RowProblem,
    Sheet,
    TableError,
    cell_text,
    find_header,
    trimmed,
)

DELIMITERS: Final = (",", "\t", ";", "|", "，")
SNIFFED_LINES: Final = 20
SAMPLE_BYTES: Final = 4 * 1024 * 1024
READ_BYTES: Final = 1024 * 1024
# A message may hold many line breaks; a quote that never ends must not swallow the file.
MAX_LINES_A_ROW: Final = 1000
MAX_JSON_BYTES: Final = 64 * 1024 * 1024
KEYS_FROM_LINES: Final = 200


def read_csv(path: Path, known: Known) -> Iterator[Sheet]:
    """Yield the one sheet of a CSV file; encoding and delimiter are found."""
    encoding = find_encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = Lines(_clean(file))
        delimiter = _delimiter(path.name, lines, known)
        yield Sheet(name="", rows=_csv_rows(path.name, lines, delimiter), delimited=True)


def find_encoding(path: Path) -> str:
    """Return the encoding of a whole file: UTF-8 unless a byte says otherwise.

    The guess is made where the first byte stands that is no UTF-8: an export may begin with
    megabytes of ASCII.
    """
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        bad = _first_bad_byte(path)
        file.seek(bad if bad >= SAMPLE_BYTES else 0)
        sample = file.read(SAMPLE_BYTES)
    if (wide := _unmarked_utf16(sample)) is not None:
        return wide
    encoding = decode(sample, kind="text").encoding if sample else "utf-8"
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _unmarked_utf16(sample: bytes) -> str | None:
    """Return the UTF-16 of a Chinese table without a mark: its delimiters and digits hold NULs."""
    low, high = sample[::2].count(0), sample[1::2].count(0)
    if (low + high) * 50 < len(sample) or not sample:
        return None
    return "utf-16-le" if high > low * 10 else "utf-16-be" if low > high * 10 else None


def _first_bad_byte(path: Path) -> int:
    """Return where UTF-8 ends being valid (a little before), or the length of the file."""
    done = 0
    left = b""
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            block = left + chunk
            try:
                block.decode("utf-8")
                left, done = b"", done + len(block)
            except UnicodeDecodeError as error:
                if len(block) - error.start >= 4:
                    return done + error.start
                left, done = block[error.start :], done + error.start
    return done


def _clean(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line.replace("\0", "").lstrip("\ufeff")


@dataclass(slots=True)
class Lines:
    """Lines of a file that can be put back; `number` is that of the next line, from 1."""

    source: Iterator[str]
    number: int = 1
    _back: deque[str] = field(default_factory=deque)

    def peek(self, count: int) -> list[str]:
        """Return the next lines without taking them."""
        self._back.extend(islice(self.source, max(0, count - len(self._back))))
        return list(islice(self._back, count))

    def take(self, count: int) -> list[str]:
        """Take the next lines."""
        taken = self.peek(count)
        for _ in taken:
            self._back.popleft()
        self.number += len(taken)
        return taken


@dataclass(slots=True)
class _Window:
    """Gives csv one line after the other, at most as many as a row may have."""

    lines: Lines
    given: int = 0

    def __iter__(self) -> Iterator[str]:
        while self.given < MAX_LINES_A_ROW:
            ahead = self.lines.peek(self.given + 1)
            if len(ahead) <= self.given:
                return
            self.given += 1
            yield ahead[-1]


def _csv_rows(file: str, lines: Lines, delimiter: str) -> Iterator[Row | RowProblem]:
    while ahead := lines.peek(1):
        number = lines.number
        window = _Window(lines)
        try:
            cells = next(csv.reader(window, delimiter=delimiter, strict=True), [])
            lines.take(max(1, window.given))
        except csv.Error as error:
            lines.take(1)
            if "expected after" not in str(error):
                yield RowProblem(file=file, sheet="", row=number, reason=_csv_reason(error))
                continue
            # A quote inside a quoted cell that nobody doubled: read this line alone, as it stands.
            cells = next(csv.reader(ahead, delimiter=delimiter), [])
        kept = trimmed(cells)
        if kept:
            yield Row(number=number, cells=kept)


def _csv_reason(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quote is opened and not closed"
    return f"not a CSV row ({error})"


def _delimiter(file: str, lines: Lines, known: Known) -> str:
    """Choose the delimiter under which most column names are known, else most columns stand."""
    first = lines.peek(SNIFFED_LINES)
    if first and first[0].lower().startswith("sep=") and len(first[0].strip()) == 5:
        lines.take(1)
        return first[0][4]

    def score(delimiter: str) -> tuple[int, int]:
        sheet = Sheet(name="", rows=_csv_rows(file, Lines(iter(first)), delimiter))
        table = find_header(file, sheet, known)
        columns = table.columns if table else ()
        return sum(map(known, columns)), len(columns)

    return max(DELIMITERS, key=score)


def read_json(path: Path) -> Iterator[Sheet]:
    """Yield the one sheet of a file of JSON objects: one a line, or one array of them.

    The columns are the keys of the first 200 objects; the row number is the line, or the place
    in the array, plus the header row that stands for the keys.
    """
    encoding = find_encoding(path)
    with path.open(encoding=encoding, errors="replace") as file:
        first = file.read(1)
        file.seek(0)
        rows = _json_array(path) if first.lstrip("\ufeff") == "[" else _json_lines(path.name, file)
        yield Sheet(name="", rows=_json_rows(rows))


JsonRow = tuple[int, dict[str, object]] | RowProblem


def _json_lines(file: str, lines: Iterator[str]) -> Iterator[JsonRow]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield RowProblem(file=file, sheet="", row=number, reason=f"not JSON ({error})")
            continue
        yield _json_row(file, number, value)


def _json_array(path: Path) -> Iterator[JsonRow]:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise TableError(f"{path}: a JSON array over {MAX_JSON_BYTES >> 20} MiB; use JSON lines")
    try:
        values = json.loads(decode(path.read_bytes(), kind="text").text)
    except (ValueError, RecursionError) as error:
        raise TableError(f"{path}: not JSON ({error})") from error
    for number, value in enumerate(values, 1):
        yield _json_row(path.name, number, value)


def _json_row(file: str, number: int, value: object) -> JsonRow:
    if isinstance(value, dict):
        return number, value
    return RowProblem(file=file, sheet="", row=number, reason="not a JSON object")


def _json_rows(rows: Iterator[JsonRow]) -> Iterator[Row | RowProblem]:
    first = list(islice(rows, KEYS_FROM_LINES))
    keys = list(dict.fromkeys(key for row in first if isinstance(row, tuple) for key in row[1]))
    yield Row(number=0, cells=trimmed(keys))
    for source in (first, rows):
        for row in source:
            if isinstance(row, RowProblem):
                yield row
            else:
                number, values = row
                yield Row(number=number, cells=trimmed(_json_cell(values.get(k)) for k in keys))


def _json_cell(value: object) -> Cell:
    if isinstance(value, (str, int, float)) or value is None:
        return value
    return cell_text(json.dumps(value, ensure_ascii=False))
