"""Within a channel's limits: red leaves first, a burst becomes one digest, nothing is dropped."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.cards import Card, card_of, letter_of
from models.records import Delivery, DeliveryStatus, Level, Reason

DIGEST_LINES = 20
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a channel takes; 0 means no limit. `kept_for_red` of the minute is for red alone."""

    per_minute: int = 0
    per_second: int = 0
    kept_for_red: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one channel sends now: rows to send in order, new digests, and the rows they replace.

    Digests are among `send`; `digests` must be stored and `merged` marked in one transaction before
    anything leaves. What is in none of them waits.
    """

    send: tuple[Delivery, ...]
    digests: tuple[Delivery, ...] = ()
    merged: tuple[Delivery, ...] = ()


def room(recent: Sequence[datetime], limit: Limit, now: datetime) -> int:
    """Return how many messages may leave now, given when the last ones left (any order).

    Times in the future (a clock that was set back) count as just now.
    """
    minute = sum(now - moment < MINUTE for moment in recent)
    second = sum(now - moment < SECOND for moment in recent)
    rooms = [1_000_000]
    if limit.per_minute:
        rooms.append(limit.per_minute - minute)
    if limit.per_second:
        rooms.append(limit.per_second - second)
    return max(0, min(rooms))


def plan(due: Sequence[Delivery], recent: Sequence[datetime], limit: Limit, now: datetime) -> Plan:
    """Return what one channel sends now.

    `due` is in sending order (gravest first). When not everything fits, red goes out one by one as
    long as there is room, and the rest becomes one digest a receiver, so that a storm is told in
    minutes and not in hours. A few places of each minute are kept for red.
    """
    left = room(recent, limit, now)
    for_others = max(0, left - limit.kept_for_red) if limit.per_minute else left
    if len(due) <= for_others:
        return Plan(send=tuple(due))
    red = [delivery for delivery in due if delivery.level is Level.RED]
    others = [delivery for delivery in due if delivery.level is not Level.RED]
    if len(red) > left:
        alone = max(0, left - len({delivery.receiver for delivery in red}))
        return _with_digests(red[:alone], red[alone:], left - alone, now)
    fit = max(0, for_others - len(red))
    if len(others) <= fit:
        return Plan(send=(*red, *others))
    return _with_digests(red, others, fit, now)


def _with_digests(
    alone: Sequence[Delivery], rest: Sequence[Delivery], fit: int, now: datetime
) -> Plan:
    """Merge the messages of each receiver; receivers beyond the room wait for the next minute."""
    by_receiver: dict[str, list[Delivery]] = {}
    for delivery in rest:
        by_receiver.setdefault(delivery.receiver, []).append(delivery)
    send: list[Delivery] = list(alone)
    digests: list[Delivery] = []
    merged: list[Delivery] = []
    for rows in list(by_receiver.values())[:fit]:
        mergeable = [row for row in rows if letter_of(row.card) is None]
        if len(mergeable) < 2:
            send.append(rows[0])
            continue
        digests.append(digest_of(mergeable, now))
        merged += [into(row, digests[-1]) for row in mergeable]
    return Plan(send=(*send, *digests), digests=tuple(digests), merged=tuple(merged))


def digest_of(rows: Sequence[Delivery], now: datetime) -> Delivery:
    """Return one message that stands for many to the same receiver: counts, and the gravest titles.

    Its id is made of theirs, so a crash before it is sent makes the same digest again.
    """
    first = rows[0]
    gravest = max(row.level for row in rows)
    ids = "\x1f".join(sorted(row.id for row in rows))
    card = Card(
        level=gravest,
        title=f"{len(rows)} 条预警合并：{_counts(rows)}",
        reason=Reason.DIGEST,
        as_of=now,
        why=_titles(rows),
        exercise=all(row.exercise for row in rows),
    )
    return replace(
        first,
        id=hashlib.sha256(f"digest\x1f{ids}".encode()).hexdigest()[:24],
        reason=Reason.DIGEST,
        level=gravest,
        subject=card.subject(),
        card=card.as_json(),
        created_at=now,
        next_try_at=now,
        alert_id="",
        incident_id="",
        attempts=0,
        last_error="",
    )


def into(row: Delivery, digest: Delivery) -> Delivery:
    """Return a row as told by a digest: cancelled, with the digest named in its place."""
    return replace(
        row, status=DeliveryStatus.CANCELLED, last_error=f"并入摘要 {digest.id}", sent_at=None
    )


def _counts(rows: Sequence[Delivery]) -> str:
    counts = Counter(row.level for row in rows)
    return "，".join(f"{level.zh} {counts[level]} 条" for level in sorted(counts, reverse=True))


def _titles(rows: Sequence[Delivery]) -> tuple[str, ...]:
    titles = dict.fromkeys(_title(row) for row in rows)
    shown = tuple(list(titles)[:DIGEST_LINES])
    rest = len(rows) - sum(_title(row) in shown for row in rows)
    return (*shown, f"另有 {rest} 条，详见系统") if rest else shown


def _title(row: Delivery) -> str:
    card = card_of(row.card) if row.card else None
    if card is None:
        return row.subject
    number = f"{card.number} " if card.number else ""
    return f"【{card.level.zh}】{number}{card.title}"
