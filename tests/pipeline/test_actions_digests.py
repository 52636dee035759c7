"""What people do is checked, written and audited; the digest comes once a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.incidents import IllegalTransitionError
from models.records import IncidentState, Level
from pipeline.actions import Actions
from pipeline.digests import digest_due, make_digest
from pipeline.office import Office
from storage import audit, incidents, outbox
from tests.builders import NOW
from tests.pipeline.test_cycle import cycle, send


@pytest.fixture
def case_id(office: Office) -> str:
    cycle(office)
    with office.store.read() as reader:
        return incidents.open_incidents(reader)[0].id


@pytest.fixture
def actions(office: Office) -> Actions:
    return Actions(office=office, clock=lambda: NOW + timedelta(minutes=10))


def test_acknowledging_twice_is_one_acknowledgement(
    office: Office, actions: Actions, case_id: str
) -> None:
    actions.acknowledge(case_id, "值班员", "link", "")
    actions.acknowledge(case_id, "值班员", "console", "")
    with office.store.read() as reader:
        assert len(incidents.acknowledgements(reader)[case_id]) == 1


def test_a_major_emergency_starts_the_five_hour_clock(
    office: Office, actions: Actions, case_id: str
) -> None:
    actions.grade_emergency(case_id, Level.ORANGE, "分管领导", "deputy_leader", "涉及饮水安全")
    with office.store.read() as reader:
        clocks = {c.clock_id: c for c in incidents.clocks(reader, case_id)}
    assert clocks["first_authoritative_info"].due == NOW + timedelta(hours=5)
    assert clocks["press_conference"].due == NOW + timedelta(hours=24)
    actions.meet_clock(case_id, "press_conference", "新闻发言人", "已召开")
    with office.store.read() as reader:
        met = {c.clock_id: c.met_at for c in incidents.clocks(reader, case_id)}
    assert met["press_conference"] == NOW + timedelta(minutes=10)
    assert met["first_authoritative_info"] is None


def test_an_illegal_step_is_refused_with_the_legal_ones_and_changes_nothing(
    office: Office, actions: Actions, case_id: str
) -> None:
    with pytest.raises(IllegalTransitionError, match="登记"):
        actions.transition(case_id, IncidentState.RESPONDED, "张", "spokesperson", "")
    with office.store.read() as reader:
        case = incidents.incident(reader, case_id)
        assert case is not None
        assert case.state is IncidentState.MONITORED
        assert audit.check_store(office.store).rows == 0


def test_every_step_is_in_the_history_and_in_the_chain(
    office: Office, actions: Actions, case_id: str
) -> None:
    actions.transition(case_id, IncidentState.REGISTERED, "值班员", "duty_officer", "登记")
    actions.assign(case_id, "区水务公司", ("区卫生健康委",), "公开办", "openness_office", "")
    with office.store.read() as reader:
        assert [s.action for s in incidents.steps(reader, case_id)] == [
            "opened",
            "state",
            "assigned",
        ]
    assert audit.check_store(office.store).rows == 2


def test_a_label_outside_the_list_is_refused(actions: Actions) -> None:
    with pytest.raises(IllegalTransitionError, match="没有这样的标签"):
        actions.correct_label("m", "topic", "weather", "张", "analyst", "")


def test_the_digest_is_due_once_its_hour_has_come_and_only_once(office: Office) -> None:
    before = datetime(2026, 5, 13, 0, 29, tzinfo=UTC)
    at = datetime(2026, 5, 13, 0, 30, tzinfo=UTC)
    cycle(office)
    assert digest_due(office, before) is None
    assert digest_due(office, at) == date(2026, 5, 12)
    make_digest(office, date(2026, 5, 12), at)
    assert digest_due(office, at + timedelta(hours=5)) is None
    assert digest_due(office, at - timedelta(hours=1)) is None, "a clock set back makes no second"


def test_a_service_that_slept_makes_the_digest_when_it_wakes(office: Office) -> None:
    assert digest_due(office, datetime(2026, 5, 13, 15, 59, tzinfo=UTC)) == date(2026, 5, 12)


def test_the_digest_is_sent_once_however_often_it_is_made(office: Office) -> None:
    cycle(office)
    day, at = date(2026, 5, 12), datetime(2026, 5, 13, 0, 30, tzinfo=UTC)
    make_digest(office, day, at)
    make_digest(office, day, at + timedelta(minutes=1))
    with office.store.read() as reader:
        digests = [d for d in outbox.since(reader, NOW) if d.reason == "digest"]
    assert len(digests) == 1
    assert send(office, at).sent >= 1
