from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.cards import Card, card_of
from alerts.outbox import due
from alerts.throttle import Limit, plan, room
from models.records import Delivery, DeliveryStatus, Level, Reason

Deliveries = Callable[..., Delivery]
LIMIT = Limit(per_minute=20)
SECOND = timedelta(seconds=1)


def row(base: Delivery, number: int, level: Level = Level.YELLOW, **changes: object) -> Delivery:
    card = Card(level=level, title=f"事件{number}", reason=Reason.FIRST, as_of=base.created_at)
    made = replace(base, id=f"d{number:05}", level=level, card=card.as_json())
    return replace(made, **changes)  # type: ignore[arg-type]


def test_room_counts_the_last_minute_and_second(now: datetime) -> None:
    limit = Limit(per_minute=100, per_second=5)
    assert room([], limit, now) == 5
    assert room([now - timedelta(seconds=2)] * 98, limit, now) == 2
    assert room([now - timedelta(seconds=60)] * 100, limit, now) == 5
    assert room([now] * 5, limit, now) == 0
    assert room([], Limit(), now) > 10_000


def test_a_clock_set_back_opens_no_flood(now: datetime) -> None:
    assert room([now + timedelta(days=1)] * 20, LIMIT, now) == 0


def test_what_fits_goes_as_it_is(delivery: Deliveries, now: datetime) -> None:
    rows = [row(delivery(), n) for n in range(17)]
    assert plan(rows, [], LIMIT, now).send == tuple(rows)


def test_a_burst_becomes_one_digest_that_names_the_gravest_first(
    delivery: Deliveries, now: datetime
) -> None:
    rows = [row(delivery(), n) for n in range(30)]
    rows.append(row(delivery(), 99, Level.ORANGE))
    found = plan(due(rows, now), [], LIMIT, now)
    (digest,) = found.send
    card = card_of(digest.card)
    assert (digest.reason, digest.level) == (Reason.DIGEST, Level.ORANGE)
    assert card.title == "31 条预警合并：橙色（重大） 1 条，黄色（较大） 30 条"
    assert card.why[0] == "【橙色（重大）】事件99"
    assert card.why[-1] == "另有 11 条，详见系统"
    assert len(found.merged) == 31
    assert {merged.status for merged in found.merged} == {DeliveryStatus.CANCELLED}
    assert digest.id in found.merged[0].last_error


def test_the_same_rows_make_the_same_digest(delivery: Deliveries, now: datetime) -> None:
    rows = [row(delivery(), n) for n in range(30)]
    one, again = plan(rows, [], LIMIT, now), plan(rows[::-1], [], LIMIT, now + SECOND)
    assert one.digests[0].id == again.digests[0].id


def test_each_receiver_gets_a_digest_of_its_own(delivery: Deliveries, now: datetime) -> None:
    rows = [row(delivery(), n, receiver="甲群" if n % 2 else "乙群") for n in range(60)]
    found = plan(rows, [], LIMIT, now)
    assert {digest.receiver for digest in found.digests} == {"甲群", "乙群"}


def test_red_leaves_by_itself_before_ten_thousand_others(
    delivery: Deliveries, now: datetime
) -> None:
    rows = [row(delivery(), n) for n in range(10_000)]
    rows.append(row(delivery(), 99_999, Level.RED))
    found = plan(due(rows, now), [], LIMIT, now)
    assert found.send[0].id == "d99999"
    assert len(found.send) == 2


def test_places_of_each_minute_are_kept_for_red(delivery: Deliveries, now: datetime) -> None:
    used = [now - timedelta(seconds=10)] * 17
    yellow, red = row(delivery(), 1), row(delivery(), 2, Level.RED)
    assert plan([yellow], used, LIMIT, now).send == ()
    assert plan([red, yellow], used, LIMIT, now).send == (red,)


def test_more_red_than_room_is_told_now_as_a_red_digest(
    delivery: Deliveries, now: datetime
) -> None:
    rows = [row(delivery(), n, Level.RED) for n in range(50)]
    found = plan(rows, [], LIMIT, now)
    assert [one.level for one in found.send] == [Level.RED] * 20
    assert len(found.merged) == 31


def test_a_storm_is_wholly_told_within_two_minutes_and_within_the_limit(
    delivery: Deliveries, now: datetime
) -> None:
    waiting = [row(delivery(), n, created_at=now) for n in range(10_000)]
    arriving = {second: row(delivery(), 20_000 + second) for second in range(60)}
    sent: list[datetime] = []
    for second in range(120):
        moment = now + second * SECOND
        if second in arriving:
            waiting.append(arriving[second])
        found = plan(due(waiting, moment), sent, LIMIT, moment)
        gone = {one.id for one in (*found.send, *found.merged)}
        waiting = [one for one in waiting if one.id not in gone]
        sent += [moment] * len(found.send)
    assert waiting == []
    busiest = max(sum(timedelta(0) <= b - a < 60 * SECOND for b in sent) for a in sent)
    assert busiest <= 20


def test_without_a_limit_nothing_is_merged(delivery: Deliveries, now: datetime) -> None:
    rows = [row(delivery(), n) for n in range(500)]
    assert plan(rows, [], Limit(), now).send == tuple(rows)
