"""When a source is asked again, and when its silence or its failures are worth a word.

Facts about past polls and `now` in, a decision out; storage keeps the facts. Only `HostTurns`
holds state: which hosts are being asked at this moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from itertools import pairwise
from statistics import quantiles
from typing import Final

LONGEST_RETRY_AFTER_SECONDS: Final = 24 * 3600.0
FAILURES_TO_OPEN: Final = 3
FIRST_BACKOFF: Final = timedelta(minutes=10)
LONGEST_BACKOFF: Final = timedelta(hours=6)
FULL_FETCH_EVERY: Final = timedelta(hours=24)
SILENCE_AT_LEAST: Final = timedelta(hours=6)
SILENCE_GAPS: Final = 3.0
GAPS_NEEDED: Final = 5
RECENT_POLLS: Final = 10
LONGEST_PAUSE_SECONDS: Final = 30.0
OWN_FRESH_SECONDS: Final = 1.5
MAX_HOSTS: Final = 4096


class PollOutcome(StrEnum):
    """How one poll of a source ended."""

    FOUND = "found"
    """The document was read and held entries, new or known."""
    NOT_MODIFIED = "not_modified"
    EMPTY = "empty"
    """The document was read and held no entry."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One poll. `new` counts mentions never seen before; `retry_after` is in seconds."""

    at: datetime
    outcome: PollOutcome
    new: int = 0
    reason: str = ""
    retry_after: float | None = None
    permanent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """The bounds of a source's polling interval."""

    shortest: timedelta = timedelta(minutes=2)
    longest: timedelta = timedelta(hours=1)


