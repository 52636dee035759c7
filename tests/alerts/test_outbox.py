from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from alerts.cards import Card, card_of
from alerts.clocks import clocks_for, reminders
from alerts.constants import load_constants
from alerts.contract import Sent
from alerts.outbox import (
    Target,
    Telling,
    TellPolicy,
    after_attempt,
    deliveries_for,
    due,
    needs_second_channel,
    not_before,
    reason_to_tell,
    reminder_occasion,
    second_channel,
)
from models.records import SHANGHAI, Delivery, DeliveryStatus, Incident, Level, Reason

Incidents = Callable[..., Incident]
Deliveries = Callable[..., Delivery]
POLICY = TellPolicy()
SECOND = timedelta(seconds=1)
MAIL = Target(channel="mail", receiver="a@example.org")
ROBOT = Target(channel="robot", receiver="")


def some_card(now: datetime, **changes: object) -> Card:
    made = Card(level=Level.YELLOW, title="停水", reason=Reason.FIRST, as_of=now, independent=10)
    return replace(made, **changes)  # type: ignore[arg-type]


def told(delivery: Deliveries, now: datetime, **changes: object) -> Delivery:
    return delivery(card=some_card(now).as_json(), **changes)


def test_first_then_nothing(incident: Incidents, delivery: Deliveries, now: datetime) -> None:
    assert reason_to_tell(incident(), 10, None, now, POLICY) is Reason.FIRST
    last = told(delivery, now)
    assert reason_to_tell(incident(), 10, last, now + SECOND, POLICY) is Reason.NONE


def test_worse_before_grown_before_repeat(
    incident: Incidents, delivery: Deliveries, now: datetime
) -> None:
    last, much_later = told(delivery, now), now + timedelta(days=1)
    orange = incident(level_suggested=Level.ORANGE)
    assert reason_to_tell(orange, 99, last, much_later, POLICY) is Reason.WORSE
    assert reason_to_tell(incident(), 20, last, much_later, POLICY) is Reason.GROWN
    assert reason_to_tell(incident(), 19, last, much_later, POLICY) is Reason.REPEAT


def test_a_repeat_comes_when_the_interval_is_full_and_nobody_acknowledged(
    incident: Incidents, delivery: Deliveries, now: datetime
) -> None:
    last, full = told(delivery, now), now + timedelta(minutes=240)
    assert reason_to_tell(incident(), 10, last, full - SECOND, POLICY) is Reason.NONE
    assert reason_to_tell(incident(), 10, last, full, POLICY) is Reason.REPEAT
    quiet = reason_to_tell(incident(), 10, last, full, POLICY, acknowledged=True)
    assert quiet is Reason.NONE


def test_resolved_is_told_once_and_only_to_those_who_were_told(
    incident: Incidents, delivery: Deliveries, now: datetime
) -> None:
    closed = incident(closed_at=now)
    assert reason_to_tell(closed, 10, told(delivery, now), now, POLICY) is Reason.RESOLVED
    last = told(delivery, now, reason=Reason.RESOLVED)
    assert reason_to_tell(closed, 10, last, now, POLICY) is Reason.NONE
    assert reason_to_tell(closed, 10, None, now, POLICY) is Reason.NONE


def test_the_same_occasion_gives_the_same_ids_and_another_gives_others(now: datetime) -> None:
    telling = Telling(card=some_card(now), incident_id="i1", occasion="a1")
    first = deliveries_for(telling, [MAIL, ROBOT, MAIL], now, POLICY)
    again = deliveries_for(telling, [MAIL, ROBOT], now + SECOND, POLICY)
    assert [one.id for one in first] == [one.id for one in again]
    assert len({one.id for one in first}) == 2
    other = deliveries_for(replace(telling, occasion="a2"), [MAIL], now, POLICY)
    assert other[0].id not in {one.id for one in first}


def test_each_receiver_gets_a_link_of_its_own(now: datetime) -> None:
    telling = Telling(
        card=some_card(now),
        incident_id="i1",
        occasion="a1",
        acknowledge_url=lambda key, receiver: f"https://y.example.org/ack/{key}/{receiver}",
    )
    for one in deliveries_for(telling, [MAIL, ROBOT], now, POLICY):
        link = f"https://y.example.org/ack/{one.id}/{one.receiver}"
        assert card_of(one.card).acknowledge_url == link


@pytest.mark.parametrize(
    ("clock", "level", "leaves"),
    [
        ("21:59", Level.BLUE, "2026-05-13 21:59"),
        ("22:00", Level.BLUE, "2026-05-14 08:00"),
        ("03:00", Level.BLUE, "2026-05-13 08:00"),
        ("08:00", Level.BLUE, "2026-05-13 08:00"),
        ("03:00", Level.YELLOW, "2026-05-13 03:00"),
        ("03:00", Level.RED, "2026-05-13 03:00"),
    ],
)
def test_quiet_hours_hold_only_blue(clock: str, level: Level, leaves: str) -> None:
    now = datetime.fromisoformat(f"2026-05-13T{clock}:00+08:00")
    found = not_before(level, now, POLICY).astimezone(SHANGHAI)
    assert f"{found:%Y-%m-%d %H:%M}" == leaves


