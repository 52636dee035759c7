"""The whole product over real feeds, pages and an export that nobody here wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.real_input import TABLE_ROWS, RealReport, run_over


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
