"""A story in figures: the list and the sheet say the same, and heat adds up by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.heat import HeatWeights
from reports.story_sheet import hottest, story_sheet
from storage import stories
from storage.store import Store
from tests import world
from tests.world import NOW, Told, add_mentions, ago


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "yuqing.duckdb") as opened:
        world.fill(opened)
        with opened.transaction() as tx:
            told = [
                Told(id=f"m-park-{n}", hours_ago=30 + n, story="m-park-2", source="gov")
                for n in range(3)
            ]
            add_mentions(tx, told)
            row = stories.StoryRow(
                id="m-park-2",
                title="路灯不亮",
                place="",
                first_at=ago(32),
                last_at=ago(30),
                size=3,
                state="{}",
            )
            stories.put(tx, [row])
        yield opened


WEIGHTS = HeatWeights()
WEEK = NOW - timedelta(days=7)


def test_the_hottest_comes_first_and_reads_as_its_sheet(store: Store) -> None:
    with store.read() as reader:
        lines = hottest(reader, WEIGHTS, NOW, since=WEEK, at_most=10)
        sheets = [story_sheet(reader, line.head.id, WEIGHTS, NOW) for line in lines]
    assert [line.head.id for line in lines] == ["s-water", "m-park-2"]
    for line, sheet in zip(lines, sheets, strict=True):
        assert sheet is not None
        assert (line.facts, line.heat, line.first) == (sheet.facts, sheet.heat, sheet.first)


def test_heat_is_what_pencil_and_paper_give(store: Store) -> None:
    with store.read() as reader:
        sheet = story_sheet(reader, "s-water", WEIGHTS, NOW)
    assert sheet is not None
    # 3 independent, 3 copies, 4 sources, municipal, 4 mentions in 6 hours, all 3 negative.
    by_hand = 3 * 0.5 + round(3 * 0.05, 2) + 4 * 1 + 9 + round(4 / 6, 2) * 1 + 1 * 10
    assert sheet.heat.value == pytest.approx(by_hand)
    assert sheet.heat.formula.startswith(f"热度 {sheet.heat.value:g} = ")


def test_the_sheet_names_the_first_source_and_counts_each(store: Store) -> None:
    with store.read() as reader:
        sheet = story_sheet(reader, "s-water", WEIGHTS, NOW)
    assert sheet is not None
    assert sheet.first is not None
    assert (sheet.first.mention, sheet.first.source) == ("m-outage", "bbs")
    counted = {one.name: (one.independent, one.reposts) for one in sheet.sources}
    assert counted == {"mirror": (1, 2), "bbs": (1, 0), "hotline": (1, 0), "evening": (0, 1)}
    assert (sheet.shares.negative, sheet.shares.classified) == (1.0, 3)


def test_the_curve_holds_every_mention_of_its_day_and_ends_where_a_story_fell_silent(
    store: Store,
) -> None:
    with store.read() as reader:
        lively = story_sheet(reader, "s-water", WEIGHTS, NOW)
        silent = story_sheet(reader, "m-park-2", WEIGHTS, NOW)
    assert lively is not None
    assert silent is not None
    assert len(lively.curve) == 24
    assert sum(hour.independent + hour.reposts for hour in lively.curve) == 6
    assert sum(hour.independent for hour in silent.curve) == 3
    assert silent.curve_end < NOW - timedelta(hours=24)


def test_other_weights_give_another_order(store: Store) -> None:
    nothing_counts = HeatWeights(
        independent_each=0,
        repost_each=0,
        source_each=0,
        per_hour_each=0,
        negative_share_each=0,
        tier_points={},
    )
    with store.read() as reader:
        lines = hottest(reader, nothing_counts, NOW, since=WEEK, at_most=1)
    assert [(line.head.id, line.heat.value) for line in lines] == [("m-park-2", 0)]


def test_a_story_that_is_not_there_has_no_sheet(store: Store) -> None:
    with store.read() as reader:
        assert story_sheet(reader, "nothing", WEIGHTS, NOW) is None
