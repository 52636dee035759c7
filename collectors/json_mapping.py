"""Rows of any JSON (or plain XML) endpoint to entries, through JMESPath expressions.

A mapping says where the rows stand, where each part of an entry stands in a row, and how the next
page is asked for. `json_presets` holds ready ones; whatever an origin sends, reading it gives
entries and one-line problems, never an exception.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jmespath
from jmespath.exceptions import JMESPathError
from lxml.etree import _Element as Element

from collectors.dates import SHANGHAI, parse_date
from collectors.decode import decode
from collectors.plain_text import html_to_text, one_line, plain_title
from collectors.safe_xml import read_xml
from collectors.sanitise import web_url
from models.records import Entry

Form = Literal["json", "xml"]

FIELDS = frozenset(
    {"external_id", "title", "text", "url", "published", "author", "origin", "place"}
    | {"reply", "replied_at"}
)
LARGEST_BODY_BYTES = 10 * 1024 * 1024
MOST_ROWS = 10_000
MOST_PROBLEMS = 20
LONGEST_TEXT_CHARS = 200_000
LONGEST_NAME_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMapping:
    """How the rows of an endpoint become entries.

    `items` finds the list of rows; `fields` maps names of FIELDS to expressions inside a row.
    `next_page`, if set, finds the next page in the document: its address, or the value for
    `{cursor}` in the address. `zone` is where times without one were written.
    """

    items: str
    fields: Mapping[str, str]
    form: Form = "json"
    next_page: str = ""
    zone: tzinfo = field(default=SHANGHAI)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one answer held. `error` is set when no rows could be read from it at all."""

    entries: tuple[Entry, ...] = ()
    next_page: str = ""
    problems: tuple[str, ...] = ()
    error: str | None = None


def check_mapping(mapping: RowMapping) -> None:
    """Raise ValueError with one line for the first expression or field name that cannot be used."""
    unknown = sorted(set(mapping.fields) - FIELDS)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; there is: {', '.join(sorted(FIELDS))}")
    if not {"title", "text"} & set(mapping.fields):
        raise ValueError("name at least `title` or `text`")
    for expression in (mapping.items, mapping.next_page, *mapping.fields.values()):
        if expression:
            check_expression(expression)


def check_expression(expression: str) -> None:
    """Raise ValueError with one line when `expression` is no JMESPath."""
    try:
        jmespath.compile(expression)
    except JMESPathError as problem:
        reason = str(problem).splitlines()[0]
        raise ValueError(f"{expression!r} is no JMESPath: {reason}") from None


def read_rows(
    body: bytes, mapping: RowMapping, source: str, now: datetime, declared: str | None = None
) -> Rows:
    """Return the entries of one answer, in its order; never raises.

    `source` is the entries' source name, `declared` the HTTP charset or Content-Type.
    """
    if len(body) > LARGEST_BODY_BYTES:
        return Rows(error=f"answer of {len(body):,} bytes; at most {LARGEST_BODY_BYTES:,} are read")
    try:
        document = _document(body, mapping.form, declared)
        found = _search(mapping.items, document)
        next_page = _words(_search(mapping.next_page, document)) if mapping.next_page else ""
    except ValueError as problem:
        return Rows(error=one_line(str(problem))[:300])
    if document == "":  # an XML document element without content: no rows today
        return Rows()
    rows = [found] if isinstance(found, dict) else found
    if not isinstance(rows, list):
        return Rows(error=f"`{mapping.items}` finds no list in the answer")
    return _entries(rows, mapping, source, now, next_page)


def _entries(
    rows: list[Any], mapping: RowMapping, source: str, now: datetime, next_page: str
) -> Rows:
    entries: list[Entry] = []
    problems: list[str] = []
    for number, row in enumerate(rows[:MOST_ROWS], 1):
        try:
            entry = _entry(row, mapping, source, now)
        except ValueError as problem:
            problems.append(f"row {number}: {one_line(str(problem))[:200]}")
            continue
        if entry is None:
            problems.append(f"row {number}: neither title nor text")
        else:
            entries.append(entry)
    if len(rows) > MOST_ROWS:
        problems.insert(0, f"{len(rows):,} rows; the first {MOST_ROWS:,} are read")
    if len(problems) > MOST_PROBLEMS:
        left = len(problems) - MOST_PROBLEMS
        problems = [*problems[:MOST_PROBLEMS], f"and {left:,} more such rows"]
    return Rows(entries=tuple(entries), next_page=next_page, problems=tuple(problems))


def _entry(row: Any, mapping: RowMapping, source: str, now: datetime) -> Entry | None:
    part = {name: _words(_search(path, row)) for name, path in mapping.fields.items()}
    title = plain_title(part.get("title", ""))
    text = html_to_text(part.get("text", "")[:LONGEST_TEXT_CHARS])
    if not title and not text:
        return None
    url = web_url(part.get("url", ""))
    published = parse_date(part.get("published"), now, zone=mapping.zone)
    return Entry(
        source=source,
        external_id=_name(part, "external_id") or url or f"{title}|{text[:80]}",
        title=title,
        text=text,
        url=url,
        published=published.value,
        date_flag=published.flag,
        origin=_name(part, "origin"),
        place=_name(part, "place"),
        author=_name(part, "author"),
        reply=html_to_text(part.get("reply", "")[:LONGEST_TEXT_CHARS]),
        replied_at=parse_date(part.get("replied_at"), now, zone=mapping.zone).value,
    )


