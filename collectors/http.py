"""The guarded HTTP client: the only place in the product where a client is built.

Every fetch ends within one absolute deadline, holds at most `max_bytes` decoded, connects only
to addresses checked at connect time, carries no cookie and no proxy from the environment, and
tells failures as values. Redirects are followed by hand and checked like any address.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from collectors.http_body import (
    ACCEPT_ENCODING,
    BadEncodingError,
    BodyBudget,
    BodyTooLargeError,
    content_coding,
    read_body,
)
from collectors.http_deadline import Deadlines, HandOver
from collectors.http_guard import (
    AddressRefusedError,
    AllowList,
    Resolver,
    SystemResolver,
    parse_allow_list,
)
from collectors.http_records import (
    Answer,
    FailureKind,
    Fetched,
    FetchError,
    FetchFailure,
    FetchSettings,
    Posted,
    Request,
    failure,
)
from collectors.http_transport import ALLOW_LIST, CheckedTransport, Dial, dial
from collectors.http_words import (
    kept_validator,
    next_url,
    origin_of,
    own_headers,
    plain_headers,
    port_of,
    read_url,
    validators,
)
from collectors.politeness import HostTurns, retry_after_seconds
from collectors.robots import RobotsCache, RobotsVerdict

__all__ = [
    "FailureKind",
    "FetchFailure",
    "FetchSettings",
    "Fetched",
    "Fetcher",
    "Posted",
    "Request",
]

MAX_REDIRECTS: Final = 5
MAX_ROBOTS_BYTES: Final = 500 * 1024
MAX_REPLY_BYTES: Final = 1024 * 1024
MAX_REASON_BYTES: Final = 64 * 1024
REASON_SECONDS: Final = 3.0
ROBOTS_SECONDS: Final = 10.0
WIRE_SLACK_BYTES: Final = 1024 * 1024
MOVED: Final = frozenset({301, 302, 303, 307, 308})
PASSING_STATUS: Final = frozenset({304, 408, 409, 421, 423, 425, 429})


class Fetcher:
    """Fetches; one for the process, used as `async with Fetcher(settings) as fetcher`."""

    def __init__(
        self,
        settings: FetchSettings | None = None,
        *,
        resolve: Resolver | None = None,
        dial: Dial = dial,
    ) -> None:
        self.settings = settings or FetchSettings()
        self._system_resolver = SystemResolver() if resolve is None else None
        self._deadlines = Deadlines()
        # httpx.AsyncClient would wrap this transport in cookies, auth, hooks and redirects, none of
        # which may be used here, for a quarter of the cost of a request (docs/fetching.md).
        self._transport = CheckedTransport(
            resolve=resolve or self._system_resolver or SystemResolver(),
            dial=dial,
            deadlines=self._deadlines,
            tls=_tls_context(self.settings.ca_file),
            max_wire_bytes=self.settings.max_bytes + WIRE_SLACK_BYTES,
        )
        self._always = {
            "user-agent": self.settings.user_agent,
            "accept": "*/*",
            "accept-encoding": ACCEPT_ENCODING,
        }
        self._headers = httpx.Headers(self._always)
        self._budget = BodyBudget()
        self._hand_over = HandOver()
        self._slots = asyncio.Semaphore(self.settings.in_flight)
        self._robots = RobotsCache()
        self._turns = HostTurns(
            pause_seconds=self.settings.per_host_pause_seconds,
            in_flight=self.settings.per_host_in_flight,
            own_in_flight=self.settings.own_host_in_flight,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._robots.aclose()
        await self._transport.aclose()
        if self._system_resolver:
            self._system_resolver.close()

    async def get(self, request: Request) -> Fetched:
        """Fetch with GET. Never raises: a failure is `Fetched.error`.

        Waiting for a busy host's turn comes before the deadline starts.
        """
        started = time.monotonic()
        answer: Answer | None = None
        failure: FetchFailure | None = None
        try:
            url = read_url(request.url)
            allowed = self._allowed(request.allow_hosts)
            headers = own_headers(request.headers)
            # The host's turn first: a queue at one slow host must not hold everybody's slots.
            async with self._turn(url, allowed), self._slots:
                started = time.monotonic()
                async with self._deadlines.within(self.settings.deadline_seconds):
                    answer = await self._follow(url, headers, request, allowed)
                await self._hand_over.turn()
        except FetchError as failed:
            answer, failure = failed.answer, failed.failure
        except Exception as error:  # noqa: BLE001  # the border: one source never ends a cycle
            failure = explain(error, self.settings.deadline_seconds)
        return _fetched(request, answer, failure, elapsed=time.monotonic() - started)

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        deadline_seconds: float = 30.0,
    ) -> Posted:
        """Send a POST to a webhook. Follows no redirect; never raises.

        A new connection each time, so that a body is never sent twice by a retry in here.
        """
        try:
            target = read_url(url)
            allowed = self._allowed(frozenset())
            seconds = min(deadline_seconds, self.settings.deadline_seconds)
            async with self._deadlines.within(seconds):
                request = self._request("POST", target, own_headers(headers), allowed, body)
                answer = await self._once(request, MAX_REPLY_BYTES, cut=True)
        except FetchError as failed:
            return Posted(error=failed.failure)
        except Exception as error:  # noqa: BLE001  # the border: one channel never ends a cycle
            return Posted(error=explain(error, deadline_seconds))
        return Posted(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            error=None if 200 <= answer.status < 300 else _status_failure(answer),
        )

    def _allowed(self, of_source: frozenset[str]) -> AllowList:
        everywhere = self.settings.allow_hosts
        return parse_allow_list(everywhere | of_source if of_source else everywhere)

    def _turn(self, url: httpx.URL, allowed: AllowList) -> AbstractAsyncContextManager[None]:
        port = port_of(url)
        if allowed.names(url.host, port):
            return self._turns.own_turn(f"{url.host}:{port}")
        return self._turns.turn(url.host)

    async def _follow(
        self, url: httpx.URL, own: Mapping[str, str], request: Request, allowed: AllowList
    ) -> Answer:
        first, permanent = url, True
        for hop in range(MAX_REDIRECTS + 1):
            await self._ask_robots(url, request, allowed)
            headers = dict(own) if origin_of(url) == origin_of(first) else {}
            if hop == 0:
                headers |= validators(request)
            answer = await self._once(self._request("GET", url, headers, allowed))
            if answer.status not in MOVED or "location" not in answer.headers:
                return _judged(answer, request, str(url) if hop and permanent else None)
            permanent = permanent and answer.status in (301, 308)
            url = next_url(url, answer)
        raise FetchError(failure(FailureKind.REDIRECT, f"more than {MAX_REDIRECTS} redirects"))

    async def _ask_robots(self, url: httpx.URL, request: Request, allowed: AllowList) -> None:
        if not self.settings.robots or request.robots_override_reason:
            return
        verdict = await self.robots_verdict(url, allowed)
        if not verdict.allowed:
            reason = f"{url}: {verdict.reason}"
            raise FetchError(failure(FailureKind.ROBOTS, reason, permanent=verdict.known))
        if verdict.pause_seconds:
            self._turns.slow_down(url.host, verdict.pause_seconds)

    async def robots_verdict(self, url: httpx.URL, allowed: AllowList) -> RobotsVerdict:
        """Return what the robots.txt of the URL's origin says, fetched at most once a day."""

        async def fetch(robots_url: str) -> tuple[int, bytes, str]:
            return await self._fetch_robots(robots_url, allowed)

        return await self._robots.verdict(str(url), fetch, datetime.now(UTC))

    async def _fetch_robots(self, url: str, allowed: AllowList) -> tuple[int, bytes, str]:
        """Return status, at most 500 KiB, and what went wrong (status 0)."""
        try:
            async with self._deadlines.within(ROBOTS_SECONDS):
                target = read_url(url)
                for _ in range(MAX_REDIRECTS + 1):
                    request = self._request("GET", target, {}, allowed)
                    answer = await self._once(request, MAX_ROBOTS_BYTES, cut=True)
                    if answer.status not in MOVED or "location" not in answer.headers:
                        return answer.status, answer.body, ""
                    target = next_url(target, answer)
        except FetchError as failed:
            return 0, b"", failed.failure.reason
        except AddressRefusedError:
            raise  # the address is the news, not the file that could not be had from it
        except Exception as error:  # noqa: BLE001  # any failure means: do not fetch, and say so
            return 0, b"", explain(error, ROBOTS_SECONDS).reason
        # RFC 9309 2.3.1.2: after five redirects the file may be taken as unavailable (allow).
        return 404, b"", ""

    def _request(
        self,
        method: str,
        url: httpx.URL,
        own: Mapping[str, str],
        allowed: AllowList,
        body: bytes | None = None,
    ) -> httpx.Request:
        headers = {**self._always, **own} if own else self._headers
        return httpx.Request(
            method, url, headers=headers, content=body, extensions={ALLOW_LIST: allowed}
        )

    async def _once(
        self, request: httpx.Request, max_bytes: int | None = None, *, cut: bool = False
    ) -> Answer:
        """Send one request and read its answer; at the bound the body is cut or refused."""
        response = await self._transport.handle_async_request(request)
        stream = _stream(response)
        try:
            status, headers = response.status_code, plain_headers(response.headers)
            coding = headers.get("content-encoding", "")
            if status in MOVED or status == 304:
                body = b""
            elif status >= 400:
                body = await _read_reason(stream, coding)
            else:
                body = await read_body(
                    stream,
                    content_coding(coding),
                    max_bytes=max_bytes or self.settings.max_bytes,
                    cut=cut,
                    budget=self._budget,
                )
        finally:
            await stream.aclose()
        return Answer(url=str(request.url), status=status, headers=headers, body=body)