def test_quiet_hours_can_be_switched_off_or_lie_within_a_day() -> None:
    now = datetime.fromisoformat("2026-05-13T13:00:00+08:00")
    assert not_before(Level.BLUE, now, TellPolicy(quiet_from=None)) == now
    noon = TellPolicy(quiet_from=time(12), quiet_to=time(14))
    assert not_before(Level.BLUE, now, noon) == now + timedelta(hours=1)


def test_success_confirmed_and_not(delivery: Deliveries, now: datetime) -> None:
    sent = after_attempt(delivery(), Sent(ok=True), now)
    assert (sent.status, sent.sent_at, sent.attempts) == (DeliveryStatus.SENT, now, 1)
    accepted = after_attempt(delivery(), Sent(ok=True, confirmed=False), now)
    assert accepted.status is DeliveryStatus.ACCEPTED


def test_a_permanent_failure_is_dead_at_once_and_needs_a_second_channel(
    delivery: Deliveries, now: datetime
) -> None:
    dead = after_attempt(delivery(), Sent(ok=False, permanent=True, detail="HTTP 403"), now)
    assert (dead.status, dead.last_error) == (DeliveryStatus.DEAD, "HTTP 403")
    assert needs_second_channel(dead)
    one = second_channel(dead, ROBOT, now)
    assert (one.channel, one.status, one.attempts) == ("robot", DeliveryStatus.PENDING, 0)
    assert one.id == second_channel(dead, ROBOT, now + SECOND).id != dead.id


def test_retries_double_up_to_a_minute_and_never_end(delivery: Deliveries, now: datetime) -> None:
    one, pauses = delivery(), []
    for _ in range(60):
        one = after_attempt(one, Sent(ok=False, detail="refused"), now)
        pauses.append((one.next_try_at - now).total_seconds())
    assert one.status is DeliveryStatus.PENDING
    assert pauses == sorted(pauses)
    assert 2 <= pauses[0] < pauses[1] < pauses[2]
    assert 60 <= pauses[-1] <= 72


def test_the_other_side_may_ask_for_more_time_within_reason(
    delivery: Deliveries, now: datetime
) -> None:
    asked = Sent(ok=False, retry_after=timedelta(minutes=10))
    assert after_attempt(delivery(), asked, now).next_try_at == now + timedelta(minutes=10)
    forever = Sent(ok=False, retry_after=timedelta(days=3))
    assert after_attempt(delivery(), forever, now).next_try_at == now + timedelta(minutes=15)


def test_a_message_that_waits_long_takes_a_second_way_but_blue_does_not(
    delivery: Deliveries, now: datetime
) -> None:
    one = delivery()
    for _ in range(4):
        assert not needs_second_channel(one)
        one = after_attempt(one, Sent(ok=False), now)
    assert needs_second_channel(one)
    assert not needs_second_channel(replace(one, level=Level.BLUE))


def test_the_gravest_leaves_first_then_the_oldest(delivery: Deliveries, now: datetime) -> None:
    waiting = [
        *(delivery(id=f"blue{n:03}", level=Level.BLUE) for n in range(300)),
        delivery(id="red", level=Level.RED, created_at=now + SECOND),
        delivery(id="old", level=Level.YELLOW, created_at=now - SECOND),
        delivery(id="sent", level=Level.RED, status=DeliveryStatus.SENT),
        delivery(id="later", next_try_at=now + SECOND),
    ]
    assert [one.id for one in due(waiting, now)][:3] == ["red", "old", "blue000"]
    assert len(due(waiting, now)) == 302


def test_a_clock_set_back_by_a_day_holds_nothing_back(delivery: Deliveries, now: datetime) -> None:
    one = after_attempt(delivery(), Sent(ok=False), now)
    assert due([one], now) == ()
    assert due([one], now - timedelta(days=1)) == (one,)


def test_blue_waits_through_the_night(delivery: Deliveries) -> None:
    evening = datetime.fromisoformat("2026-05-13T22:00:00+08:00")
    one = delivery(level=Level.BLUE, next_try_at=not_before(Level.BLUE, evening, POLICY))
    assert due([one], evening) == ()
    assert due([one], evening + timedelta(hours=10)) == (one,)


def test_each_reminder_is_one_occasion_and_an_extension_another(
    incident: Incidents, now: datetime
) -> None:
    clock = clocks_for(incident(), load_constants(), now)[0]
    found = reminders(clock, clock.due)
    assert len({reminder_occasion(reminder) for reminder in found}) == 3
    longer = replace(clock, due=clock.due + timedelta(hours=1))
    assert reminder_occasion(replace(found[0], clock=longer)) != reminder_occasion(found[0])
