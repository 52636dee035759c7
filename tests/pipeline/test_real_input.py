"""The whole product over real feeds, pages and an export that nobody here wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.real_input import TABLE_ROWS, RealReport, run_over
from collectors.article import extract_article
from models.watch import Document, Query, compile_queries


@pytest.fixture(scope="module")
def report(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> RealReport:
    return run_over(shared / "corpus", tmp_path_factory.mktemp("real"))


def test_every_source_answers(report: RealReport) -> None:
    assert [r.reason for r in report.first.runs if r.status == "failed"] == []
    assert report.feeds > 100
    assert report.pages == 48


def test_everything_is_stored_once(report: RealReport) -> None:
    assert report.of("feed").stored > 1500
    assert report.of("pages").stored == report.pages
    assert report.of("board").fetched == TABLE_ROWS


def test_a_second_run_stores_nothing(report: RealReport) -> None:
    assert (report.second.tally.stored, report.second.tally.updated) == (0, 0)


def test_a_digest_comes_out(report: RealReport) -> None:
    assert "上街区舆情日报" in report.digest


def test_the_seed_page_is_read_in_its_own_characters_and_matched(shared: Path) -> None:
    body = (shared / "corpus" / "spam" / "seed_000.txt").read_bytes()
    now = datetime(2026, 5, 13, tzinfo=UTC)
    article = extract_article(body, None, now)
    assert "1158" in article.title
    assert article.published == datetime(2020, 5, 13, 2, 12, tzinfo=UTC)
    assert article.source == "上街區人民政府"
    assert article.editor
    found = compile_queries({"上街区": Query.parse("上街区")}).match(
        Document(title=article.title, text=article.text)
    )
    hit = found["上街区"][0]
    assert article.title[hit.start : hit.end] == "上街區"
    assert "<var" not in article.text