def _name(part: Mapping[str, str], field_name: str) -> str:
    return one_line(part.get(field_name, ""))[:LONGEST_NAME_CHARS]


def _search(expression: str, document: Any) -> Any:
    try:
        return _compiled(expression).search(document)
    except (JMESPathError, TypeError, AttributeError, RecursionError) as problem:
        reason = one_line(str(problem))[:120]
        raise ValueError(f"`{expression}` cannot be evaluated: {reason}") from None


@lru_cache(maxsize=512)
def _compiled(expression: str) -> Any:
    return jmespath.compile(expression)


def _words(value: object) -> str:
    """Return a leaf as text; a list of leaves is joined, as tags and paragraphs are sent."""
    if isinstance(value, list):
        return " ".join(
            filter(None, (_words(part) for part in value if not isinstance(part, list)))
        )
    if value is None or isinstance(value, (dict, bool)):
        return ""
    return str(value)


# --- documents -------------------------------------------------------------------------------


def _document(body: bytes, form: Form, declared: str | None) -> Any:
    """Return the parsed answer; raises ValueError with one line when it is something else."""
    text = decode(body, declared, kind="xml" if form == "xml" else "text").text.strip(
        "\ufeff \r\n\t"
    )
    if form == "xml":
        root, _, damage = read_xml(text)
        if root is None:
            raise ValueError(f"not XML: {damage}")
        return element_value(root)
    try:
        # Not strict: real endpoints send raw line ends inside strings.
        return json.loads(text, strict=False)
    except json.JSONDecodeError as problem:
        what = "an HTML page" if text.startswith("<") else "not JSON"
        raise ValueError(f"{what}: line {problem.lineno}: {problem.msg}") from None
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deeply") from None


def element_value(element: Element) -> Any:
    """Return an XML element as JSON has it: text, or an object of its children by local name.

    A repeated name becomes a list. Attributes are left out: no reporting format uses them for
    content. Depth is bounded by the parser (256).
    """
    if not len(element):
        return (element.text or "").strip()
    value: dict[str, Any] = {}
    for child in element:
        name = str(child.tag).rpartition("}")[2]
        content = element_value(child)
        if name not in value:
            value[name] = content
        elif isinstance(value[name], list):
            value[name].append(content)
        else:
            value[name] = [value[name], content]
    return value


# --- addresses -------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(r"\{(since|until|page|offset|cursor)(?::([^{}]{1,40}))?\}")


_ADDRESS = re.compile(r"https?://|[/?]")
_EMPTY_CURSOR = re.compile(
    r"&[\w.\-]+=\{cursor\}|\?[\w.\-]+=\{cursor\}$|(?<=\?)[\w.\-]+=\{cursor\}&"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page of an endpoint is asked for. Times are aware; `page` counts from 1."""

    since: datetime
    until: datetime
    page: int = 1
    page_rows: int = 100
    cursor: str = ""


def fill_url(template: str, request: PageRequest, zone: tzinfo = UTC) -> str:
    """Return the address with `{since}`, `{until}`, `{page}`, `{offset}`, `{cursor}` filled in.

    Times are written in `zone`, as `{since:%Y%m%d%H%M%S}` says, else in ISO 8601 and UTC;
    `{since:%s}` is seconds since 1970. A parameter whose cursor is empty is left out, as on the
    first page. Nothing else in the template is touched.
    """
    values: dict[str, datetime | str] = {
        "since": request.since,
        "until": request.until,
        "page": str(request.page),
        "offset": str((request.page - 1) * request.page_rows),
        "cursor": quote(request.cursor, safe=""),
    }
    if not request.cursor:
        template = _EMPTY_CURSOR.sub("", template)

    def written(found: re.Match[str]) -> str:
        value = values[found[1]]
        if isinstance(value, str):
            return value
        if found[2] == "%s":
            return str(int(value.timestamp()))
        if not found[2]:
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value.astimezone(zone).strftime(found[2])

    return _PLACEHOLDER.sub(written, template)


def following_url(url: str, next_page: str) -> str:
    """Return the address of the next page that an answer names, or "".

    Only at the host that was asked: where a source leads is the configuration's to say. A bare
    word is a cursor, which an address without `{cursor}` has no place for.
    """
    following = web_url(next_page, url) if _ADDRESS.match(next_page) else ""
    return following if urlsplit(following).netloc == urlsplit(url).netloc else ""


def zone_of(name: str) -> ZoneInfo:
    """Return a zone by its name; raises ValueError with one line where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"there is no zone {name!r}: use UTC or a name like Asia/Shanghai"
        ) from None


def placeholders(template: str) -> frozenset[str]:
    """Return the names of what `fill_url` fills in: page, offset, cursor, since, until."""
    return frozenset(found[1] for found in _PLACEHOLDER.finditer(template))
