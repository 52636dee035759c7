"""What a site's robots.txt lets us fetch, per RFC 9309; a file that cannot be had forbids.

The file is asked once a day an origin. 4xx allows everything; 5xx, a time-out or any failed
fetch forbids everything, and is asked again after `RETRY`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from protego import Protego

ROBOT: Final = "yuqing"
"""The product token a site writes after `User-agent:` to address us."""

KEPT: Final = timedelta(hours=24)
RETRY: Final = timedelta(minutes=1)
"""Short, so that a passing fault costs a cycle: a source that stays down meets the breaker."""
MAX_ORIGINS: Final = 4096
MAX_PARSED_BYTES: Final = 500 * 1024

Fetch = Callable[[str], Awaitable[tuple[int, bytes, str]]]
"""URL in; status, body and reason out. Status 0 means that nothing usable came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsVerdict:
    """Whether a URL may be fetched, why not, and the pause the site asks for in seconds.

    `known` is false where the file could not be read and the next try may decide otherwise.
    """

    allowed: bool
    known: bool = True
    reason: str = ""
    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFile:
    """One origin's rules. Without `rules`, `reason` forbids everything when it is not empty."""

    rules: Protego | None
    reason: str
    expires_at: datetime

    def verdict(self, url: str) -> RobotsVerdict:
        """Judge one URL of the origin."""
        if self.reason:
            return RobotsVerdict(allowed=False, known=False, reason=self.reason)
        if self.rules is None:
            return RobotsVerdict(allowed=True)
        pause = self.rules.crawl_delay(ROBOT) or 0.0
        if self.rules.can_fetch(url, ROBOT):
            return RobotsVerdict(allowed=True, pause_seconds=pause)
        return RobotsVerdict(allowed=False, reason="robots.txt disallows it", pause_seconds=pause)


def read_robots(status: int, body: bytes, reason: str, now: datetime) -> RobotsFile:
    """Turn the answer to a robots.txt request into rules with an end date."""
    if 200 <= status < 300:
        return RobotsFile(rules=parse(body), reason="", expires_at=now + KEPT)
    if 400 <= status < 500:
        return RobotsFile(rules=None, reason="", expires_at=now + KEPT)
    why = reason or f"HTTP {status}"
    return RobotsFile(
        rules=None,
        reason=f"robots.txt could not be read ({why}), so nothing is fetched",
        expires_at=now + RETRY,
    )


def parse(body: bytes) -> Protego:
    """Read rules from at most 500 KiB, up to the last whole line; bad bytes cost their line."""
    if len(body) >= MAX_PARSED_BYTES:
        body = body[:MAX_PARSED_BYTES].rpartition(b"\n")[0]
    return Protego.parse(body.decode("utf-8-sig", errors="replace"))


@lru_cache(maxsize=8192)
def robots_url(url: str) -> str:
    """Return where the robots.txt of a URL's origin is."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


class RobotsCache:
    """Robots files by origin; questions asked at once share one fetch."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, RobotsFile] = OrderedDict()
        self._asking: dict[str, asyncio.Task[RobotsFile]] = {}

    async def verdict(self, url: str, fetch: Fetch, now: datetime) -> RobotsVerdict:
        """Judge a URL, fetching its origin's file where none is kept or it is too old."""
        where = robots_url(url)
        known = self._files.get(where)
        if known is None or known.expires_at <= now:
            known = await self._ask(where, fetch, now)
        return known.verdict(url)

    async def aclose(self) -> None:
        """End the fetches under way."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, where: str, fetch: Fetch, now: datetime) -> RobotsFile:
        task = self._asking.get(where)
        if task is None:
            task = asyncio.create_task(self._fetch(where, fetch, now))
            self._asking[where] = task
            task.add_done_callback(lambda done: self._asked(where, done))
        # Shielded: the deadline of one asker must not end the fetch others wait for.
        return await asyncio.shield(task)

    def _asked(self, where: str, done: asyncio.Task[RobotsFile]) -> None:
        self._asking.pop(where, None)
        if not done.cancelled():
            done.exception()  # taken note of here: every asker may be gone by now

    async def _fetch(self, where: str, fetch: Fetch, now: datetime) -> RobotsFile:
        status, body, reason = await fetch(where)
        known = read_robots(status, body, reason, now)
        self._files[where] = known
        self._files.move_to_end(where)
        if len(self._files) > MAX_ORIGINS:
            self._files.popitem(last=False)
        return known
