"""Whom the office tells, by which way, and that nobody is left without an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.routing import Match
from models.records import Delivery, DeliveryStatus, IncidentState, Level, Reason
from pipeline.actions import Actions
from pipeline.drill import end_drill, start_drill
from pipeline.office import Office, open_office
from pipeline.publish import publish_snapshot
from pipeline.settings import load
from storage import incidents, outbox, silences
from storage.silences import SilenceRow
from tests.builders import NOW
from tests.pipeline.conftest import CONFIG
from tests.pipeline.origin import HOTLINE, Origin
from tests.pipeline.test_cycle import cycle, send

PEOPLE = """
people:
  李值班: [{channel: sink, to: li-web}, {channel: second, to: li-second}]
  王科长: [{channel: sink, to: wang}]
  赵局长: [{channel: sink, to: zhao}]
on_call:
  schedules:
    - name: 值班
      rotations: [{people: [李值班], first_day: 2026-01-01}]
    - {name: 空班}
  escalation:
    steps: [{who: ["oncall:空班"]}, {who: ["oncall:值班"]}, {who: [王科长]}, {who: [赵局长]}]
"""
ROUTES = """
routes:
  timing: {group_wait_seconds: 60, group_interval_minutes: 5}
  routes:
    - match: {topic: [municipal_services], level_at_least: blue}
      receivers: [{channel: sink, to: "oncall:值班"}]
      continue: true
    - receivers: [{channel: sink, to: 兜底}]
"""

Opened = Callable[..., object]


@pytest.fixture
def opened(tmp_path: Path, origin: Origin) -> Opened:
    @contextmanager
    def make(more: str, *, tell: bool = True) -> Iterator[Office]:
        text = CONFIG.format(host=origin.host).replace(
            "at_least: 3,", "at_least: 3, level: orange,"
        )
        text = text.replace(
            "channels:\n",
            f'channels:\n  - {{name: second, kind: webhook, url: "http://{origin.host}/other"}}\n',
        )
        if not tell:
            text = text.replace("tell:\n  - {channel: sink, receivers: [值班员]}\n", "")
        path = tmp_path / "yuqing.yaml"
        path.write_text(text + more, encoding="utf-8")
        with open_office(load(path), NOW) as office:
            yield office

    return make


def told(office: Office, reason: Reason) -> list[Delivery]:
    with office.store.read() as reader:
        return [d for d in outbox.since(reader, NOW - timedelta(days=1)) if d.reason is reason]


def only_case(office: Office) -> str:
    with office.store.read() as reader:
        return incidents.open_incidents(reader)[0].id


def test_nobody_answers_and_the_next_one_is_called(opened: Opened) -> None:
    with opened(PEOPLE) as office:  # type: ignore[attr-defined]  # a context manager
        cycle(office)
        # The empty rota is skipped at once; orange waits ten minutes for an answer.
        called = [d.receiver for d in told(office, Reason.ESCALATED)]
        assert called == ["li-web", "li-second"]
        cycle(office, NOW + timedelta(minutes=10))
        cycle(office, NOW + timedelta(minutes=20))
        called = [d.receiver for d in told(office, Reason.ESCALATED)]
        assert called == ["li-web", "li-second", "wang", "zhao"]
        again = cycle(office, NOW + timedelta(minutes=21))
        assert not [d for d in again.deliveries if d.reason is Reason.ESCALATED]


def test_an_answer_stops_the_calling(opened: Opened) -> None:
    with opened(PEOPLE) as office:  # type: ignore[attr-defined]
        cycle(office)
        later = NOW + timedelta(minutes=2)
        Actions(office=office, clock=lambda: later).acknowledge(only_case(office), "李", "link", "")
        before = len(told(office, Reason.ESCALATED))
        cycle(office, NOW + timedelta(minutes=40))
        assert len(told(office, Reason.ESCALATED)) == before


def test_a_route_waits_for_its_group_and_names_who_is_on_duty(opened: Opened) -> None:
    with opened(PEOPLE + ROUTES, tell=False) as office:  # type: ignore[attr-defined]
        cycle(office)
        assert told(office, Reason.FIRST) == []
        cycle(office, NOW + timedelta(seconds=61))
        assert {d.receiver for d in told(office, Reason.FIRST)} == {"li-web", "兜底"}


def test_a_silence_is_listed_and_not_sent(opened: Opened) -> None:
    with opened("") as office:  # type: ignore[attr-defined]
        row = SilenceRow(
            id=0,
            matcher='{"rule": ["集中"]}',
            starts_at=NOW - timedelta(hours=1),
            ends_at=NOW + timedelta(hours=1),
            author="张科长",
            reason="正在核实",
        )
        with office.store.transaction() as tx:
            silences.add(tx, row)
        cycle(office)
        (held,) = told(office, Reason.FIRST)
        assert held.status is DeliveryStatus.CANCELLED
        assert "张科长" in held.last_error
        assert send(office).sent == 0


def test_what_one_channel_cannot_carry_another_does(opened: Opened, origin: Origin) -> None:
    with opened(PEOPLE + ROUTES, tell=False) as office:  # type: ignore[attr-defined]
        cycle(office, NOW)
        later = NOW + timedelta(seconds=61)
        cycle(office, later)
        origin.sink_status = 403
        send(office, later)
        origin.sink_status = 200
        send(office, later)
        assert "li-second" in {message["receiver"] for message in origin.received}


def test_a_closed_case_is_told_as_resolved_once(opened: Opened) -> None:
    with opened("") as office:  # type: ignore[attr-defined]
        cycle(office)
        later = NOW + timedelta(minutes=30)
        actions = Actions(office=office, clock=lambda: later)
        actions.transition(
            only_case(office), IncidentState.FALSE_ALARM, "研判员", "analyst", "重复来电"
        )
        first = cycle(office, later).deliveries
        assert [d.reason for d in first] == [Reason.RESOLVED]
        assert cycle(office, later + timedelta(minutes=5)).deliveries == ()


def test_a_storm_becomes_digests_within_the_channels_limit(opened: Opened) -> None:
    with opened("") as office:  # type: ignore[attr-defined]
        robot = office.loaded.channels[0].model_copy(update={"name": "sink"})
        object.__setattr__(robot, "per_minute", 20)
        object.__setattr__(office.loaded, "channels", (robot,))
        cycle(office)
        (sample,) = told(office, Reason.FIRST)

        storm = [replace(sample, id=f"storm-{n}") for n in range(500)]
        with office.store.transaction() as tx:
            outbox.add(tx, storm)
        done = send(office)
        assert 0 < done.sent <= 20
        with office.store.read() as reader:
            assert outbox.pending(reader) == 0


def test_an_analysts_query_is_a_rule(opened: Opened) -> None:
    rule = """
  - name: 自定义
    kind: sql
    query: SELECT '供水' AS grp, count(*) AS mentions FROM v_mention HAVING count(*) >= 3
