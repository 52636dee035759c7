"""One cycle stores once, judges what it stored, and tells once: again after a restart too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from collectors.http import Fetcher
from models.records import DeliveryStatus, Reason
from pipeline.cycle import CycleReport, run_cycle
from pipeline.deliver import Delivered, deliver
from pipeline.office import Office, open_office
from pipeline.settings import Loaded
from storage import incidents, outbox
from storage.store import Transaction
from tests.builders import NOW
from tests.pipeline.origin import FEED, HOTLINE, Origin


def cycle(office: Office, now: datetime = NOW) -> CycleReport:
    async def once() -> CycleReport:
        async with Fetcher(office.fetch_settings()) as fetcher:
            return await run_cycle(office, fetcher, now, only=office.loaded.active_sources())

    return asyncio.run(once())


def send(office: Office, now: datetime = NOW) -> Delivered:
    async def once() -> Delivered:
        async with Fetcher(office.fetch_settings()) as fetcher:
            return await deliver(office, fetcher, now)

    return asyncio.run(once())


def values(office: Office, sql: str) -> list[object]:
    with office.store.read() as reader:
        return [row[0] for row in reader.rows(sql)]


def test_a_cycle_stores_everything_and_opens_the_case(office: Office) -> None:
    report = cycle(office)
    assert (report.tally.fetched, report.tally.stored) == (4, 4)
    assert [alert.rule for alert in report.alerts] == ["集中"]
    with office.store.read() as reader:
        (case,) = incidents.open_incidents(reader)
        clocks = incidents.clocks(reader, case.id)
    assert {clock.clock_id: clock.due - case.detected_at for clock in clocks} == {
        "respond_hot_henan_target": timedelta(hours=24),
        "respond_other_limit": timedelta(hours=48),
    }


def test_the_same_again_stores_and_tells_nothing(office: Office) -> None:
    cycle(office)
    again = cycle(office, NOW + timedelta(minutes=5))
    assert (again.tally.stored, again.tally.updated, again.alerts, again.deliveries) == (
        0,
        0,
        (),
        (),
    )
    assert again.tally.duplicates == again.tally.fetched


def test_no_phone_number_reaches_the_database(office: Office) -> None:
    cycle(office)
    assert values(office, "SELECT count(*) FROM mention WHERE text LIKE '%13900000001%'") == [0]


def test_an_edit_is_a_new_version_not_a_new_mention(office: Office, origin: Origin) -> None:
    cycle(office)
    origin.pages["/feed.xml"] = FEED.replace("受到居民欢迎", "并增设夜间照明")
    report = cycle(office, NOW + timedelta(hours=1))
    assert (report.tally.stored, report.tally.updated) == (0, 1)
    assert values(office, "SELECT version FROM mention WHERE source = 'portal'") == [2]
    assert values(office, "SELECT count(*) FROM mention_version") == [1]


def test_a_dead_source_is_a_row_and_the_others_go_on(office: Office, origin: Origin) -> None:
    del origin.pages["/feed.xml"]
    report = cycle(office)
    runs = {run.source: run for run in report.runs}
    assert runs["portal"].status == "failed"
    assert "404" in runs["portal"].reason
    assert runs["hotline"].stored == 3


def test_rubbish_from_a_source_is_a_reason_too(office: Office, origin: Origin) -> None:
    origin.pages["/feed.xml"] = "\x00<html><p>维护中</p>"
    origin.pages["/hotline.csv"] = "甲,乙\n1,2\n"
    report = cycle(office)
    assert [run.status for run in report.runs] == ["failed", "failed"]
    assert all(run.reason for run in report.runs)
    assert report.tally.stored == 0


def test_a_cycle_that_breaks_leaves_nothing_and_the_next_one_has_it_all(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Transaction, "insert", full)
        with pytest.raises(OSError, match="no space"):
            cycle(office)
    assert values(office, "SELECT count(*) FROM mention") == [0]
    report = cycle(office)
    assert report.tally.stored == 4
    assert report.tally.reposts == 0


def test_a_card_arrives_once_whatever_is_repeated(office: Office, origin: Origin) -> None:
    cycle(office)
    assert send(office).sent == 1
    assert send(office).sent == 0
    (card,) = origin.received
    assert card["receiver"] == "值班员"
    assert card["reason"] == "first"
    assert "/ack/" in card["card"]["acknowledge_url"]
    assert card["card"]["unit"] == "区水务公司"
    assert "13900000001" not in str(card)


def test_a_restart_neither_loses_nor_repeats(
    configured: Callable[[], Loaded], origin: Origin
) -> None:
    with open_office(configured(), NOW) as office:
        cycle(office)
    with open_office(configured(), NOW) as office:
        again = cycle(office, NOW + timedelta(minutes=1))
        assert (again.tally.stored, again.alerts, again.deliveries) == (0, (), ())
        assert send(office, NOW + timedelta(minutes=1)).sent == 1
    assert len(origin.received) == 1


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_failing_sink_is_tried_again_until_it_recovers(
    office: Office, origin: Origin, status: int
) -> None:
    cycle(office)
    origin.sink_status = status
    assert send(office).failed == 1
    assert send(office).failed == 0, "not before its time"
    origin.sink_status = 200
    assert send(office, NOW + timedelta(minutes=20)).sent == 1
    assert values(office, "SELECT attempts FROM delivery") == [2]


def test_a_sink_that_refuses_for_good_is_dead_and_visible(office: Office, origin: Origin) -> None:
    cycle(office)
    origin.sink_status = 403
    assert send(office).dead == 1
    with office.store.read() as reader:
        (row,) = outbox.since(reader, NOW - timedelta(days=1))
    assert row.status is DeliveryStatus.DEAD
    assert "403" in row.last_error


def test_reminders_of_clocks_that_pass_together_are_one_message(office: Office) -> None:
    cycle(office)
    later = NOW + timedelta(hours=24, minutes=1)
    first = cycle(office, later).deliveries
    assert [d.reason for d in first if d.reason is Reason.REMINDER] == [Reason.REMINDER]
    assert not [
        d
        for d in cycle(office, later + timedelta(minutes=1)).deliveries
        if d.reason is Reason.REMINDER
    ]


def test_a_burst_of_reposts_is_reach_and_not_complaints(office: Office, origin: Origin) -> None:
    body = (
        "清岚区柳湾街道停水数小时后恢复供水，不少居民反映自来水发黄并带有异味，"
        "水务公司称管道正在冲洗。"
    )
    items = "".join(
        f"<item><title>{'转载：' * (i % 2)}柳湾街道停水后自来水有异味</title><guid>r{i}</guid>"
        f"<description>{body}{'（网友来稿）' * (i % 3)}</description></item>"
        for i in range(30)
    )
    origin.pages["/feed.xml"] = (
        f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>"
    )
    origin.pages["/hotline.csv"] = HOTLINE.splitlines()[0] + "\n"
    report = cycle(office)
    assert (report.tally.stored, report.tally.reposts) == (30, 29)


def firsts(office: Office) -> list[str]:
    with office.store.read() as reader:
        since = NOW - timedelta(days=9)
        return [d.id for d in outbox.since(reader, since) if d.reason is Reason.FIRST]


@pytest.mark.parametrize("days", [-1, 1], ids=["set-back", "set-forward"])
def test_a_clock_that_jumps_a_day_tells_nothing_twice(office: Office, days: int) -> None:
    cycle(office)
    before = firsts(office)
    cycle(office, NOW + timedelta(days=days))
    cycle(office, NOW + timedelta(minutes=1))
    assert firsts(office) == before


def test_midnight_tells_nothing_again(office: Office) -> None:
    cycle(office)
    before = firsts(office)
    midnight = datetime(2026, 5, 12, 16, 0, tzinfo=UTC)
    for minutes in (-1, 0, 1):
        cycle(office, midnight + timedelta(minutes=minutes))
    assert firsts(office) == before


def test_a_restart_in_the_middle_of_a_burst_gives_the_same_alerts(
    configured: Callable[[], Loaded], origin: Origin
) -> None:
    head, *rows = HOTLINE.splitlines()
    origin.pages["/hotline.csv"] = "\n".join([head, *rows[:2]])
    with open_office(configured(), NOW) as office:
        assert cycle(office).alerts == ()
    origin.pages["/hotline.csv"] = HOTLINE
    with open_office(configured(), NOW) as office:
        (alert,) = cycle(office, NOW + timedelta(minutes=5)).alerts
        assert (alert.rule, alert.independent) == ("集中", 3)
        assert cycle(office, NOW + timedelta(minutes=6)).alerts == ()


def test_why_a_source_is_collected_is_on_record_and_written_when_it_changes(
    office: Office,
) -> None:
    cycle(office)
    cycle(office, NOW + timedelta(minutes=1))
    assert values(office, "SELECT purpose FROM v_source ORDER BY source") == [
        "政务舆情收集与回应",
        "政务舆情收集与回应",
    ]
    assert values(office, "SELECT count(*) FROM source_register") == [2]
