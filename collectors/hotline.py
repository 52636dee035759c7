"""Hotline tickets and message-board posts out of tables whose columns every office names anew.

Columns are found by their names (`hotline_columns.toml`) or by `mapping` (`--map COL=FIELD`). A
column of persons' numbers or addresses of mail is never read; who wrote goes into `author_raw`
alone, which the caller turns into a keyed hash and drops.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Final

from collectors.dates import MISSING, SHANGHAI, ParsedDate, parse_date
from collectors.plain_text import clean
from collectors.table_sheets import from_serial
from collectors.tables import (
    Cell,
    Row,
    RowProblem,
    Table,
    TableError,
    cell_text,
    read_tables,
)


class HotlineField(StrEnum):
    """What a column can mean; the right side of `--map COL=FIELD`."""

    ID = "id"
    SUBJECT = "subject"
    CONTENT = "content"
    ASKED_AT = "asked_at"
    REPLY = "reply"
    REPLIED_AT = "replied_at"
    CHANNEL = "channel"
    CATEGORY = "category"
    PLACE = "place"
    UNIT = "unit"
    STATUS = "status"
    URL = "url"
    AUTHOR = "author"
    IGNORE = "ignore"


def _aliases() -> dict[HotlineField, tuple[str, ...]]:
    text = resources.files("collectors").joinpath("hotline_columns.toml").read_text("utf-8")
    return {HotlineField(name): tuple(names) for name, names in tomllib.loads(text).items()}


ALIASES: Final[Mapping[HotlineField, tuple[str, ...]]] = _aliases()
NAMED: Final = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
# Columns that hold nothing but personal data; they are not read, whatever a mapping says.
PERSONAL = re.compile(
    r"电话|手机|联系方式|联系号码|来电号码|主叫号码|身份证|证件号|证件号码|邮箱|电子邮件|银行卡|微信号|qq"
    r"|phone|mobile|e-?mail|id.?card",
    re.IGNORECASE,
)
TEXT_FIELDS: Final = (HotlineField.CONTENT, HotlineField.SUBJECT)
MAX_SUBJECT_CHARACTERS: Final = 500
MAX_TEXT_CHARACTERS: Final = 100_000
# Excel keeps 15 digits: longer ticket numbers end in zeros and meet each other.
LOST_DIGITS = re.compile(r"\d(\.\d+)?E\+?(1[5-9]|[2-9]\d)", re.IGNORECASE)
SERIAL = re.compile(r"[2-7]\d{4}(\.\d+)?")
NO_DATE: Final = frozenset({"-", "--", "/", "无", "暂无", "null", "none", "nan"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HotlineRow:
    """One ticket or post. Times are aware UTC, None where the table gives none that can be.

    `external_id` is the office's number, or a hash of the text where it has none: the same file
    read twice gives the same ids. `author_raw` is for the caller's keyed hash and nothing else.
    """

    file: str
    sheet: str
    row: int
    external_id: str
    subject: str
    content: str
    asked_at: datetime | None
    date_flag: str
    reply: str = ""
    replied_at: datetime | None = None
    channel: str = ""
    category: str = ""
    place: str = ""
    unit: str = ""
    status: str = ""
    url: str = ""
    author_raw: str = field(default="", repr=False)


def read_hotline(
    path: Path,
    now: datetime,
    *,
    mapping: Mapping[str, HotlineField] | None = None,
    zone: tzinfo = SHANGHAI,
) -> Iterator[HotlineRow | RowProblem]:
    """Yield every row of a file; TableError where no sheet has a column of subject or content.

    A sheet of a workbook without such a column is one RowProblem when another sheet has one.
    """
    wanted = named(mapping or {})
    skipped: list[TableError] = []
    read = 0
    for table in read_tables(path, lambda name: is_known(name, wanted)):
        try:
            columns = find_columns(table, wanted)
        except TableError as error:
            skipped.append(error)
            continue
        read += 1
        yield from map_hotline(table, columns, now, zone=zone)
    if not read:
        raise skipped[0] if skipped else TableError(f"{path}: no rows in it")
    for unread in skipped:
        yield RowProblem(file=path.name, sheet="", row=0, reason=str(unread))


def folded(name: str) -> str:
    """Return a column name comparable: width, case, spaces, stars and bracketed hints folded."""
    plain = unicodedata.normalize("NFKC", name).lower()
    plain = re.sub(r"[(\[【<].*?[)\]】>]", "", plain)
    plain = plain.strip(" \t\r\n*:：#_")
    return re.sub(r"\s+", " " if plain.isascii() else "", plain)


def named(mapping: Mapping[str, HotlineField]) -> dict[str, HotlineField]:
    """Return a mapping by folded column names."""
    return {folded(column): meaning for column, meaning in mapping.items()}


def is_known(name: str, mapping: Mapping[str, HotlineField]) -> bool:
    """Whether a column name means something here."""
    plain = folded(name)
    return plain in mapping or plain in NAMED


def find_columns(table: Table, mapping: Mapping[str, HotlineField]) -> dict[HotlineField, int]:
    """Return where each field stands; TableError names what was found and what is missing."""
    names = [folded(name) for name in table.columns]
    found: dict[HotlineField, int] = {}
    for at, name in enumerate(names):
        if name in mapping and not PERSONAL.search(name):
            found.setdefault(mapping[name], at)
    free = {name: at for at, name in reversed(list(enumerate(names))) if name not in mapping}
    for meaning, aliases in ALIASES.items():
        known = next((free[alias] for alias in aliases if alias in free), None)
        if known is not None and not PERSONAL.search(names[known]):
            found.setdefault(meaning, known)
    missing = set(mapping) - set(names)
    if missing:
        raise TableError(
            f"{_where(table)}: no column {_list(sorted(missing))} as the mapping says; "
            f"found: {_list(filter(None, table.columns))}"
        )
    if not any(meaning in found for meaning in TEXT_FIELDS):
        raise TableError(
            f"{_where(table)}: no column of content or subject; "
            f"found: {_list(filter(None, table.columns))}; name one with --map COL=content"
        )
    return found


def _where(table: Table) -> str:
    return f"{table.file}[{table.sheet}]" if table.sheet else table.file


def _list(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return text if len(text) <= 300 else f"{text[:300]}…"


def map_hotline(
    table: Table,
    columns: Mapping[HotlineField, int],
    now: datetime,
    *,
    zone: tzinfo = SHANGHAI,
) -> Iterator[HotlineRow | RowProblem]:
    """Yield a HotlineRow or a RowProblem for each row of a table."""
    width = len(table.columns)
    for row in table.rows:
        if isinstance(row, RowProblem):
            yield row
            continue
        if tuple(map(cell_text, row.cells)) == table.columns:
            continue  # some systems print the header again on each page
        if table.delimited and len(row.cells) > width:
            reason = f"{len(row.cells)} cells under {width} column names: a delimiter in a text?"
            yield RowProblem(file=table.file, sheet=table.sheet, row=row.number, reason=reason)
            continue
        mapped = _Reading(row=row, columns=columns, now=now, zone=zone).hotline_row(table)
        if mapped is None:
            reason = "neither subject nor content"
            yield RowProblem(file=table.file, sheet=table.sheet, row=row.number, reason=reason)
            continue
        yield mapped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One row, read field by field."""

    row: Row
    columns: Mapping[HotlineField, int]
    now: datetime
    zone: tzinfo

    def hotline_row(self, table: Table) -> HotlineRow | None:
        content = self.text(HotlineField.CONTENT, MAX_TEXT_CHARACTERS)
        subject = self.text(HotlineField.SUBJECT, MAX_SUBJECT_CHARACTERS)
        if not content and not subject:
            return None
        asked = self.date(HotlineField.ASKED_AT)
        return HotlineRow(
            file=table.file,
            sheet=table.sheet,
            row=self.row.number,
            external_id=self.identity(subject, content),
            subject=subject,
            content=content,
            asked_at=asked.value,
            date_flag=asked.flag,
            reply=self.text(HotlineField.REPLY, MAX_TEXT_CHARACTERS),
            replied_at=self.date(HotlineField.REPLIED_AT).value,
            channel=self.text(HotlineField.CHANNEL),
            category=self.text(HotlineField.CATEGORY),
            place=self.text(HotlineField.PLACE),
            unit=self.text(HotlineField.UNIT),
            status=self.text(HotlineField.STATUS),
            url=self.text(HotlineField.URL),
            author_raw=self.text(HotlineField.AUTHOR),
        )

    def cell(self, name: HotlineField) -> Cell:
        at = self.columns.get(name)
        return self.row.cells[at] if at is not None and at < len(self.row.cells) else None

    def text(self, name: HotlineField, at_most: int = MAX_SUBJECT_CHARACTERS) -> str:
        """Return a cell's text without unseen characters and the blank margins of web tables."""
        lines = (line.strip() for line in clean(cell_text(self.cell(name))).splitlines())
        return "\n".join(line for line in lines if line)[:at_most]

    def date(self, name: HotlineField) -> ParsedDate:
        """Return the time of a cell, also where it is a spreadsheet's bare day number."""
        cell = self.cell(name)
        text = cell_text(cell)
        if not text or text.lower() in NO_DATE:
            return MISSING
        if not isinstance(cell, datetime) and SERIAL.fullmatch(text):
            text = cell_text(from_serial(float(text)))
        return parse_date(text, self.now, zone=self.zone)

    def identity(self, subject: str, content: str) -> str:
        given = self.cell(HotlineField.ID)
        number = cell_text(given)
        lost = (isinstance(given, float) and abs(given) >= 1e15) or LOST_DIGITS.fullmatch(number)
        if number and not lost:
            return number[:200]
        asked = cell_text(self.cell(HotlineField.ASKED_AT))
        parts = "\x1f".join((number, subject, content, asked))
        return f"sha256:{hashlib.sha256(parts.encode('utf-8', 'replace')).hexdigest()[:32]}"
