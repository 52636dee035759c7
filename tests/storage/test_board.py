from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.records import DeliveryStatus, Level
from storage import board, browse, digest_facts, incidents, reports
from storage.browse import MentionQuery
from storage.digest_facts import Span
from storage.reports import Issue, Report
from storage.store import Store
from tests import world
from tests.world import Told

DAY_START = world.NOW - timedelta(hours=16.5)
SPAN = Span(start=DAY_START, end=DAY_START + timedelta(days=1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "yuqing.duckdb") as opened:
        world.fill(opened)
        yield opened


def test_reach_counts_independent_mentions_and_copies_apart(store: Store) -> None:
    with store.read() as reader:
        found = board.reach(reader, ["i-water", "i-bus"])
    water = found["i-water"]
    assert (water.independent, water.reposts, water.negative, water.sources) == (3, 3, 5, 4)
    assert "i-bus" not in found


def test_told_about_keeps_every_try_in_order(store: Store) -> None:
    with store.read() as reader:
        told = {one.delivery.id: one for one in board.told_about(reader, "i-water")}
    assert [t.outcome for t in told["d-mail"].attempts] == ["failed", "sent"]
    assert told["d-hook"].delivery.status is DeliveryStatus.DEAD
    assert told["d-hook"].attempts[0].permanent


def test_told_page_is_filtered_and_counted(store: Store) -> None:
    with store.read() as reader:
        assert [t.delivery.id for t in board.told_page(reader, status="dead")] == ["d-hook"]
        assert [t.delivery.id for t in board.told_page(reader, channel="mail")] == ["d-mail"]
        assert len(board.told_page(reader, at_most=1)) == 1
        assert len(board.told_page(reader, skip=1)) == 1
        assert board.told_counts(reader) == {"dead": 1, "sent": 1}
        assert board.channels(reader) == ["mail", "webhook"]


def test_alerts_come_with_their_reasons(store: Store) -> None:
    with store.read() as reader:
        (alert,) = board.alerts_of(reader, "i-water")
    assert alert.level is Level.ORANGE
    assert alert.reasons[0].startswith("1 小时内负面")


def test_pulse_counts_the_day_and_leaves_exercises_out(store: Store) -> None:
    with store.read() as reader:
        pulse = board.pulse(reader, DAY_START)
    assert (pulse.today, pulse.today_independent, pulse.today_negative) == (11, 8, 5)
    assert (pulse.waiting, pulse.dead_today) == (0, 1)
    assert pulse.last_cycle_at == world.ago(0.15)


def test_closed_incidents_come_latest_first(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("UPDATE incident SET closed_at = ? WHERE id = 'i-bus'", [world.ago(2)])
        tx.run("UPDATE incident SET closed_at = ? WHERE id = 'i-water'", [world.ago(1)])
    with store.read() as reader:
        assert [case.id for case in board.closed(reader, 5)] == ["i-water", "i-bus"]
        assert [case.id for case in board.closed(reader, 1)] == ["i-water"]


def test_a_mention_comes_back_as_it_was_stored(store: Store) -> None:
    with store.read() as reader:
        found = browse.mention(reader, "m-asked")
        assert browse.mention(reader, "nothing") is None
    assert found is not None
    assert found.title == "咨询老年卡办理需要什么材料"
    assert found.replied_at == world.ago(3)
    assert found.collected.tzinfo is not None


def test_of_incident_leaves_copies_out_and_is_newest_first(store: Store) -> None:
    with store.read() as reader:
        found = browse.of_incident(reader, "i-water", 10)
        assert len(browse.of_incident(reader, "i-water", 2)) == 2
        counts = browse.copy_counts(reader, [m.id for m in found])
    assert [m.id for m in found] == ["m-rumour", "m-outage-2", "m-outage"]
    assert counts == {"m-rumour": 3}


def test_loose_negatives_are_those_no_incident_has_taken_up(store: Store) -> None:
    with store.transaction() as tx:
        world.add_mentions(
            tx,
            [
                Told(id="m-smell", sentiment="negative", urgency=1),
                Told(id="m-noise", sentiment="negative", hours_ago=0.5),
                Told(id="m-noise-copy", sentiment="negative", repost_of="m-noise"),
                Told(id="m-yesterday", sentiment="negative", hours_ago=30),
            ],
        )
    with store.read() as reader:
        loose = browse.loose_negatives(reader, DAY_START, 10)
        assert len(browse.loose_negatives(reader, DAY_START, 1)) == 1
    assert [m.id for m in loose] == ["m-smell", "m-noise"]


def test_copies_are_oldest_first(store: Store) -> None:
    with store.read() as reader:
        copies = browse.copies(reader, "m-rumour", 10)
    assert [m.id for m in copies] == ["m-copy-0", "m-copy-1", "m-copy-2"]


def test_words_are_looked_for_as_they_are_not_as_a_pattern(store: Store) -> None:
    with store.transaction() as tx:
        world.add_mentions(tx, [Told(id="m-percent", title="100%_真的")])
    with store.read() as reader:
        found = browse.page(reader, MentionQuery(words="%_"))
    assert [m.id for m in found] == ["m-percent"]


def test_pages_go_back_by_arrival(store: Store) -> None:
    with store.read() as reader:
        first = browse.page(reader, MentionQuery(), at_most=3)
        second = browse.page(reader, MentionQuery(), before_seq=first[-1].seq, at_most=3)
    assert [m.seq for m in first + second] == sorted((m.seq for m in first + second), reverse=True)
    assert len({m.seq for m in first + second}) == 6


def test_hits_point_into_the_original_text(store: Store) -> None:
    with store.read() as reader:
        hits = browse.hits(reader, ["m-outage"])["m-outage"]
        assert browse.queries(reader) == ["供水"]
    assert {world.OUTAGE_TEXT[h.start : h.end] for h in hits if h.field == "text"} == {
        "停水",
        "应急供水",
    }


def test_health_tells_failures_streaks_and_sources_that_never_ran(store: Store) -> None:
    with store.read() as reader:
        found = {s.source: s for s in browse.health(reader, DAY_START, ["wechat"])}
    assert found["evening"].reason == "连接超时（30 秒）"
    assert found["evening"].failures_in_a_row == 2
    assert found["evening"].good_at == world.ago(5.95)
    assert found["gov"].failures_in_a_row == 0
    assert (found["gov"].day, found["gov"].total) == (1, 5)
    assert found["wechat"].last_at is None


def test_health_of_an_empty_database_is_empty(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.duckdb") as opened, opened.read() as reader:
        assert browse.health(reader, DAY_START, []) == []


def test_a_silent_source_is_told_apart_from_a_failing_one(store: Store) -> None:
    with store.read() as reader:
        runs = {run.source: run for run in digest_facts.runs(reader, SPAN)}
    assert (runs["evening"].runs, runs["evening"].failures) == (3, 2)
    assert runs["gov"].last_reason == ""


def test_a_case_closed_before_the_day_is_not_in_its_digest(store: Store) -> None:
    with store.transaction() as tx:
        tx.run("UPDATE incident SET closed_at = ? WHERE id = 'i-bus'", [world.ago(20)])
    with store.read() as reader:
        found = [case.incident.id for case in digest_facts.cases(reader, SPAN)]
    assert found == ["i-water"]


def test_a_story_names_the_case_that_has_most_of_it(store: Store) -> None:
    with store.transaction() as tx:
        incidents.add_mentions(tx, "i-bus", ["m-outage"], world.NOW)
    with store.read() as reader:
        (story,) = digest_facts.stories(reader, SPAN, 10)
    assert (story.incident_id, story.topic) == ("i-water", "municipal_services")
    assert (story.today, story.today_independent, story.sources) == (6, 3, 4)


def test_the_days_of_the_trend_end_with_today(store: Store) -> None:
    with store.read() as reader:
        days = digest_facts.by_day(reader, SPAN, 7)
    assert [d.mentions for d in days] == [0, 0, 1, 1, 1, 2, 11]
    assert days[-1].start == SPAN.start


def report(issue: Issue, text: str = "x") -> Report:
    return Report(issue=issue, published_at=world.NOW, facts={}, html=text, markdown=text)


def test_each_product_counts_for_itself(store: Store) -> None:
    with store.transaction() as tx:
        for product in ("daily", "weekly", "daily"):
            day = world.DAY + timedelta(days=reports.count(tx))
            reports.publish(tx, report(reports.issue_for(tx, product, day)))
        daily = reports.issue_for(tx, "daily", world.DAY + timedelta(days=9))
        weekly = reports.issue_for(tx, "weekly", world.DAY + timedelta(days=9))
    assert (daily.number, weekly.number) == (3, 2)


def test_the_archive_is_newest_first_and_paged(store: Store) -> None:
    with store.transaction() as tx:
        for n in range(5):
            day = world.DAY + timedelta(days=n)
            reports.publish(tx, report(reports.issue_for(tx, "daily", day)))
    with store.read() as reader:
        lines = reports.archive(reader, at_most=2, skip=1)
        before = reports.report_before(reader, "daily", world.DAY + timedelta(days=2))
    assert [line.issue.number for line in lines] == [4, 3]
    assert before is not None
    assert before.issue.number == 2
