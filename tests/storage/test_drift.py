"""Weeks of labels are counted in the database: by Shanghai's Mondays, one scan for all heads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from storage import corrections, drift, mentions
from storage.store import Store
from tests.builders import NOW, mention_row, mention_table

MONDAY = date(2026, 5, 11)
"""The Monday of the week of NOW."""

SINCE = NOW - timedelta(weeks=12)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "yuqing.duckdb") as opened:
        yield opened


def put(store: Store, *rows: dict[str, object]) -> None:
    with store.transaction() as tx:
        mentions.add(tx, mention_table([mention_row(id=f"m{i}", **r) for i, r in enumerate(rows)]))


def test_each_head_has_its_weeks_with_counts_and_mean_confidence(store: Store) -> None:
    before = (NOW - timedelta(weeks=1)).replace(tzinfo=None)
    put(
        store,
        {"sentiment": "negative", "sentiment_p": 0.9, "urgency": 1},
        {"sentiment": "neutral", "sentiment_p": 0.5, "urgency": 2},
        {"sentiment": "negative", "sentiment_p": 0.7, "event_at": before},
    )
    with store.read() as reader:
        found = drift.weeks(reader, SINCE)
    assert list(found) == ["appeal", "sentiment", "topic", "urgency"]
    earlier, now = found["sentiment"]
    assert (earlier.start, now.start) == (MONDAY - timedelta(weeks=1), MONDAY)
    assert (earlier.counts, now.counts) == ({"negative": 1}, {"negative": 1, "neutral": 1})
    assert now.confidence == pytest.approx(0.7)
    assert found["urgency"][-1].counts == {"1": 1, "2": 1}
    assert found["urgency"][-1].head == "urgency"


def test_a_week_turns_at_midnight_of_monday_in_shanghai(store: Store) -> None:
    turn = datetime(2026, 5, 10, 16, 0, tzinfo=UTC).replace(tzinfo=None)
    put(store, {"event_at": turn - timedelta(microseconds=1)}, {"event_at": turn})
    with store.read() as reader:
        starts = [week.start for week in drift.weeks(reader, SINCE)["topic"]]
    assert starts == [MONDAY - timedelta(weeks=1), MONDAY]


def test_exercises_unscored_and_older_mentions_are_not_counted(store: Store) -> None:
    older = (SINCE - timedelta(seconds=1)).replace(tzinfo=None)
    put(store, {"exercise": True}, {"model": ""}, {"event_at": older})
    with store.read() as reader:
        assert drift.weeks(reader, SINCE) == {}


def test_corrections_are_counted_in_the_week_they_were_made_and_by_head(store: Store) -> None:
    put(store, {}, {})
    with store.transaction() as tx:
        corrections.add(tx, "m0", ("topic", "transport"), "张科长", "", NOW)
        corrections.add(tx, "m1", ("topic", "municipal_services"), "张科长", "", NOW)
        corrections.add(tx, "m1", ("topic", "other"), "张科长", "", NOW - timedelta(weeks=1))
    with store.read() as reader:
        found = drift.weeks(reader, SINCE)
    (topic,), (appeal,) = found["topic"], found["appeal"]
    assert (topic.corrections, topic.changed) == (2, 1)
    assert (appeal.corrections, appeal.changed) == (0, 0)
