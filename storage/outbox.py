"""The outbox: what must be told, what was tried, what arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from models.records import Delivery, DeliveryStatus, Level, Reason
from storage.store import Reader, Row, Transaction

LONGEST_WAIT = timedelta(minutes=20)
LONGEST_QUIET = timedelta(hours=13)
COLUMNS = """id, channel, receiver, reason, level, subject, card, created_at, next_try_at, alert_id,
  incident_id, attempts, status, sent_at, last_error, step, exercise, grp, members"""
KNOWN = """SELECT d.id FROM delivery d
JOIN (SELECT unnest(?::VARCHAR[]) AS id) wanted ON d.id = wanted.id"""
# A next try further ahead than any wait can be means that the clock was set back: it is due too.
DUE = f"""SELECT {COLUMNS} FROM delivery WHERE status = 'pending' AND (next_try_at <= ?
  OR next_try_at > CASE WHEN level = 1 AND attempts = 0 THEN ? ELSE ? END)
ORDER BY level DESC, created_at, id LIMIT ?"""  # noqa: S608 - a constant of ours
SENT_SINCE = """SELECT d.channel, a.done_at FROM delivery_attempt a JOIN delivery d
ON d.id = a.delivery_id WHERE a.done_at > ?"""
REPLACED = "UPDATE delivery SET status = 'cancelled', last_error = ? WHERE id = ?"
OF_INCIDENTS = f"""SELECT {COLUMNS} FROM delivery WHERE grp <> '' AND created_at >= ?
ORDER BY created_at, id"""  # noqa: S608 - a constant of ours
SINCE = f"SELECT {COLUMNS} FROM delivery WHERE created_at >= ? ORDER BY created_at, id"  # noqa: S608
ONE = f"SELECT {COLUMNS} FROM delivery WHERE id = ?"  # noqa: S608 - a constant of ours
UPDATE = """UPDATE delivery SET attempts = ?, status = ?, next_try_at = ?, sent_at = ?,
  last_error = ? WHERE id = ?"""
ADD_ATTEMPT = "INSERT INTO delivery_attempt VALUES (?, ?, ?, ?, ?)"
CANCEL = """UPDATE delivery SET status = 'cancelled', last_error = ?
WHERE incident_id = ? AND status = 'pending' AND reason IN ('escalated', 'repeat')"""
PENDING = "SELECT count(*) FROM delivery WHERE status = 'pending'"


def add(tx: Transaction, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Write deliveries and return the new ones.

    One whose id is known is left alone, so a repeat tells nobody twice.
    """
    ids = [delivery.id for delivery in deliveries]
    known = {row[0] for row in tx.rows(KNOWN, [ids])} if ids else set()
    fresh = {d.id: d for d in deliveries if d.id not in known}
    names = [name.strip() for name in COLUMNS.split(",")]
    tx.put_rows("delivery", names, [_row(delivery) for delivery in fresh.values()])
    return list(fresh.values())


def due(reader: Reader, now: datetime, limit: int) -> list[Delivery]:
    """Return the deliveries to try now, the gravest first."""
    far = [now + LONGEST_QUIET, now + LONGEST_WAIT]
    return [_delivery(row) for row in reader.rows(DUE, [now, *far, limit])]


def sent_since(reader: Reader, start: datetime) -> dict[str, list[datetime]]:
    """Return when each channel was used since then, for its limits."""
    found: dict[str, list[datetime]] = {}
    for channel, at in reader.rows(SENT_SINCE, [start]):
        found.setdefault(channel, []).append(at)
    return found


def merge(tx: Transaction, digests: Sequence[Delivery], merged: Sequence[Delivery]) -> None:
    """Put digests in the place of the messages they stand for."""
    add(tx, digests)
    for row in merged:
        tx.run(REPLACED, [row.last_error, row.id])


def told_since(reader: Reader, start: datetime) -> list[Delivery]:
    """Return the messages about groups of cases since then, oldest first."""
    return [_delivery(row) for row in reader.rows(OF_INCIDENTS, [start])]


def since(reader: Reader, start: datetime) -> list[Delivery]:
    """Return the deliveries created since then, oldest first."""
    return [_delivery(row) for row in reader.rows(SINCE, [start])]


def delivery(reader: Reader, delivery_id: str) -> Delivery | None:
    """Return one delivery, or None."""
    row = reader.row(ONE, [delivery_id])
    return _delivery(row) if row else None


def record_attempt(
    tx: Transaction, after: Delivery, now: datetime, outcome: str, *, permanent: bool, detail: str
) -> None:
    """Write how one attempt ended, and the delivery as it now stands."""
    tx.run(ADD_ATTEMPT, [after.id, now, outcome, permanent, detail[:500]])
    tx.run(
        UPDATE,
        [after.attempts, after.status.value, after.next_try_at, after.sent_at]
        + [after.last_error[:500], after.id],
    )


def cancel_waiting(tx: Transaction, incident_id: str, why: str) -> None:
    """Cancel escalations and repeats not yet sent: somebody has taken the matter."""
    tx.run(CANCEL, [why, incident_id])


def pending(reader: Reader) -> int:
    """Return how many deliveries wait."""
    return int(reader.value(PENDING))


def _row(delivery: Delivery) -> list[object]:
    return [
        delivery.id,
        delivery.channel,
        delivery.receiver,
        delivery.reason.value,
        int(delivery.level),
        delivery.subject,
        delivery.card,
        delivery.created_at,
        delivery.next_try_at,
        delivery.alert_id,
        delivery.incident_id,
        delivery.attempts,
        delivery.status.value,
        delivery.sent_at,
        delivery.last_error,
        delivery.step,
        delivery.exercise,
        delivery.group,
        list(delivery.members),
    ]


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row[0],
        channel=row[1],
        receiver=row[2],
        reason=Reason(row[3]),
        level=Level(row[4]),
        subject=row[5],
        card=row[6],
        created_at=row[7],
        next_try_at=row[8],
        alert_id=row[9],
        incident_id=row[10],
        attempts=row[11],
        status=DeliveryStatus(row[12]),
        sent_at=row[13],
        last_error=row[14],
        step=row[15],
        exercise=row[16],
        group=row[17] or "",
        members=tuple(row[18] or ()),
    )
