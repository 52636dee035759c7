"""The demo tells its whole story through the real product."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.demo.run import MARKER, Summary, play
from pipeline.demo.story import REPOSTS, read_story
from pipeline.positions import ConfigurationError
from storage import sandbox


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return play(tmp_path_factory.mktemp("demo") / "qinglan", port=8399, once=True)


def told(summary: Summary, sql: str) -> list[tuple[object, ...]]:
    return list(sandbox.query(summary.folder / "data" / "snapshot" / "yuqing.duckdb", sql).rows)


def test_everything_the_sources_published_is_stored_once(summary: Summary) -> None:
    story = read_story()
    published = len(story.board) + len(story.hotline) + len(story.news) + len(story.feed)
    assert summary.tally.stored == published
    assert summary.tally.duplicates > published
    assert summary.failures == []


def test_the_article_reposted_sixty_times_is_one_voice(summary: Summary) -> None:
    # Sixty in the feed, and the mirror page in Traditional characters.
    assert summary.tally.reposts >= REPOSTS
    (row,) = told(summary, "SELECT count(*) FROM v_mention WHERE is_repost AND source = 'gov_news'")
    assert row == (1,)


def test_going_out_is_not_the_district(summary: Summary) -> None:
    assert told(summary, "SELECT count(*) FROM v_mention WHERE title LIKE '%上街%'") == [(3,)]
    assert told(summary, "SELECT count(*) FROM v_match WHERE query = '上街区'") == [(0,)]


def test_the_outage_becomes_an_orange_case_with_its_clocks(summary: Summary) -> None:
    case, clocks = summary.cases[0]
    assert case.level.colour == "orange"
    assert case.state == "tracking"
    names = {clock.clock_id for clock in clocks}
    assert {"first_authoritative_info", "press_conference", "respond_other_limit"} <= names
    assert all(clock.met_at for clock in clocks)


def test_the_enrolment_queue_is_a_case_of_its_own(summary: Summary) -> None:
    assert any("报名" in case.title for case, _ in summary.cases)


def test_every_notice_arrived_and_every_day_has_its_digest(summary: Summary) -> None:
    assert set(summary.deliveries) == {"sent"}
    assert summary.received == summary.deliveries["sent"]
    assert [Path(p).name for p in summary.digests] == [
        f"2026-05-{day}.html" for day in (11, 12, 13)
    ]
    assert "清岚区舆情日报" in Path(summary.digests[1]).read_text(encoding="utf-8")


def test_no_phone_number_of_the_story_is_stored(summary: Summary) -> None:
    assert told(summary, "SELECT count(*) FROM v_mention WHERE text LIKE '%13900000001%'") == [(0,)]
    assert told(summary, "SELECT count(*) FROM v_mention WHERE text LIKE '%139****0001%'") == [(1,)]


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ConfigurationError, match="no demo"):
        play(tmp_path, port=8399, once=True)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_summary_is_one_object(summary: Summary) -> None:
    row = summary.as_row()
    assert {
        "fetched",
        "stored",
        "duplicates",
        "matched",
        "alerts",
        "incidents",
        "deliveries",
    } <= set(row)
    assert (summary.folder / MARKER).exists()
