"""What is told of stories: counts in the database and counts from the rows are the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.heat import story_facts
from storage import incidents, stories
from storage import story_facts as facts_of
from storage.store import Store
from tests import world
from tests.world import NOW, Told, add_mentions


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "yuqing.duckdb") as opened:
        world.fill(opened)
        yield opened


LONG_AGO = NOW - timedelta(days=30)


def test_counts_of_the_database_are_those_of_the_rows(store: Store) -> None:
    with store.read() as reader:
        counted = facts_of.counts(reader, NOW, LONG_AGO)
        told = facts_of.told(reader, "s-water")
    assert counted == {"s-water": story_facts(told, NOW)}
    assert (counted["s-water"].independent, counted["s-water"].reposts) == (3, 3)
    assert counted["s-water"].sources == 4


def test_what_was_told_later_is_not_known_yet(store: Store) -> None:
    earlier = NOW - timedelta(hours=5)
    with store.read() as reader:
        counted = facts_of.counts(reader, earlier, LONG_AGO)
        told = facts_of.told(reader, "s-water")
    assert counted == {"s-water": story_facts(told, earlier)}
    assert counted["s-water"].mentions == 2


def test_one_mention_alone_is_listed_only_when_asked_for(store: Store) -> None:
    with store.transaction() as tx:
        add_mentions(tx, [Told(id="m-alone", story="m-alone")])
        stories.put(tx, [_row("m-alone")])
    with store.read() as reader:
        assert set(facts_of.counts(reader, NOW, LONG_AGO)) == {"s-water"}
        everything = facts_of.counts(reader, NOW, LONG_AGO, mentions_at_least=1)
    assert set(everything) == {"s-water", "m-alone"}


def test_an_exercise_and_what_is_not_scored_count_for_nothing(store: Store) -> None:
    with store.transaction() as tx:
        add_mentions(
            tx,
            [
                Told(id="m-x", story="s-water", exercise=True, sentiment="negative"),
                Told(id="m-y", story="s-water", sentiment="unclassified"),
            ],
        )
    with store.read() as reader:
        told = facts_of.told(reader, "s-water")
        assert facts_of.counts(reader, NOW, LONG_AGO) == {"s-water": story_facts(told, NOW)}
    assert [one.sentiment for one in told if one.mention == "m-y"] == [""]
    assert "m-x" not in {one.mention for one in told}


def test_a_story_is_called_what_its_first_mention_says_and_names_its_case(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("UPDATE story SET title = '连续停水两天' WHERE id = 's-water'")
    with store.read() as reader:
        head = facts_of.head(reader, "s-water")
        assert facts_of.head(reader, "nothing") is None
    assert head is not None
    assert head.title == world.OUTAGE
    assert head.case is not None
    assert head.case.id == "i-water"


def test_a_story_that_went_into_another_says_so_and_is_not_counted(store: Store) -> None:
    with store.transaction() as tx:
        add_mentions(tx, [Told(id=f"m-tap-{n}", story="m-tap-0") for n in range(2)])
        stories.put(tx, [_row("m-tap-0")])
        stories.merge(tx, "s-water", "m-tap-0")
        incidents.add_mentions(tx, "i-bus", ["m-tap-0"], NOW)
    with store.read() as reader:
        head = facts_of.head(reader, "m-tap-0")
        counted = facts_of.counts(reader, NOW, LONG_AGO)
    assert head is not None
    assert head.merged_into == "s-water"
    assert counted["s-water"].mentions == 8
    assert "m-tap-0" not in counted


def _row(story_id: str) -> stories.StoryRow:
    return stories.StoryRow(
        id=story_id, title="x", place="", first_at=NOW, last_at=NOW, size=1, state="{}"
    )
