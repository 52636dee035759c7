"""XLSX, XLS and the HTML table that many systems call XLS.

XLSX is read here as a stream of rows: a stray cell in the last column of the last row (5 KB on
disk) makes readers that build the whole rectangle ask for 512 GB and abort the process.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import IO, Final

from lxml import etree, html
from python_calamine import CalamineWorkbook

from collectors.decode import decode
from collectors.tables import MAX_COLUMNS, Cell, Row, RowProblem, Sheet, TableError, trimmed

MAX_PART_BYTES: Final = 2 * 1024 * 1024 * 1024
MAX_STRINGS_BYTES: Final = 256 * 1024 * 1024
MAX_HTML_BYTES: Final = 64 * 1024 * 1024
RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
RELATION_STRICT: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
# ECMA-376 18.8.30: the built-in date formats, with those of Chinese editions (27-36, 50-58).
DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
NOT_PLACES = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
DATE_PLACES = re.compile(r"[ymdhs年月日时分秒]", re.IGNORECASE)
LETTERS = re.compile(r"[A-Z]{1,3}")
FIRST_DAY: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # a calendar, not a moment
FIRST_DAY_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001  # a calendar, not a moment
LAST_SERIAL: Final = 2_958_466


def read_xlsx(path: Path) -> Iterator[Sheet]:
    """Yield the visible sheets of a workbook; TableError for a damaged or protected file."""
    try:
        with zipfile.ZipFile(path) as book:
            yield from _read_book(path, book)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        etree.XMLSyntaxError,
        KeyError,
        ValueError,
        OSError,
        RuntimeError,
    ) as error:
        raise TableError(f"{path}: a damaged XLSX file ({error}); save it anew") from error


def _read_book(path: Path, book: zipfile.ZipFile) -> Iterator[Sheet]:
    names = _sheet_parts(book)
    look = _Look(
        strings=_strings(book),
        dates=_date_styles(book),
        first_day=FIRST_DAY_1904 if _is_1904(book) else FIRST_DAY,
    )
    for name, part in names:
        with _part(book, part) as file:
            yield Sheet(name=name, rows=_xlsx_rows(path.name, name, file, look))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the cells of a workbook refer to."""

    strings: list[str]
    dates: frozenset[int]
    first_day: datetime


def _part(book: zipfile.ZipFile, name: str, at_most: int = MAX_PART_BYTES) -> IO[bytes]:
    if book.getinfo(name).file_size > at_most:
        raise TableError(f"{book.filename}: {name} holds over {at_most >> 20} MiB; split the file")
    return book.open(name)


def _tree(book: zipfile.ZipFile, name: str) -> etree._Element:
    with _part(book, name, MAX_STRINGS_BYTES) as file:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return etree.parse(file, parser).getroot()


def _all(tree: etree._Element, name: str) -> list[etree._Element]:
    return list(tree.iter(f"{{*}}{name}"))


