"""Send what the outbox holds: every channel on its own, so that a hung one delays no other."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.contract import Channel, Posted, Sent
from alerts.outbox import after_attempt
from collectors.http import Fetcher
from models.records import Delivery, DeliveryStatus
from pipeline.office import Office
from storage import outbox

AT_ONCE = 200
"""Rows looked at in one round; the gravest come first."""

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
    with office.store.read() as reader:
        waiting = outbox.due(reader, now, AT_ONCE)
    by_channel: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in waiting:
        by_channel[delivery.channel].append(delivery)
    channels = {channel.name: channel for channel in office.loaded.active_channels()}
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
    return after


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


def failed_over(delivery: Delivery, channel: str, receiver: str, now: datetime) -> Delivery:
    """Return the same message on a second channel, when the first cannot carry it."""
    return replace(
        delivery,
        id=f"{delivery.id}-{channel}",
        channel=channel,
        receiver=receiver,
        attempts=0,
        status=DeliveryStatus.PENDING,
        next_try_at=now,
        created_at=now,
        last_error="",
    )
