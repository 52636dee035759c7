"""What is asked of the HTTP client, and what comes back: values, never exceptions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from collectors.http_guard import parse_allow_list

PRODUCT: Final = "yuqing"
DEFAULT_USER_AGENT: Final = f"{PRODUCT}/0.1 (public feedback monitoring)"


class FailureKind(StrEnum):
    """Why a fetch brought nothing."""

    URL_REFUSED = "url_refused"
    ADDRESS_REFUSED = "address_refused"
    ROBOTS = "robots"
    NO_ANSWER = "no_answer"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    NOT_HTTP = "not_http"
    REDIRECT = "redirect"
    STATUS = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailure:
    """Why a fetch failed.

    `permanent`: another try brings nothing until somebody changes something.
    `retry_after` is what the origin asked for, in seconds, clamped to 0..24 h.
    """

    kind: FailureKind
    reason: str
    retry_after: float | None = None
    permanent: bool = False

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """What holds for every fetch of the process.

    `allow_hosts` holds `host:port` or CIDR networks that may be reached although they are not
    public; such hosts are the office's own: no pause there, and `own_host_in_flight` instead of
    `per_host_in_flight`.
    `in_flight` bounds all fetches together, well below the usual limit of 1,024 open files.
    `ca_file` adds nothing: it replaces the built-in list of certificate authorities.
    """

    user_agent: str = DEFAULT_USER_AGENT
    deadline_seconds: float = 30.0
    max_bytes: int = 10 * 1024 * 1024
    allow_hosts: frozenset[str] = frozenset()
    per_host_pause_seconds: float = 1.0
    per_host_in_flight: int = 4
    own_host_in_flight: int = 32
    in_flight: int = 400
    robots: bool = True
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if PRODUCT not in self.user_agent or not re.fullmatch(r"[ -~]{1,200}", self.user_agent):
            raise ValueError(
                f"user_agent must name {PRODUCT!r} in at most 200 plain ASCII characters"
            )
        parse_allow_list(self.allow_hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to fetch. `allow_hosts` adds to the process's list for this source alone.

    `headers` go to the origin of `url` only, never past a redirect to another.
    `robots_override_reason` is the written reason for which robots.txt is not asked.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    robots_override_reason: str = ""
    allow_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came back. With `error` set, `body` is empty; `status` is 0 where nothing answered.

    `headers` has lower-case names. `moved_to` is set where every redirect said "permanently".
    `etag` and `last_modified` are safe to send back. `elapsed` is in seconds.
    """

    url: str
    final_url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    etag: str | None = None
    last_modified: str | None = None
    not_modified: bool = False
    moved_to: str | None = None
    fetched_at: datetime
    elapsed: float = 0.0
    error: FetchFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The answer to a POST; any status but 2xx is an `error`, and `body` is kept for its reason."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: FetchFailure | None = None


class FetchError(Exception):
    """Carries a failure up to the border of the client, where it becomes a value."""

    def __init__(self, failure: FetchFailure, answer: Answer | None = None) -> None:
        super().__init__(failure.reason)
        self.failure = failure
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as it came, before anybody judged it."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    moved_to: str | None = None


def failure(kind: FailureKind, reason: str, *, permanent: bool = False) -> FetchFailure:
    """Make a failure in one line."""
    return FetchFailure(kind=kind, reason=reason, permanent=permanent)
