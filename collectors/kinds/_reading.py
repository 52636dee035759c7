"""What the HTTP kinds share: one conditional read, its failure in one line, its memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from pydantic import Field, JsonValue

from collectors.contract import CollectContext, Collected, SourceSettings, State
from collectors.http import Fetched, Request
from collectors.politeness import full_fetch_due

ROUND_SECONDS = 200.0
"""After this a round asks for nothing further: what it has is stored, the rest is next time's.

A round is cut off from outside at 300 s and then keeps nothing; one fetch may take 30 s.
"""


class RoundTime:
    """The time one round of one source has, from now on."""

    def __init__(self) -> None:
        self._until = monotonic() + ROUND_SECONDS

    @property
    def is_over(self) -> bool:
        """Whether nothing further may be asked for."""
        return monotonic() > self._until


class HttpSource(SourceSettings):
    """What every source read over HTTP has."""

    url: str = Field(pattern=r"^https?://", description="Address to read")
    allow_hosts: tuple[str, ...] = Field(
        default=(), description="Non-public host:port this source may reach (intranet)"
    )
    robots_override: str = Field(
        default="", description="Written authorisation to read despite robots.txt"
    )

    def request(self, url: str, state: State | None = None) -> Request:
        """Return the request for an address, conditional when the state has validators."""
        known = state or {}
        return Request(
            url=url,
            etag=_text(known.get("etag")) or None,
            last_modified=_text(known.get("last_modified")) or None,
            robots_override_reason=self.robots_override,
            allow_hosts=frozenset(self.allow_hosts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A successful read, or the collection that ends here (`ended`)."""

    fetched: Fetched
    ended: Collected | None = None


async def read(source: HttpSource, context: CollectContext) -> Read:
    """Read the source's own address: conditionally, but once a day as if for the first time.

    `ended` is set when there is nothing to parse: a failure, or "not modified".
    """
    known = still_good(context.state, context.now)
    fetched = await context.fetcher.get(source.request(source.url, known))
    if fetched.error is not None:
        failed = Collected(
            state=context.state,
            failure=told(source.url, fetched.error),
            retry_after_seconds=fetched.error.retry_after,
            permanent=fetched.error.permanent,
        )
        return Read(fetched=fetched, ended=failed)
    if fetched.not_modified:
        return Read(fetched=fetched, ended=Collected(state=context.state, not_modified=True))
    return Read(fetched=fetched)


def told(url: str, reason: object) -> str:
    """Return in one line what was wrong with an address, which is named once."""
    words = str(reason)
    return words if url in words else f"{url}: {words}"


def still_good(state: State, now: datetime) -> State | None:
    """Return the state whose validators may be sent, or None once a day: servers lie about 304."""
    return None if full_fetch_due(time_of(state, "full_at"), now) else state


def validators(fetched: Fetched, more: Mapping[str, JsonValue] | None = None) -> State:
    """Return the state to keep after a read: its validators and what else the kind remembers."""
    return {
        "etag": fetched.etag,
        "last_modified": fetched.last_modified,
        "full_at": fetched.fetched_at.isoformat(),
        **(more or {}),
    }


def charset(fetched: Fetched) -> str | None:
    """Return the charset the HTTP header declares, or None."""
    kind = fetched.headers.get("content-type", "")
    _, found, value = kind.partition("charset=")
    return value.split(";")[0].strip(" \"'") or None if found else None


def time_of(state: State, name: str) -> datetime | None:
    """Return a time the state holds in ISO 8601 with its zone, None where it holds none."""
    value = state.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
