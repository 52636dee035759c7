"""Deadlines that forgive the time in which this process did not listen.

Feeds are parsed on the same event loop that reads the sockets. Were the seconds of parsing one
feed charged to the fetch of another, a busy round would lose good sources whose answers lie ready
in the kernel. So two thirds of a deadline are for listening; a beat measures how late the loop
is, and the deadline moves by as much, into the last third and never beyond.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

BEAT_SECONDS: Final = 0.1
LATE_SECONDS: Final = 0.05
"""Being this late is ordinary scheduling, not a stall."""

LISTENING: Final = 2 / 3
TURN_SECONDS: Final = 0.01


@dataclass(slots=True)
class HandOver:
    """Lets answers out so that the sockets are read in between.

    What a caller does with an answer is parse it, on this loop: thirty answers let out in one turn
    of the loop would be a second or more in which nobody listens. So once the callers of a turn
    have used `TURN_SECONDS`, the next answer waits for a turn of its own.
    """

    _started: float | None = None
    _queue: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def turn(self) -> None:
        """Wait for this answer's turn."""
        loop = asyncio.get_running_loop()
        while self._started is not None and loop.time() - self._started > TURN_SECONDS:
            async with self._queue:
                await asyncio.sleep(0)
        if self._started is None:
            self._started = loop.time()
            loop.call_soon(self._next)

    def _next(self) -> None:
        self._started = None


@dataclass(slots=True)
class Deadlines:
    """The open deadlines of one event loop at a time."""

    _open: set[Deadline] = field(default_factory=set)
    _beat: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> Deadline:
        """Return an `async with` that raises TimeoutError within `seconds` on the wall."""
        return Deadline(self, seconds)

    def opened(self, deadline: Deadline) -> None:
        """Take note of a deadline; the first one starts the beat."""
        self._open.add(deadline)
        if self._beat is None:
            self._next_beat()

    def closed(self, deadline: Deadline) -> None:
        """Forget a deadline; the last one ends the beat."""
        self._open.discard(deadline)
        if not self._open and self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def _next_beat(self) -> None:
        loop = asyncio.get_running_loop()
        self._beat = loop.call_later(BEAT_SECONDS, self._measure, loop.time() + BEAT_SECONDS)

    def _measure(self, expected: float) -> None:
        # Timers due run in the order of their times, so after a stall this one comes first, and
        # a deadline it moves does not fire.
        late = asyncio.get_running_loop().time() - expected
        if late > LATE_SECONDS:
            for deadline in self._open:
                deadline.move(late)
        self._next_beat()


class Deadline:
    """One deadline; see `Deadlines.within`."""

    __slots__ = ("_deadlines", "_latest", "_limit", "_seconds")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._limit = asyncio.timeout(None)
        self._latest = 0.0

    async def __aenter__(self) -> None:
        now = asyncio.get_running_loop().time()
        self._limit = asyncio.timeout_at(now + self._seconds * LISTENING)
        self._latest = now + self._seconds
        await self._limit.__aenter__()
        self._deadlines.opened(self)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deadlines.closed(self)
        await self._limit.__aexit__(kind, error, trace)

    def move(self, seconds: float) -> None:
        """Let the deadline be later, but never later than promised."""
        due = self._limit.when()
        if due is not None and not self._limit.expired():
            self._limit.reschedule(min(due + seconds, self._latest))