"""
    with opened("") as office:  # type: ignore[attr-defined]
        cycle(office)
        publish_snapshot(office, NOW)
    text = CONFIG.replace("channels:", f"{rule.rstrip()}\nchannels:", 1)
    path = office.loaded.folder / "yuqing.yaml"
    host = office.loaded.settings.http.allow_hosts[0]
    path.write_text(text.format(host=host), encoding="utf-8")
    with open_office(load(path), NOW) as again:
        report = cycle(again, NOW + timedelta(minutes=1))
    assert ("自定义", "供水") in {(a.rule, a.group) for a in report.alerts}


def test_a_broken_query_is_its_own_trouble(opened: Opened, origin: Origin) -> None:
    with opened("") as office:  # type: ignore[attr-defined]
        cycle(office)
        publish_snapshot(office, NOW)
    text = CONFIG.replace(
        "channels:", "  - {{name: 坏, kind: sql, query: SELECT nothing FROM nowhere}}\nchannels:", 1
    )
    path = office.loaded.folder / "yuqing.yaml"
    path.write_text(text.format(host=origin.host), encoding="utf-8")
    origin.pages["/hotline.csv"] = HOTLINE + "4,2026-05-12 10:00,新的诉求,北苑街道路灯不亮,1\n"
    with open_office(load(path), NOW) as again:
        report = cycle(again, NOW + timedelta(minutes=1))
    assert [text.split(":")[0] for text in report.rule_failures] == ["坏"]
    assert report.tally.stored == 1
    assert Reason.OPERATIONAL in {d.reason for d in report.deliveries}


def test_a_drill_goes_the_real_way_and_leaves_no_statistic(opened: Opened, origin: Origin) -> None:
    with opened("") as office:  # type: ignore[attr-defined]
        case = start_drill(office, "演练：停水", "模拟停水", Level.ORANGE, "张科长", NOW)
        assert case.number.startswith("演练")
        assert send(office).sent == 1
        assert origin.received[0]["exercise"] is True
        assert "【演练】" in origin.received[0]["subject"]
        with office.store.read() as reader:
            assert reader.value("SELECT count(*) FROM v_mention") == 0
            assert reader.value("SELECT count(*) FROM v_incident") == 0
            assert len(incidents.clocks(reader, case.id)) >= 2
        assert cycle(office).alerts[0].exercise is False
        end_drill(office, case, "张科长", NOW + timedelta(hours=1))
        with office.store.read() as reader:
            assert not [c for c in incidents.open_incidents(reader) if c.exercise]


def test_a_silence_by_level_survives_being_stored() -> None:
    match = Match(level_at_most=Level.YELLOW, topic=("health",))
    assert Match.model_validate_json(match.model_dump_json(exclude_defaults=True)) == match


def test_a_limit_that_passed_goes_up_to_the_last_step(opened: Opened) -> None:
    with opened(PEOPLE) as office:  # type: ignore[attr-defined]
        cycle(office)
        later = NOW + timedelta(minutes=1)
        Actions(office=office, clock=lambda: later).acknowledge(only_case(office), "李", "link", "")
        cycle(office, NOW + timedelta(hours=24, minutes=1))
        overdue = [d for d in told(office, Reason.ESCALATED) if "已超时" in d.card]
        assert [d.receiver for d in overdue] == ["zhao"]
