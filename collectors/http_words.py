"""URLs and headers: what may be sent where, and what is safe to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import httpx

from collectors.http_records import Answer, FailureKind, FetchError, Request, failure

MAX_URL_CHARACTERS: Final = 8192
# The fetcher's own: a source's settings cannot claim another identity or break the framing.
RESERVED_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "if-modified-since",
        "if-none-match",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,100}")
VALUE = re.compile(r"[ -~\t]{0,4096}")
VALIDATOR = re.compile(r"[ -~]{1,512}")


@lru_cache(maxsize=8192)
def read_url(text: str) -> httpx.URL:
    """Return an absolute http(s) URL without user name; raise FetchError for anything else."""
    if len(text) > MAX_URL_CHARACTERS:
        raise refused_url(text, f"longer than {MAX_URL_CHARACTERS} characters")
    try:
        url = httpx.URL(text.strip())
        port = url.port
    except (httpx.InvalidURL, ValueError) as error:  # UnicodeError: an over-long IDNA label
        raise refused_url(text, str(error)) from error
    if url.scheme not in ("http", "https"):
        raise refused_url(text, "only http and https are fetched")
    if not url.host or len(url.host) > 253 or port == 0:
        raise refused_url(text, "no usable host")
    if url.userinfo:
        raise refused_url(url.host, "a user name in a URL leaks; send a header instead")
    return url


def refused_url(text: str, why: str) -> FetchError:
    """Return the error for a URL that is not fetched."""
    return FetchError(failure(FailureKind.URL_REFUSED, f"{text[:200]!r}: {why}", permanent=True))


def next_url(url: httpx.URL, answer: Answer) -> httpx.URL:
    """Return where a redirect leads; raise FetchError for what is not fetched."""
    # Chinese portals send raw UTF-8 or GBK bytes here; quoting keeps them byte for byte.
    target = quote(answer.headers["location"].encode("latin-1"), safe="%/:=&?~#+!$,;'@()*[]|")
    try:
        joined = str(url.join(target))
    except (httpx.InvalidURL, ValueError) as error:
        raise refused_url(target, f"redirect target: {error}") from error
    return read_url(joined)


def port_of(url: httpx.URL) -> int:
    """Return the port, also where the scheme implies it."""
    return url.port or (443 if url.scheme == "https" else 80)


def origin_of(url: httpx.URL) -> tuple[str, str, int]:
    """Return scheme, host and port: what credentials and validators are bound to."""
    return (url.scheme, url.host, port_of(url))


def own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return a source's headers in lower case; raise FetchError for one it may not set."""
    own = {name.lower(): value for name, value in headers.items()}
    for name, value in own.items():
        if name in RESERVED_HEADERS or not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
            reason = f"header {name[:60]!r} may not be set by a source or channel"
            raise FetchError(failure(FailureKind.URL_REFUSED, reason, permanent=True))
    return own


def validators(request: Request) -> dict[str, str]:
    """Return the conditional headers of a request; a damaged validator is left out."""
    pairs = (("if-none-match", request.etag), ("if-modified-since", request.last_modified))
    return {name: value for name, value in pairs if value and VALIDATOR.fullmatch(value)}


def plain_headers(headers: httpx.Headers) -> dict[str, str]:
    """Return header values as latin-1 text, repeated ones joined; bytes survive as they came."""
    plain: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        plain[name] = f"{plain[name]}, {value}" if name in plain else value
    return plain


def kept_validator(answer: Answer, name: str, sent: str | None) -> str | None:
    """Return the validator to send next time; after an error none, so that none can wedge."""
    if answer.status == 304:
        value = answer.headers.get(name, sent or "")
    else:
        value = answer.headers.get(name, "") if answer.status == 200 else ""
    return value if VALIDATOR.fullmatch(value) else None