def _sheet_parts(book: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Return name and part of each sheet that is not hidden."""
    targets = {
        relation.get("Id"): relation.get("Target", "")
        for relation in _all(_tree(book, "xl/_rels/workbook.xml.rels"), "Relationship")
    }
    parts = []
    for sheet in _all(_tree(book, "xl/workbook.xml"), "sheet"):
        target = targets.get(sheet.get(RELATION) or sheet.get(RELATION_STRICT), "")
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if sheet.get("state", "visible") == "visible" and part in book.namelist():
            parts.append((sheet.get("name", ""), part))
    return parts


def _is_1904(book: zipfile.ZipFile) -> bool:
    settings = _all(_tree(book, "xl/workbook.xml"), "workbookPr")
    return any(setting.get("date1904") in ("1", "true") for setting in settings)


def _strings(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    strings = []
    with _part(book, "xl/sharedStrings.xml", MAX_STRINGS_BYTES) as file:
        for item in _elements(file, "si"):
            strings.append(_text(item))
            _forget(item)
    return strings


def _text(item: etree._Element) -> str:
    """Return the text of a string; readings above characters (rPh) are left out."""
    pieces = []
    for node in item.iter("{*}t"):
        parent = node.getparent()
        if parent is None or not str(parent.tag).endswith("}rPh"):
            pieces.append(node.text or "")
    return "".join(pieces)


def _date_styles(book: zipfile.ZipFile) -> frozenset[int]:
    """Return the numbers of the cell styles that show a date or time."""
    if "xl/styles.xml" not in book.namelist():
        return frozenset()
    tree = _tree(book, "xl/styles.xml")
    own = {
        int(form.get("numFmtId", "0")): form.get("formatCode", "") for form in _all(tree, "numFmt")
    }
    styles = [
        int(style.get("numFmtId", "0"))
        for block in _all(tree, "cellXfs")
        for style in block.iterchildren("{*}xf")
    ]
    return frozenset(
        index
        for index, form in enumerate(styles)
        if form in DATE_FORMATS or DATE_PLACES.search(NOT_PLACES.sub("", own.get(form, "")))
    )


def _elements(file: IO[bytes], name: str) -> Iterator[etree._Element]:
    parsed = etree.iterparse(file, tag=f"{{*}}{name}", resolve_entities=False, no_network=True)
    for _, element in parsed:
        yield element


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _xlsx_rows(
    file_name: str, sheet: str, file: IO[bytes], look: _Look
) -> Iterator[Row | RowProblem]:
    number = 0
    try:
        for element in _elements(file, "row"):
            number = _row_number(element, number)
            cells = trimmed(_cells(element, look))
            _forget(element)
            if cells:
                yield Row(number=number, cells=cells)
    except (etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        reason = f"the sheet is damaged after this row ({error})"
        yield RowProblem(file=file_name, sheet=sheet, row=number, reason=reason)


def _row_number(element: etree._Element, before: int) -> int:
    given = element.get("r", "")
    return int(given) if given.isdecimal() else before + 1


def _cells(row: etree._Element, look: _Look) -> Iterator[Cell]:
    column = 0
    for cell in row:
        place = cell.get("r")
        if place and not len(cell):
            continue  # formatted, and empty
        at = _column(place.rstrip("0123456789"), column) if place else column
        if at >= MAX_COLUMNS:
            return
        for _ in range(at - column):
            yield None
        yield _value(cell, look)
        column = max(at, column) + 1


@lru_cache(maxsize=4096)
def _column(letters: str, otherwise: int) -> int:
    """Return 0 for A, 26 for AA; `otherwise` for what names no column."""
    if not LETTERS.fullmatch(letters):
        return otherwise
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _value(cell: etree._Element, look: _Look) -> Cell:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    text = cell.findtext("{*}v") or ""
    if not text or kind == "e":
        return None
    if kind == "s":
        known = text.isdecimal() and int(text) < len(look.strings)
        return look.strings[int(text)] if known else None
    if kind == "n":
        return _number(text, look, style=cell.get("s", ""))
    return text == "1" if kind == "b" else text


def _number(text: str, look: _Look, *, style: str) -> Cell:
    try:
        number = float(text)
    except ValueError:
        return text
    if style.isdecimal() and int(style) in look.dates:
        moment = from_serial(number, look.first_day)
        if moment is not None:
            return moment
    # Ticket numbers of 16 and more digits have lost their end in Excel: `hotline.py` knows.
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def from_serial(number: float, first_day: datetime = FIRST_DAY) -> datetime | None:
    """Return the time without zone that a spreadsheet's day number means, to the second."""
    if not 0 < number < LAST_SERIAL:
        return None
    return first_day + timedelta(seconds=round(number * 86400))


def read_xls(path: Path) -> Iterator[Sheet]:
    """Yield the sheets of an old binary workbook; TableError for a damaged or protected file."""
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
    except BaseException as error:
        # A panic of the Rust reader comes as a BaseException of its own kind.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        text = (str(error).splitlines() or [""])[0][:200]
        raise TableError(
            f"{path}: not a readable XLS file ({text}); remove its password or save it as XLSX"
        ) from error
    for name, sheet in sheets:
        # `start` is where the first cell lies: rows are numbered as the office's program does.
        first_row = sheet.start[0] if sheet.start else 0
        yield Sheet(name=name, rows=_xls_rows(sheet.iter_rows(), first_row))


def _xls_rows(rows: Iterable[Iterable[object]], _first_row: int) -> Iterator[Row | RowProblem]:
    for number, row in enumerate(rows, 1):
        cells = trimmed(_xls_cell(value) for value in row)
        if cells:
            yield Row(number=number, cells=cells)


def _xls_cell(value: object) -> Cell:
    if value == "":
        return None
    if isinstance(value, (str, int, float, datetime)):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return str(value)


def read_html(path: Path) -> Iterator[Sheet]:
    """Yield the largest table of an HTML page; TableError where there is none."""
    if path.stat().st_size > MAX_HTML_BYTES:
        raise TableError(f"{path}: an HTML table over {MAX_HTML_BYTES >> 20} MiB; save it as XLSX")
    text = decode(path.read_bytes()).text
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:4096]:
        raise TableError(f"{path}: an XML workbook of 2003; save it as XLSX")
    try:
        tables = html.document_fromstring(text).findall(".//table")
    except (etree.ParserError, ValueError) as error:
        raise TableError(f"{path}: no table in it ({error})") from error
    if not tables:
        raise TableError(f"{path}: no table in it")
    largest = max(tables, key=lambda table: len(table.findall(".//tr")))
    yield Sheet(name="", rows=_html_rows(largest))


def _html_rows(table: etree._Element) -> Iterator[Row | RowProblem]:
    for number, row in enumerate(table.iter("tr"), 1):
        cells = trimmed(_html_cells(row))
        if cells:
            yield Row(number=number, cells=cells)


def _html_cells(row: etree._Element) -> Iterator[Cell]:
    for cell in row.iterchildren("td", "th"):
        yield " ".join("".join(map(str, cell.itertext())).split()) or None
        span = cell.get("colspan", "1")
        for _ in range(min(int(span), MAX_COLUMNS) - 1 if span.isdecimal() else 0):
            yield None
