from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.backtest import backtest, compare, moments_between
from alerts.levels import LevelPolicy
from alerts.replay import Replay, Replayed
from alerts.rules.burst import Burst
from alerts.rules.threshold import Threshold
from models.records import MentionFilter, WindowSpec
from storage.store import Store
from storage.windows import windows

NOW = datetime(2026, 5, 13, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPECS = [
    WindowSpec(
        rule=f"{group}-{at_least}-{len(queries)}",
        filter=MentionFilter(queries=queries, urgency_at_least=at_least % 2),
        span=6 * HOUR,
        group_by=group,
        baseline_weeks=2,
        prior_spans=3,
        at_least=at_least,
    )
    for group in ("", "story", "topic", "place", "source", "query", "tier")
    for at_least in (0, 1, 2)
    for queries in ((), ("停水",))
]
MENTIONS = st.builds(
    Replayed,
    id=st.uuids().map(str),
    at=st.integers(0, 24 * 21 * 4).map(lambda quarters: NOW - quarters * HOUR / 4),
    source=st.sampled_from(["论坛", "日报"]),
    media_tier=st.sampled_from(["netizen", "central"]),
    place=st.sampled_from(["", "甲镇"]),
    topic=st.sampled_from(["", "health", "unclassified", "environment"]),
    sentiment=st.sampled_from(["", "negative", "positive", "unclassified"]),
    urgency=st.integers(0, 2),
    story=st.sampled_from(["", "s1", "s2"]),
    independent=st.booleans(),
    queries=st.sampled_from([(), ("停水",), ("停水", "气味")]),
)


def stored(mention: Replayed, seq: int) -> dict[str, object]:
    naive = mention.at.astimezone(UTC).replace(tzinfo=None)
    return {
        "seq": seq,
        "id": mention.id,
        "version": 1,
        "source": mention.source,
        "kind": mention.kind,
        "media_tier": mention.media_tier,
        "external_id": mention.id,
        "title": "",
        "text": "",
        "url": "",
        "origin": "",
        "place": mention.place,
        "date_flag": "",
        "collected_at": naive,
        "event_at": naive,
        "author_key": "",
        "content_hash": mention.id,
        "repost_of": "" if mention.independent else "x",
        "story_id": mention.story,
        "sentiment": mention.sentiment,
        "sentiment_p": 1.0,
        "topic": mention.topic,
        "topic_p": 1.0,
        "appeal": "",
        "appeal_p": 1.0,
        "urgency": mention.urgency,
        "urgency_p": 1.0,
        "model": "",
        "reply": "",
        "exercise": False,
    }


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(MENTIONS, min_size=1, max_size=60, unique_by=lambda mention: mention.id))
def test_memory_answers_as_the_store_does(
    tmp_path_factory: pytest.TempPathFactory, mentions: list[Replayed]
) -> None:
    with Store.open(tmp_path_factory.mktemp("r") / "r.duckdb") as store:
        with store.transaction() as tx:
            tx.insert(
                "mention", pa.Table.from_pylist([stored(m, n) for n, m in enumerate(mentions)])
            )
            for mention in mentions:
                for query in mention.queries:
                    tx.run(
                        "INSERT INTO mention_match VALUES (?, ?, '', '', 0, 0, ?)",
                        [mention.id, query, mention.at],
                    )
        with store.read() as reader:
            assert Replay(mentions).windows(SPECS, NOW) == windows(reader, SPECS, NOW)


def burst_of(count: int, start: datetime = NOW) -> list[Replayed]:
    return [Replayed(id=f"{start}{n}", at=start + n * HOUR / 12, source="x") for n in range(count)]


def test_a_replay_tells_what_would_have_fired_when_and_why() -> None:
    moments = moments_between(NOW - 3 * HOUR, NOW + 21 * HOUR, timedelta(minutes=5))
    rule = Threshold(name="r", at_least=5, window_minutes=60)
    found = backtest([rule], Replay(burst_of(5)).windows, moments, LevelPolicy())
    (alert,) = found.alerts
    assert alert.raised_at == NOW + timedelta(minutes=20)
    assert found.lines()[0].startswith(
        "2026-05-13 10:20  蓝色（一般）  r：全部信息  规则 r：1小时内独立信息 5"
    )
    assert (len(found.days), found.quiet_days, found.alerts_a_week) == (2, 1, 3.5)


def test_progress_reaches_the_last_moment() -> None:
    done: list[int] = []
    moments = moments_between(NOW, NOW + HOUR, timedelta(minutes=20))
    backtest([], Replay([]).windows, moments, LevelPolicy(), done.append)
    assert done == [1, 2, 3]
    with pytest.raises(ValueError, match="nothing to replay"):
        backtest([], Replay([]).windows, [], LevelPolicy())


def test_two_rule_files_are_compared_by_matter_and_day() -> None:
    moments = moments_between(NOW - HOUR, NOW + 3 * HOUR, timedelta(minutes=5))
    ask = Replay(burst_of(4)).windows
    low = backtest([Threshold(name="low", at_least=2)], ask, moments, LevelPolicy())
    high = backtest([Threshold(name="high", at_least=9)], ask, moments, LevelPolicy())
    found = compare(low, high)
    assert (found.both, len(found.only_first), found.only_second) == (0, 1, ())
    assert compare(low, low).both == 1


def test_late_and_out_of_order_mentions_change_nothing() -> None:
    moments = moments_between(NOW - HOUR, NOW + 3 * HOUR, timedelta(minutes=5))
    mentions = burst_of(6)
    one, other = (
        backtest([Burst(name="b")], Replay(order).windows, moments, LevelPolicy()).alerts
        for order in (mentions, mentions[::-1])
    )
    assert one == other
