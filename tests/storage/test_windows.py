from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.records import MentionFilter, Window, WindowSpec
from storage.store import Store
from storage.windows import windows

NOW = datetime(2026, 5, 13, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Row:
    id: str
    at: datetime
    source: str = "论坛"
    tier: str = "netizen"
    topic: str = "municipal_services"
    sentiment: str = "negative"
    place: str = "甲镇"
    story: str = ""
    repost_of: str = ""
    url: str = ""
    text: str = "停水"
    urgency: int = 0
    exercise: bool = False
    queries: tuple[str, ...] = ()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "w.duckdb") as opened:
        yield opened


def put(store: Store, *rows: Row) -> None:
    with store.transaction() as tx:
        start = tx.value("SELECT coalesce(max(seq), 0) FROM mention")
        tx.insert(
            "mention", pa.Table.from_pylist([stored(row, start + n) for n, row in enumerate(rows)])
        )
        for row in rows:
            for query in row.queries:
                tx.run(
                    "INSERT INTO mention_match VALUES (?, ?, '停水', 'text', 0, 2, ?)",
                    [row.id, query, row.at],
                )


def stored(row: Row, seq: int) -> dict[str, object]:
    naive = row.at.astimezone(UTC).replace(tzinfo=None)
    return {
        "seq": seq,
        "id": row.id,
        "version": 1,
        "source": row.source,
        "kind": "post",
        "media_tier": row.tier,
        "external_id": row.id,
        "title": "",
        "text": row.text,
        "url": row.url,
        "origin": "",
        "place": row.place,
        "published_at": naive,
        "date_flag": "",
        "collected_at": naive,
        "event_at": naive,
        "author_key": "",
        "content_hash": row.id,
        "repost_of": row.repost_of,
        "story_id": row.story,
        "sentiment": row.sentiment,
        "sentiment_p": 0.9,
        "topic": row.topic,
        "topic_p": 0.9,
        "appeal": "complaint",
        "appeal_p": 0.9,
        "urgency": row.urgency,
        "urgency_p": 0.9,
        "model": "t",
        "reply": "",
        "exercise": row.exercise,
    }


def spec(
    *,
    rule: str = "r",
    filter: MentionFilter | None = None,  # noqa: A002 - the record's own name
    hours: float = 6,
    group_by: str = "",
    weeks: int = 0,
    spans: int = 0,
    at_least: int = 0,
) -> WindowSpec:
    return WindowSpec(
        rule=rule,
        filter=filter or MentionFilter(),
        span=timedelta(hours=hours),
        group_by=group_by,
        baseline_weeks=weeks,
        prior_spans=spans,
        at_least=at_least,
    )


def ask(store: Store, *specs: WindowSpec, now: datetime = NOW) -> list[Window]:
    with store.read() as reader:
        return windows(reader, specs, now)


def test_the_window_holds_its_end_and_not_its_start(store: Store) -> None:
    put(
        store,
        Row(id="at the start", at=NOW - 6 * HOUR),
        Row(id="just inside", at=NOW - 6 * HOUR + timedelta(microseconds=1)),
        Row(id="at the end", at=NOW),
        Row(id="after", at=NOW + timedelta(microseconds=1)),
    )
    (window,) = ask(store, spec())
    assert window.mentions == 2
    assert window.examples == ("just inside", "at the end")
    assert (window.start, window.end) == (NOW - 6 * HOUR, NOW)


def test_an_empty_store_gives_an_empty_window_for_an_ungrouped_spec(store: Store) -> None:
    (window,) = ask(store, spec(weeks=2, spans=3))
    assert (window.mentions, window.baseline, window.prior) == (0, (0, 0), (0, 0, 0))
    assert window.best_tier == ""
    assert ask(store, spec(group_by="story")) == []
    assert ask(store) == []


def test_reposts_count_as_mentions_but_not_as_independent(store: Store) -> None:
    put(store, Row(id="a", at=NOW), Row(id="b", at=NOW, repost_of="a", source="门户"))
    (window,) = ask(store, spec())
    assert (window.mentions, window.independent, window.sources) == (2, 1, 2)


def test_exercise_rows_never_count(store: Store) -> None:
    put(store, Row(id="a", at=NOW, exercise=True))
    assert ask(store, spec())[0].mentions == 0


def test_what_a_window_tells_of_its_mentions(store: Store) -> None:
    put(
        store,
        Row(id="a", at=NOW - HOUR, urgency=2, text="两人受伤", url="https://a.example/1"),
        Row(id="b", at=NOW, tier="municipal", sentiment="positive", url="https://b.example/1"),
        Row(id="c", at=NOW, sentiment="unclassified", text="未造成人员伤亡", story="s"),
    )
    (window,) = ask(store, spec())
    assert (window.negative, window.classified) == (1, 2)
    assert (window.urgent, window.casualty, window.platforms) == (1, 1, 3)
    assert (window.best_tier, window.story_id, window.topic) == (
        "municipal",
        "s",
        "municipal_services",
    )
    assert (window.first_at, window.last_at) == (NOW - HOUR, NOW)


