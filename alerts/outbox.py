"""When to tell, whom, and what becomes of each message: decisions only, the edges do the rest.

A delivery is a row before it is a message. Its id is stable, so a crash between sending and noting
repeats at most one message, which the receiver can drop by the same id.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field

from alerts.cards import Card, card_of
from alerts.clocks import Reminder
from alerts.contract import Sent
from models.records import SHANGHAI, Delivery, DeliveryStatus, Incident, Level, Reason

FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(seconds=60)
LONGEST_RETRY_AFTER = timedelta(minutes=15)
LONGEST_WAIT = timedelta(minutes=20)
LONGEST_QUIET = timedelta(hours=13)
SECOND_CHANNEL_AFTER_ATTEMPTS = 4


class TellPolicy(BaseModel):
    """How often people are told again, and when blue may wait."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeat_minutes_red: int = Field(default=15, ge=1)
    repeat_minutes_orange: int = Field(default=60, ge=1)
    repeat_minutes_yellow: int = Field(default=240, ge=1)
    repeat_minutes_blue: int = Field(default=1440, ge=1)
    grown_times: float = Field(default=2.0, ge=2)
    quiet_from: time | None = Field(default=time(22), description="Blue waits from this hour")
    quiet_to: time = Field(default=time(8), description="to this one (Asia/Shanghai)")

    def repeat(self, level: Level) -> timedelta:
        """How long after the last message an unacknowledged matter is told again."""
        minutes = {
            Level.RED: self.repeat_minutes_red,
            Level.ORANGE: self.repeat_minutes_orange,
            Level.YELLOW: self.repeat_minutes_yellow,
            Level.BLUE: self.repeat_minutes_blue,
        }
        return timedelta(minutes=minutes[level])


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One receiver on one channel."""

    channel: str
    receiver: str


def reason_to_tell(
    incident: Incident,
    independent: int,
    last: Delivery | None,
    now: datetime,
    policy: TellPolicy,
    *,
    acknowledged: bool = False,
) -> Reason:
    """Say why people are told about an incident now, or Reason.NONE.

    `independent` is the spread now; `last` the latest delivery about it to the same receiver. A
    repeat comes when the interval has fully passed and nobody has acknowledged.
    """
    if incident.closed_at is not None:
        told = last is not None and last.reason is not Reason.RESOLVED
        return Reason.RESOLVED if told else Reason.NONE
    if last is None or last.reason is Reason.RESOLVED:
        return Reason.FIRST
    if incident.level > last.level:
        return Reason.WORSE
    told_spread = card_of(last.card).independent if last.card else 0
    if told_spread and independent >= policy.grown_times * told_spread:
        return Reason.GROWN
    if not acknowledged and now - last.created_at >= policy.repeat(incident.level):
        return Reason.REPEAT
    return Reason.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Something to say about one incident (or, without one, about the system itself).

    `occasion` names the event that makes us speak: an alert id, a clock id with its percentage, the
    id of the delivery that is repeated. `acknowledge_url` makes the signed link of one delivery.
    """

    card: Card
    occasion: str
    incident_id: str = ""
    step: int = 0
    acknowledge_url: Callable[[str, str], str] | None = None


def deliveries_for(
    telling: Telling, targets: Sequence[Target], now: datetime, policy: TellPolicy
) -> tuple[Delivery, ...]:
    """Return one delivery for each target, with ids that the same occasion always gives.

    Blue created in quiet hours waits for their end.
    """
    return tuple(_delivery(telling, target, now, policy) for target in dict.fromkeys(targets))


def _delivery(telling: Telling, target: Target, now: datetime, policy: TellPolicy) -> Delivery:
    card = telling.card
    key = delivery_id(telling.incident_id, card.reason, telling.occasion, target, telling.step)
    if telling.acknowledge_url is not None:
        card = replace(card, acknowledge_url=telling.acknowledge_url(key, target.receiver))
    return Delivery(
        id=key,
        channel=target.channel,
        receiver=target.receiver,
        reason=card.reason,
        level=card.level,
        subject=card.subject(),
        card=card.as_json(),
        created_at=now,
        next_try_at=not_before(card.level, now, policy),
        alert_id=card.alert_id,
        incident_id=telling.incident_id,
        step=telling.step,
        exercise=card.exercise,
    )