async def _read_reason(stream: httpx.AsyncByteStream, encoding: str) -> bytes:
    """Return the start of an error page: its status stands even where its body never ends."""
    try:
        async with asyncio.timeout(REASON_SECONDS):
            coding = content_coding(encoding)
            return await read_body(stream, coding, max_bytes=MAX_REASON_BYTES, cut=True)
    except (BadEncodingError, TimeoutError, httpx.TransportError, OSError):
        return b""


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise httpx.ReadError("the answer has no body stream")
    return response.stream


@cache
def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=str(ca_file))


# First match wins: SSLError and TimeoutError are OSErrors too.
MEANINGS: Final[tuple[tuple[type[Exception], FailureKind, str], ...]] = (
    (AddressRefusedError, FailureKind.ADDRESS_REFUSED, "{error}"),
    (BodyTooLargeError, FailureKind.TOO_LARGE, "body too large: {error}"),
    (BadEncodingError, FailureKind.BAD_ENCODING, "{error}"),
    (ssl.SSLError, FailureKind.TLS, "TLS: {error}"),
    (TimeoutError, FailureKind.TIMEOUT, "no complete answer within {seconds:g} s"),
    (httpx.RemoteProtocolError, FailureKind.NOT_HTTP, "not a complete HTTP answer: {error}"),
    (httpx.TransportError, FailureKind.NO_ANSWER, "no answer: {error}"),
    (OSError, FailureKind.NO_ANSWER, "no answer: {error}"),
)