@pytest.mark.parametrize(
    "chosen",
    [
        MentionFilter(topics=("environment",)),
        MentionFilter(sentiments=("positive",)),
        MentionFilter(tiers=("central",)),
        MentionFilter(sources=("日报",)),
        MentionFilter(places=("乙镇",)),
        MentionFilter(stories=("s2",)),
        MentionFilter(urgency_at_least=1),
        MentionFilter(queries=("气味",)),
        MentionFilter(queries=("气味", "没有的"), topics=("environment",)),
    ],
    ids=["topic", "sentiment", "tier", "source", "place", "story", "urgency", "query", "two"],
)
def test_a_filter_keeps_what_it_names(store: Store, chosen: MentionFilter) -> None:
    wanted = Row(
        id="b",
        at=NOW,
        topic="environment",
        sentiment="positive",
        tier="central",
        source="日报",
        place="乙镇",
        story="s2",
        urgency=1,
        queries=("气味", "气味"),
    )
    put(store, Row(id="a", at=NOW, queries=("停水",)), wanted)
    (window,) = ask(store, spec(filter=chosen))
    assert (window.mentions, window.examples) == (1, ("b",))


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ("story", ["s1", "s2"]),
        ("topic", ["environment", "municipal_services"]),
        ("place", ["乙镇", "甲镇"]),
        ("source", ["日报", "论坛"]),
        ("tier", ["central", "netizen"]),
        ("query", ["停水", "气味"]),
    ],
)
def test_groups_of_a_spec(store: Store, group_by: str, groups: list[str]) -> None:
    put(
        store,
        Row(id="a", at=NOW, story="s1", queries=("停水",)),
        Row(
            id="b",
            at=NOW,
            story="s2",
            topic="environment",
            place="乙镇",
            source="日报",
            tier="central",
            queries=("停水", "气味"),
        ),
        Row(id="c", at=NOW - 7 * HOUR, story="s3", topic="health", place="丙镇", source="旧"),
    )
    assert [window.group for window in ask(store, spec(group_by=group_by))] == groups


def test_small_groups_stay_out_when_the_spec_says_so(store: Store) -> None:
    put(
        store,
        Row(id="a", at=NOW, story="s1"),
        Row(id="b", at=NOW, story="s1"),
        Row(id="c", at=NOW, story="s2"),
    )
    assert [w.group for w in ask(store, spec(group_by="story", at_least=2, spans=1))] == ["s1"]


def test_the_baseline_is_the_same_hours_of_past_weeks(store: Store) -> None:
    week = timedelta(weeks=1)
    put(
        store,
        Row(id="2 weeks ago", at=NOW - 2 * week),
        Row(id="1 week ago", at=NOW - week - 5 * HOUR),
        Row(id="1 week ago, repost", at=NOW - week, repost_of="1 week ago"),
        Row(id="outside the hours", at=NOW - week - 6 * HOUR),
        Row(id="another day", at=NOW - timedelta(days=3)),
    )
    (window,) = ask(store, spec(weeks=3))
    assert window.baseline == (1, 1, 0)


def test_earlier_spans_lie_edge_to_edge_newest_first(store: Store) -> None:
    put(
        store,
        Row(id="4th, left out", at=NOW - 24 * HOUR),
        Row(id="3rd", at=NOW - 18 * HOUR),
        Row(id="2nd", at=NOW - 18 * HOUR + timedelta(microseconds=1)),
        Row(id="1st, its end", at=NOW - 6 * HOUR),
        Row(id="now", at=NOW),
    )
    (window,) = ask(store, spec(spans=3))
    assert (window.mentions, window.prior) == (1, (1, 1, 1))


def test_a_group_only_the_past_knows_shows_its_silence(store: Store) -> None:
    put(store, Row(id="a", at=NOW - 8 * HOUR, source="日报"))
    (window,) = ask(store, spec(group_by="source", spans=1))
    assert (window.group, window.mentions, window.prior) == ("日报", 0, (1,))


def test_each_rule_gets_its_own_windows_in_the_order_of_the_specs(store: Store) -> None:
    put(store, Row(id="a", at=NOW - 2 * HOUR))
    found = ask(store, spec(rule="x", hours=1), spec(rule="y"), spec(rule="z", hours=1))
    assert [(w.rule, w.mentions) for w in found] == [("x", 0), ("y", 1), ("z", 0)]


def test_many_specs_are_answered_as_one_by_one(store: Store) -> None:
    put(
        store,
        *(
            Row(id=str(n), at=NOW - n * HOUR, source=f"源{n % 3}", place=f"镇{n % 2}")
            for n in range(60)
        ),
    )
    specs = [
        spec(rule=f"{hours}-{group}", hours=hours, group_by=group, weeks=1, spans=2)
        for hours in range(1, 20)
        for group in ("", "source", "place", "topic")
    ]
    together = ask(store, *specs)
    apart = [window for one in specs for window in ask(store, one)]
    assert together == apart


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=st.permutations(range(12)))
def test_the_order_of_arrival_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    rows = [Row(id=str(n), at=NOW - n * HOUR, source=f"源{n % 3}") for n in range(12)]
    with Store.open(tmp_path_factory.mktemp("o") / "w.duckdb") as opened:
        put(opened, *(rows[n] for n in order))
        counts = [
            (w.group, w.mentions, w.prior, w.examples)
            for w in ask(opened, spec(group_by="source", spans=1))
        ]
    assert counts == [
        ("源0", 2, (2,), ("3", "0")),
        ("源1", 2, (2,), ("4", "1")),
        ("源2", 2, (2,), ("5", "2")),
    ]