def delivery_id(
    incident_id: str, reason: Reason, occasion: str, target: Target, step: int = 0
) -> str:
    """Return the stable id of a message, which is also its idempotency key."""
    parts = (incident_id, reason, occasion, target.channel, target.receiver, str(step))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def reminder_occasion(reminder: Reminder) -> str:
    """Return the occasion of a clock's reminder; an extension makes a new one."""
    clock = reminder.clock
    return f"{clock.clock_id}|{int(clock.due.timestamp())}|{reminder.percent}"


def not_before(level: Level, now: datetime, policy: TellPolicy) -> datetime:
    """Return when a message may leave: now, except that blue waits for the end of quiet hours."""
    if level > Level.BLUE or policy.quiet_from is None:
        return now
    local = now.astimezone(SHANGHAI)
    start, end = policy.quiet_from, policy.quiet_to
    clock = local.time()
    quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not quiet:
        return now
    day = local.date() if clock < end else local.date() + timedelta(days=1)
    return datetime.combine(day, end, tzinfo=SHANGHAI).astimezone(now.tzinfo)


def after_attempt(delivery: Delivery, sent: Sent, now: datetime) -> Delivery:
    """Return the delivery after one attempt: sent, accepted, dead, or to be tried again.

    Retries never stop by themselves (nothing is lost); they come 2, 4, 8 … at most 60 s apart, or
    when the other side asked, and a delivery that cannot succeed is dead at once.
    """
    tried = replace(delivery, attempts=delivery.attempts + 1, last_error=sent.detail)
    if sent.ok:
        status = DeliveryStatus.SENT if sent.confirmed else DeliveryStatus.ACCEPTED
        return replace(tried, status=status, sent_at=now, last_error="")
    if sent.permanent:
        return replace(tried, status=DeliveryStatus.DEAD)
    return replace(tried, next_try_at=now + _pause(tried, sent.retry_after))


def _pause(tried: Delivery, asked: timedelta | None) -> timedelta:
    """Double the pause each time, spread by up to a fifth so that retries do not march in step."""
    pause = min(FIRST_RETRY * (1 << min(tried.attempts - 1, 10)), LONGEST_RETRY)
    wait = pause * (1 + zlib.crc32(tried.id.encode()) % 1000 / 5000)
    return wait if asked is None else max(wait, min(asked, LONGEST_RETRY_AFTER))


def due(deliveries: Sequence[Delivery], now: datetime) -> tuple[Delivery, ...]:
    """Return what to try now: gravest first, then oldest.

    A time of next try further ahead than any wait can be means that the clock was set back: such
    a delivery is due as well, because waiting a day would be losing it.
    """
    ready = [delivery for delivery in deliveries if _ready(delivery, now)]
    return tuple(sorted(ready, key=lambda d: (-d.level, d.created_at, d.id)))


def _ready(delivery: Delivery, now: datetime) -> bool:
    if delivery.status is not DeliveryStatus.PENDING:
        return False
    quiet = delivery.level is Level.BLUE and delivery.attempts == 0
    longest = LONGEST_QUIET if quiet else LONGEST_WAIT
    return delivery.next_try_at <= now or delivery.next_try_at - now > longest


def needs_second_channel(delivery: Delivery) -> bool:
    """Say whether another way must be tried: it died, or yellow and above still waits."""
    if delivery.status is DeliveryStatus.DEAD:
        return True
    stuck = delivery.attempts >= SECOND_CHANNEL_AFTER_ATTEMPTS
    return delivery.status is DeliveryStatus.PENDING and stuck and delivery.level >= Level.YELLOW


def second_channel(delivery: Delivery, target: Target, now: datetime) -> Delivery:
    """Return the same message for another channel; asked twice, it has the same id."""
    return replace(
        delivery,
        id=delivery_id(
            delivery.incident_id, delivery.reason, f"second|{delivery.id}", target, delivery.step
        ),
        channel=target.channel,
        receiver=target.receiver,
        created_at=now,
        next_try_at=now,
        attempts=0,
        status=DeliveryStatus.PENDING,
        sent_at=None,
        last_error="",
    )