def explain(error: Exception, seconds: float) -> FetchFailure:
    """Say in one clear line what an exception of the network means."""
    text = str(error) or type(error).__name__
    for meant, kind, line in MEANINGS:
        if isinstance(error, meant):
            permanent = kind is FailureKind.ADDRESS_REFUSED
            return failure(kind, line.format(error=text, seconds=seconds), permanent=permanent)
    return failure(FailureKind.NOT_HTTP, f"{type(error).__name__}: {text}")


def _judged(answer: Answer, request: Request, moved_to: str | None) -> Answer:
    """Return an answer that is a success; raise FetchError with it otherwise."""
    if moved_to:
        answer = replace(answer, moved_to=moved_to)
    if 200 <= answer.status < 300 or (answer.status == 304 and validators(request)):
        return answer
    raise FetchError(_status_failure(answer), answer)


def _status_failure(answer: Answer) -> FetchFailure:
    wait = retry_after_seconds(answer.headers.get("retry-after", ""), datetime.now(UTC))
    passing = answer.status < 300 or answer.status >= 500 or answer.status in PASSING_STATUS
    return FetchFailure(
        kind=FailureKind.STATUS,
        reason=f"HTTP {answer.status} from {answer.url}",
        retry_after=wait,
        permanent=not passing,
    )


def _fetched(
    request: Request, answer: Answer | None, failure: FetchFailure | None, *, elapsed: float
) -> Fetched:
    if answer is None:
        return Fetched(
            url=request.url,
            final_url=request.url,
            fetched_at=datetime.now(UTC),
            elapsed=elapsed,
            error=failure,
        )
    return Fetched(
        url=request.url,
        final_url=answer.url,
        status=answer.status,
        headers=answer.headers,
        body=b"" if failure else answer.body,
        etag=kept_validator(answer, "etag", request.etag),
        last_modified=kept_validator(answer, "last-modified", request.last_modified),
        not_modified=answer.status == 304 and failure is None,
        moved_to=answer.moved_to,
        fetched_at=datetime.now(UTC),
        elapsed=elapsed,
        error=failure,
    )
