"""Response bodies within a byte bound, whatever the origin compresses or claims."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable
from dataclasses import dataclass

GZIP_MAGIC = b"\x1f\x8b"
ACCEPT_ENCODING = "gzip, deflate"
"""All we ask for. Others (br, zstd) are refused when they come unasked: no bound, no trust."""


class BodyTooLargeError(Exception):
    """The body decodes to more bytes than allowed."""


class BadEncodingError(Exception):
    """The body is not what its Content-Encoding says, is cut off, or is of an unknown coding."""


def content_coding(header: str) -> str:
    """Return "", "gzip" or "deflate"; raise BadEncodingError for any other or a nested coding."""
    names = [name.strip().lower().removeprefix("x-") for name in header.split(",")]
    codings = [name for name in names if name not in ("", "identity", "none", "utf-8")]
    if len(codings) > 1:
        raise BadEncodingError(f"nested Content-Encoding {header[:60]!r}")
    if codings and codings[0] not in ("gzip", "deflate"):
        raise BadEncodingError(f"unknown Content-Encoding {header[:60]!r}")
    return codings[0] if codings else ""


@dataclass(slots=True, kw_only=True)
class BodyBudget:
    """The bytes all bodies under way may hold together.

    Once they hold more than `max_bytes`, no body may grow beyond `fair_bytes`: a crowd of
    floods ends early, small feeds beside them do not notice.
    """

    max_bytes: int = 64 * 1024 * 1024
    fair_bytes: int = 1024 * 1024
    held: int = 0

    def take(self, more: int, body_bytes: int) -> None:
        """Count `more` bytes of a body now `body_bytes` long; raises BodyTooLargeError."""
        self.held += more
        if self.held > self.max_bytes and body_bytes > self.fair_bytes:
            raise BodyTooLargeError(f"more than {self.fair_bytes:,} bytes while many others are")


class BoundedBody:
    """Collects decoded bytes up to `max_bytes`.

    With `cut` the rest is dropped once the bound is reached (`full` turns true); without it
    one byte more raises BodyTooLargeError. `release()` gives its bytes back to the budget.
    """

    def __init__(
        self, coding: str, *, max_bytes: int, cut: bool = False, budget: BodyBudget | None = None
    ) -> None:
        self.full = False
        self._budget = budget or BodyBudget()
        self._coding = coding
        self._max_bytes = max_bytes
        self._cut = cut
        self._decoded = bytearray()
        self._inflater: zlib._Decompress | None = None
        self._ended = False

    def feed(self, chunk: bytes) -> None:
        """Take bytes as they came over the wire; raises BodyTooLargeError or BadEncodingError."""
        if not self._coding:
            self._take(chunk)
            return
        try:
            self._inflate(chunk)
        except zlib.error as error:
            raise BadEncodingError(f"broken {self._coding} body: {error}") from error

    def finish(self) -> bytes:
        """Return the whole body; raises BadEncodingError where the compressed stream is cut off."""
        if self._inflater is not None and not self._ended and not self.full:
            raise BadEncodingError(f"{self._coding} body is cut off")
        return bytes(self._decoded)

    def release(self) -> None:
        """Forget the body and give its bytes back to the budget."""
        self._budget.held -= len(self._decoded)
        self._decoded = bytearray()

    def _take(self, piece: bytes) -> None:
        room = self._max_bytes - len(self._decoded)
        if len(piece) <= room:
            self._decoded += piece
            self._budget.take(len(piece), len(self._decoded))
            return
        if not self._cut:
            raise BodyTooLargeError(f"more than {self._max_bytes:,} bytes")
        self._decoded += piece[:room]
        self._budget.take(room, len(self._decoded))
        self.full = True

    def _inflate(self, chunk: bytes) -> None:
        rest = chunk
        while rest and not self.full:
            if self._ended and not rest.startswith(GZIP_MAGIC):
                return  # padding after the last member: browsers ignore it too
            if self._inflater is None or self._ended:
                self._inflater, self._ended = self._new_inflater(rest), False
            room = self._max_bytes - len(self._decoded)
            self._take(self._inflater.decompress(rest, room + 1))
            self._ended = self._inflater.eof
            rest = self._inflater.unused_data if self._ended else self._inflater.unconsumed_tail

    def _new_inflater(self, head: bytes) -> zlib._Decompress:
        if self._coding == "gzip":
            return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        # "deflate" means zlib, but old servers send it raw. A zlib stream starts with method 8.
        is_zlib = head[0] & 0x0F == 8
        return zlib.decompressobj(wbits=zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


async def read_body(
    chunks: AsyncIterable[bytes],
    coding: str,
    *,
    max_bytes: int,
    cut: bool = False,
    budget: BodyBudget | None = None,
) -> bytes:
    """Read a body to its end or, with `cut`, to the bound."""
    body = BoundedBody(coding, max_bytes=max_bytes, cut=cut, budget=budget)
    try:
        async for chunk in chunks:
            body.feed(chunk)
            if body.full:
                break
        return body.finish()
    finally:
        body.release()
