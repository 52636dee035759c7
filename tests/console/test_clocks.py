"""Limits are extended with a reason, once and in time; the event's own time moves its clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.clocks import request_clock
from alerts.constants import load_constants
from models.records import Clock
from storage import incidents
from storage.store import Store
from tests import world
from tests.console.conftest import Hands

CASE = "/incidents/i-water"
HARD = "respond_other_limit"


def clock(store: Store, clock_id: str, case: str = "i-water") -> Clock:
    with store.read() as reader:
        return next(c for c in incidents.clocks(reader, case) if c.clock_id == clock_id)


def test_a_limit_is_extended_once_with_a_reason(officer: Hands, store: Store) -> None:
    before = clock(store, HARD)
    officer.open(CASE)
    officer.send(f"{CASE}/extension", clock=HARD, until="2026-11-27T10:30", reason="水质检测需两天")
    assert "时限已延期" in officer.page
    assert "由 11月26日 10:30 延期：水质检测需两天" in officer.page
    assert "延至 2026-11-27 10:30：水质检测需两天" in officer.page
    after = clock(store, HARD)
    assert after.due - before.due == timedelta(days=1)
    officer.send(f"{CASE}/extension", clock=HARD, until="2026-11-28T10:30", reason="还要一天")
    assert officer.status == 409
    assert "不得再次延期" in officer.page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"until": "2026-11-27T10:30", "reason": " "}, "延期须写明理由"),
        ({"until": "2026-11-26T10:30", "reason": "来不及"}, "新时限须晚于原时限"),
        ({"until": "soon", "reason": "来不及"}, "延期须写明新时限"),
        ({"until": "2026-11-27T10:30", "reason": "来不及", "clock": "nothing"}, "没有时限"),
    ],
    ids=str,
)
def test_an_extension_the_rules_do_not_allow_is_refused(
    officer: Hands, store: Store, fields: dict[str, str], said: str
) -> None:
    before = clock(store, HARD)
    officer.open(CASE)
    officer.send(f"{CASE}/extension", **{"clock": HARD, **fields})
    assert officer.status == 409
    assert said in officer.page
    assert clock(store, HARD) == before


def test_a_limit_that_has_passed_is_not_extended(officer: Hands) -> None:
    page = officer.open("/incidents/i-bus")
    assert "/incidents/i-bus/extension" not in page
    officer.send("/incidents/i-bus/extension", clock=HARD, until="2026-12-01T00:00", reason="x")
    assert "到期后不得延期" in officer.page


def test_working_days_are_extended_by_their_own_rule(officer: Hands, store: Store) -> None:
    with store.transaction() as tx:
        made = request_clock("i-water", world.NOW, load_constants())
        incidents.put_clock(tx, made)
    officer.open(CASE)
    officer.send(f"{CASE}/extension", clock="info_request", reason="须征求第三方意见")
    assert officer.status == 200
    later = clock(store, "info_request")
    assert later.extended_from == made.due
    assert "calendar_incomplete" in later.flag


def test_the_time_of_the_event_moves_the_clocks_that_count_from_it(
    officer: Hands, store: Store
) -> None:
    officer.open(CASE)
    officer.send(f"{CASE}/grade", grade="orange", reason="三十人以上就医")
    detected = clock(store, "first_authoritative_info")
    assert detected.t0_name == "detected"
    officer.send(f"{CASE}/occurred", occurred="2026-11-24T09:00", reason="水务公司调度记录")
    assert "事发时间 2026-11-24 09:00" in officer.page
    moved = clock(store, "first_authoritative_info")
    assert moved.t0_name == "occurred"
    assert detected.due - moved.due == timedelta(minutes=90)
    assert clock(store, HARD).t0_name == "detected"


def test_a_passed_limit_does_not_move_to_a_later_time(officer: Hands, store: Store) -> None:
    officer.open(CASE)
    officer.send(f"{CASE}/grade", grade="orange", reason="三十人以上就医")
    officer.send(f"{CASE}/occurred", occurred="2026-11-24T09:00", reason="调度记录")
    passed = clock(store, "first_authoritative_info")
    assert passed.due < world.NOW
    officer.send(f"{CASE}/occurred", occurred="2026-11-24T16:00", reason="更正")
    assert clock(store, "first_authoritative_info") == passed
    assert clock(store, "press_conference").due == world.NOW + timedelta(hours=23.5)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"occurred": "2026-11-24T16:31", "reason": "记录"}, 409),
        ({"occurred": "2026-11-24T09:00", "reason": ""}, 409),
        ({"occurred": "this morning", "reason": "记录"}, 400),
        ({"occurred": "9999-12-31T23:59", "reason": "记录"}, 409),
        ({"occurred": "0001-01-01T00:00", "reason": "记录"}, 400),
    ],
    ids=str,
)
def test_a_time_that_cannot_be_is_refused(
    officer: Hands, store: Store, fields: dict[str, str], status: int
) -> None:
    officer.open(CASE)
    officer.send(f"{CASE}/occurred", **fields)
    assert officer.status == status
    with store.read() as reader:
        case = incidents.incident(reader, "i-water")
    assert case is not None
    assert case.occurred_at is None


def test_a_monitor_does_not_extend(stranger: Hands) -> None:
    stranger.sign_in("监测员戊", "monitor")
    assert "/extension" not in stranger.open(CASE)
    stranger.send(f"{CASE}/extension", clock=HARD, until="2026-11-27T10:30", reason="x")
    assert stranger.status == 403
