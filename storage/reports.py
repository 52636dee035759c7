"""Published reports: issue numbers that are never given twice, and the archive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from storage.store import Reader, Transaction

KEPT = "SELECT number, total, published_at FROM report WHERE product = ? AND day = ?"
NEXT = """
SELECT coalesce(max(number) FILTER (year = ?), 0) + 1, coalesce(max(total), 0) + 1
FROM report WHERE product = ?
"""
PUBLISH = """
INSERT INTO report (product, day, year, number, total, published_at, facts, html, markdown)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (product, day) DO UPDATE SET published_at = excluded.published_at,
  facts = excluded.facts, html = excluded.html, markdown = excluded.markdown
"""
ONE = """
SELECT product, day, number, total, published_at, facts, html, markdown
FROM report WHERE product = ? AND day = ?
"""
BEFORE = """
SELECT product, day, number, total, published_at, facts, html, markdown
FROM report WHERE product = ? AND day < ? ORDER BY day DESC LIMIT 1
"""
ARCHIVE = """
SELECT product, day, number, total, published_at, coalesce(facts->>'$.conclusion', ''),
  coalesce(TRY_CAST(facts->>'$.volume.today' AS BIGINT), 0)
FROM report WHERE ? = '' OR product = ? ORDER BY day DESC, product LIMIT ? OFFSET ?
"""
COUNT = "SELECT count(*) FROM report WHERE ? = '' OR product = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Where a report stands in its product's numbering: 第 number 期（总第 total 期）."""

    product: str
    day: date
    number: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One published report as it was published."""

    issue: Issue
    published_at: datetime
    facts: Mapping[str, Any]
    html: str
    markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLine:
    """One line of the archive; `conclusion` is the report's own verdict in words."""

    issue: Issue
    published_at: datetime
    conclusion: str
    mentions: int


def issue_for(tx: Transaction, product: str, day: date) -> Issue:
    """Return the issue of that day: the number it has, or the next one of the year.

    Numbers are safe because the one writer asks and publishes in one transaction.
    """
    kept = tx.row(KEPT, [product, day])
    row = kept or tx.rows(NEXT, [day.year, product])[0]
    return Issue(product=product, day=day, number=row[0], total=row[1])


def publish(tx: Transaction, report: Report) -> None:
    """Keep a report; publishing a day again replaces the text and keeps the numbers."""
    issue = report.issue
    facts = json.dumps(report.facts, ensure_ascii=False, sort_keys=True)
    tx.run(
        PUBLISH,
        [issue.product, issue.day, issue.day.year, issue.number, issue.total]
        + [report.published_at, facts, report.html, report.markdown],
    )


def report(reader: Reader, product: str, day: date) -> Report | None:
    """Return one published report, or None."""
    return _report(reader, ONE, product, day)


def report_before(reader: Reader, product: str, day: date) -> Report | None:
    """Return the last report published for an earlier day, or None."""
    return _report(reader, BEFORE, product, day)


def archive(
    reader: Reader, *, product: str = "", at_most: int = 60, skip: int = 0
) -> tuple[ArchiveLine, ...]:
    """Return published reports, newest day first; an empty product means all."""
    return tuple(
        ArchiveLine(
            issue=Issue(product=row[0], day=row[1], number=row[2], total=row[3]),
            published_at=row[4],
            conclusion=row[5],
            mentions=row[6],
        )
        for row in reader.rows(ARCHIVE, [product, product, at_most, skip])
    )


def count(reader: Reader, *, product: str = "") -> int:
    """Return how many reports are published."""
    return int(reader.value(COUNT, [product, product]))


def _report(reader: Reader, sql: str, product: str, day: date) -> Report | None:
    row = reader.row(sql, [product, day])
    if row is None:
        return None
    return Report(
        issue=Issue(product=row[0], day=row[1], number=row[2], total=row[3]),
        published_at=row[4],
        facts=json.loads(row[5]),
        html=row[6],
        markdown=row[7],
    )