class ConcernKind(StrEnum):
    """What is odd about a source."""

    SILENT = "silent"
    EMPTY_AFTER_ENTRIES = "empty_after_entries"
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Something about a source a person should know; `since` is when it began."""

    kind: ConcernKind
    since: datetime
    reason: str


def retry_after_seconds(header: str, now: datetime) -> float | None:
    """Read Retry-After (seconds or a date), clamped to 0..24 h; None where it says nothing."""
    text = header.strip()[:64]
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_RETRY_AFTER_SECONDS)
    try:
        until: datetime = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER_SECONDS)


def next_poll(history: Sequence[Poll], now: datetime, rhythm: Rhythm | None = None) -> datetime:
    """Return when to ask a source again; `history` is oldest first.

    A source is asked about twice for each new mention it brings, within the rhythm's bounds;
    after failures the breaker decides, and a Retry-After is never undercut.
    """
    rhythm = rhythm or Rhythm()
    if not history:
        return now
    last = history[-1]
    waits = [interval(history, rhythm), backoff(history)]
    if last.retry_after is not None:
        waits.append(timedelta(seconds=min(last.retry_after, LONGEST_RETRY_AFTER_SECONDS)))
    # A clock set back makes the last poll lie ahead: it must not put the source to sleep.
    return min(last.at, now) + max(waits)


def interval(history: Sequence[Poll], rhythm: Rhythm) -> timedelta:
    """Return half the mean time between new mentions of the polls that worked, bounded.

    The last ten polls count alone too, and the shorter answer holds: a burst is met at once.
    """
    worked = [poll for poll in history if poll.outcome is not PollOutcome.FAILED]
    wanted = min(_half_gap(worked), _half_gap(worked[-RECENT_POLLS:]))
    return min(max(wanted, rhythm.shortest), rhythm.longest)


def _half_gap(polls: Sequence[Poll]) -> timedelta:
    if len(polls) < 2:
        return timedelta(0)
    span = polls[-1].at - polls[0].at
    arrived = sum(poll.new for poll in polls[1:])
    # Nothing yet: the longer that lasts, the longer the wait.
    return span / (2 * arrived) if arrived else span


def failures_in_row(history: Sequence[Poll]) -> int:
    """Count the failures since the last poll that worked."""
    count = 0
    for poll in reversed(history):
        if poll.outcome is not PollOutcome.FAILED:
            break
        count += 1
    return count


def backoff(history: Sequence[Poll]) -> timedelta:
    """Return how long the breaker keeps a source unasked after its last poll; 0 while closed.

    Open from the third failure in a row: 10 minutes, doubled by each further one, at most 6 h.
    """
    failures = failures_in_row(history)
    if failures < FAILURES_TO_OPEN:
        return timedelta(0)
    return min(FIRST_BACKOFF * (1 << min(failures - FAILURES_TO_OPEN, 10)), LONGEST_BACKOFF)


def full_fetch_due(last_full_fetch_at: datetime | None, now: datetime) -> bool:
    """Whether to leave out the validators: a lying 304 must not hide a source for ever."""
    return last_full_fetch_at is None or now - last_full_fetch_at >= FULL_FETCH_EVERY


def concern(history: Sequence[Poll], now: datetime) -> Concern | None:
    """Return what a person should know about a source, the gravest first, or None."""
    return failing(history) or emptied(history) or silence(history, now)


def failing(history: Sequence[Poll]) -> Concern | None:
    """Return a concern once the breaker is open, or at once where a retry cannot help."""
    failures = failures_in_row(history)
    if not failures or (failures < FAILURES_TO_OPEN and not history[-1].permanent):
        return None
    first = history[len(history) - failures]
    reason = f"{failures} failures in a row, last: {history[-1].reason}"
    return Concern(kind=ConcernKind.FAILING, since=first.at, reason=reason)


def emptied(history: Sequence[Poll]) -> Concern | None:
    """Return a concern when a document that held entries holds none: in the first such poll."""
    if not history or history[-1].outcome is not PollOutcome.EMPTY:
        return None
    since = history[-1].at
    for poll in reversed(history):
        if poll.outcome is PollOutcome.FOUND:
            reason = f"held entries until {poll.at:%Y-%m-%d %H:%M} UTC, none since"
            return Concern(kind=ConcernKind.EMPTY_AFTER_ENTRIES, since=since, reason=reason)
        if poll.outcome is PollOutcome.EMPTY:
            since = poll.at
    return None


def silence(history: Sequence[Poll], now: datetime) -> Concern | None:
    """Return a concern when nothing new came for three times the source's usual long gap.

    The usual long gap is the 90th percentile of the times between polls that brought something
    new; at least five gaps must be known and at least six hours must have passed.
    """
    arrivals = [poll.at for poll in history if poll.new]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(arrivals)]
    if len(gaps) < GAPS_NEEDED:
        return None
    usual = timedelta(seconds=quantiles(gaps, n=10, method="inclusive")[-1])
    quiet = now - arrivals[-1]
    if quiet < max(SILENCE_AT_LEAST, usual * SILENCE_GAPS):
        return None
    reason = f"nothing new for {_hours(quiet)} h, usually at most {_hours(usual)} h"
    return Concern(kind=ConcernKind.SILENT, since=arrivals[-1], reason=reason)


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.1f}"


@dataclass(slots=True)
class _Host:
    slots: asyncio.Semaphore
    next_at: float = 0.0
    waiting: int = 0
    pause_seconds: float = 0.0


class _OwnVisit:
    """A visit to a machine of the office; it gives its place back once it takes long."""

    __slots__ = ("_counted", "_slots", "_slow")

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._counted = False
        self._slow: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        self._counted = True
        loop = asyncio.get_running_loop()
        self._slow = loop.call_later(OWN_FRESH_SECONDS, self._give_back)

    async def __aexit__(self, *_: object) -> None:
        if self._slow is not None:
            self._slow.cancel()
        self._give_back()

    def _give_back(self) -> None:
        if self._counted:
            self._counted = False
            self._slots.release()


@dataclass(slots=True, kw_only=True)
class HostTurns:
    """Lets few requests at once, and a pause between starts, at any one host."""

    pause_seconds: float
    in_flight: int
    own_in_flight: int
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _own: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def own_turn(self, origin: str) -> _OwnVisit:
        """Wait for a turn at a machine of the office: no pause, and room for many at once.

        A small server's queue of connections must not overflow, and one page that never comes
        must not hold up the others: after `OWN_FRESH_SECONDS` a visit no longer counts.
        """
        if origin not in self._own:
            self._own[origin] = asyncio.Semaphore(self.own_in_flight)
        return _OwnVisit(self._own[origin])

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the host's turn, hold it for the body of the `async with`."""
        known = self._host(host)
        known.waiting += 1
        try:
            async with known.slots:
                await self._pause(known)
                yield
        finally:
            known.waiting -= 1

    def slow_down(self, host: str, pause_seconds: float) -> None:
        """Take a longer pause a site asked for (Crawl-delay), at most 30 s."""
        self._host(host).pause_seconds = min(pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _pause(self, host: _Host) -> None:
        now = time.monotonic()
        starts = max(now, host.next_at)
        host.next_at = starts + max(self.pause_seconds, host.pause_seconds)
        if starts > now:
            await asyncio.sleep(starts - now)

    def _host(self, name: str) -> _Host:
        if name not in self._hosts and len(self._hosts) >= MAX_HOSTS:
            self._forget_idle(time.monotonic())
        return self._hosts.setdefault(name, _Host(slots=asyncio.Semaphore(self.in_flight)))

    def _forget_idle(self, now: float) -> None:
        idle = [name for name, host in self._hosts.items() if not host.waiting]
        for name in idle:
            if self._hosts[name].next_at <= now:
                del self._hosts[name]
