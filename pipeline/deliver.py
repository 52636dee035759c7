"""Send what the outbox holds: every channel on its own, so that a hung one delays no other."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.contract import Channel, Posted, Sent
from alerts.outbox import after_attempt, needs_second_channel, second_channel
from alerts.throttle import Limit, plan
from collectors.http import Fetcher
from models.records import Delivery, DeliveryStatus
from pipeline.duty import Duty
from pipeline.office import Office
from storage import outbox

LOOKED_AT = 20_000
"""Rows looked at in one round, the gravest first: a storm is planned as a whole."""

AT_ONCE = 200
"""Rows one channel sends in one round."""

SEND_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedTransport:
    """The channels' way out: the same guarded client that collects."""

    fetcher: Fetcher

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], deadline_seconds: float
    ) -> Posted:
        """POST once, following no redirect; never raises."""
        answer = await self.fetcher.post(url, body, headers, deadline_seconds)
        wait = answer.error.retry_after if answer.error else None
        return Posted(
            status=answer.status,
            body=answer.body,
            failure=str(answer.error) if answer.error and not answer.status else "",
            retry_after=None if wait is None else timedelta(seconds=wait),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one round of sending did."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


async def deliver(office: Office, fetcher: Fetcher, now: datetime) -> Delivered:
    """Try everything that is due, and write down how each attempt ended."""
    channels = {channel.name: channel for channel in office.loaded.active_channels()}
    by_channel = _planned(office, channels, now)
    transport = GuardedTransport(fetcher=fetcher)
    results = await asyncio.gather(
        *(
            _through(office, channels.get(name), rows, transport, now)
            for name, rows in by_channel.items()
        )
    )
    ended = [delivery for rows in results for delivery in rows]
    return Delivered(
        sent=sum(d.status in {DeliveryStatus.SENT, DeliveryStatus.ACCEPTED} for d in ended),
        failed=sum(d.status is DeliveryStatus.PENDING for d in ended),
        dead=sum(d.status is DeliveryStatus.DEAD for d in ended),
    )


def _planned(
    office: Office, channels: Mapping[str, Channel], now: datetime
) -> dict[str, Sequence[Delivery]]:
    """Return what each channel sends now within its limits; a burst has become digests."""
    with office.store.read() as reader:
        waiting = outbox.due(reader, now, LOOKED_AT)
        used = outbox.sent_since(reader, now - timedelta(minutes=1))
    by_channel: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in waiting:
        by_channel[delivery.channel].append(delivery)
    plans = {
        name: plan(rows, used.get(name, ()), _limit(channels.get(name)), now)
        for name, rows in by_channel.items()
    }
    if any(one.digests for one in plans.values()):
        with office.store.transaction() as tx:
            for one in plans.values():
                outbox.merge(tx, one.digests, one.merged)
    return {name: one.send[:AT_ONCE] for name, one in plans.items()}


def _limit(channel: Channel | None) -> Limit:
    """Return a channel's own limits; mail and webhooks have none."""
    return Limit(
        per_minute=getattr(channel, "per_minute", 0), per_second=getattr(channel, "per_second", 0)
    )


async def _through(
    office: Office,
    channel: Channel | None,
    rows: Sequence[Delivery],
    transport: GuardedTransport,
    now: datetime,
) -> list[Delivery]:
    """Send one channel's rows one after the other, the gravest first."""
    return [await _one(office, channel, row, transport, now) for row in rows]


async def _one(
    office: Office,
    channel: Channel | None,
    delivery: Delivery,
    transport: GuardedTransport,
    now: datetime,
) -> Delivery:
    sent = await _sent(channel, delivery, transport)
    after = after_attempt(delivery, sent, now)
    with office.store.transaction() as tx:
        outbox.record_attempt(
            tx,
            after,
            now,
            after.status.value if sent.ok else "failed",
            permanent=sent.permanent,
            detail=sent.detail,
        )
        outbox.add(tx, _second(office, after, now))
    return after


def _second(office: Office, after: Delivery, now: datetime) -> list[Delivery]:
    """Return the same message on another channel when this one cannot carry it."""
    if not needs_second_channel(after):
        return []
    target = Duty.of(office.loaded, office.constants).second(after)
    return [second_channel(after, target, now)] if target else []


async def _sent(channel: Channel | None, delivery: Delivery, transport: GuardedTransport) -> Sent:
    if channel is None:
        return Sent(
            ok=False, permanent=True, detail=f"channel {delivery.channel} is not configured"
        )
    try:
        async with asyncio.timeout(SEND_SECONDS):
            return await channel.send(delivery, transport)
    except TimeoutError:
        return Sent(ok=False, detail=f"no answer within {SEND_SECONDS:.0f} s")
    except Exception as error:  # noqa: BLE001 - the border: one channel never ends the loop
        return Sent(ok=False, detail=f"{type(error).__name__}: {error}")
