"""The signed way in for the city's own forms: an ASGI application and the spool behind it.

A form sends `POST /inbox/NAME` with `X-Yuqing-Timestamp` (Unix seconds), `Idempotency-Key` and
`X-Yuqing-Signature: sha256=HEX`, where HEX is HMAC-SHA256 of `TIMESTAMP "." KEY "." BODY` under
the shared secret. The key is signed too, so a copied request is always the same message. A
message is on disk before it is answered 202, and stays there until a cycle has stored it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import JsonValue

MAX_BODY_BYTES: Final = 256 * 1024
MAX_WAITING: Final = 10_000
BODY_SECONDS: Final = 20.0
KEY = re.compile(r"[!-~]{1,100}")
TIMESTAMP = re.compile(r"\d{1,12}")
SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")

# ASGI's own shapes: the protocol defines them as open mappings.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One form's way in: its name in the address, where its secret is, and its spool."""

    name: str
    secret: Callable[[], str]
    spool: Path
    replay_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A request as it came; header names in lower case."""

    method: str
    name: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A status with its one line, and the seconds to wait where there are any."""

    status: int
    words: str
    retry_after: int | None = None


REFUSED: Final = Reply(status=401, words="refused")
"""For every failed proof alike: what was wrong is nobody's business who lacks the secret."""


def signature(secret: str, timestamp: str, key: str, body: bytes) -> str:
    """Return the signature header of a message; timestamp and key are ASCII."""
    signed = f"{timestamp}.{key}.".encode("ascii") + body
    return f"sha256={hmac.new(secret.encode('utf-8'), signed, hashlib.sha256).hexdigest()}"


def is_proven(knock: Knock, secret: str, now: datetime, replay_seconds: float) -> bool:
    """Whether the message was signed with the secret, at about this time."""
    timestamp = knock.headers.get("x-yuqing-timestamp", "")
    key = knock.headers.get("idempotency-key", "")
    given = knock.headers.get("x-yuqing-signature", "")
    well_formed = TIMESTAMP.fullmatch(timestamp) and KEY.fullmatch(key)
    if not secret or not well_formed or not SIGNATURE.fullmatch(given):
        return False
    in_time = abs(now.timestamp() - int(timestamp)) <= replay_seconds
    return hmac.compare_digest(given, signature(secret, timestamp, key, knock.body)) and in_time


def receive_message(knock: Knock, door: Door | None, now: datetime) -> Reply:
    """Judge one message and keep it; blocking, because it waits for the disk."""
    if knock.method != "POST":
        return Reply(status=405, words="POST only")
    if door is None or not is_proven(knock, _secret(door), now, door.replay_seconds):
        return REFUSED
    problem = problem_of(knock.body)
    if problem:
        return Reply(status=400, words=problem)
    return _kept(door.spool, knock)


def _kept(spool: Path, knock: Knock) -> Reply:
    key = knock.headers["idempotency-key"]
    file = spool / f"{hashlib.sha256(key.encode('ascii')).hexdigest()[:40]}.json"
    again = file.exists()
    if not again and waiting(spool) >= MAX_WAITING:
        return Reply(status=503, words="too many messages wait", retry_after=60)
    _write(file, {"key": key, "message": json.loads(knock.body)})
    return Reply(status=200 if again else 202, words="received")


def _secret(door: Door) -> str:
    try:
        return door.secret()
    except LookupError:
        return ""


def problem_of(body: bytes) -> str:
    """Say what is wrong with a message's JSON, or "" where a mention can be made of it."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    if not isinstance(value, dict):
        return "the body is not a JSON object"
    texts = (value.get(name) for name in ("subject", "content"))
    if not any(isinstance(text, str) and text.strip() for text in texts):
        return "neither subject nor content"
    return ""


def waiting(spool: Path) -> int:
    """Count the messages that no cycle has taken yet."""
    return sum(1 for _ in spool.glob("*.json"))


def _write(file: Path, value: Mapping[str, JsonValue]) -> None:
    """Write a message so that it is whole on disk or not there at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_suffix(f".{uuid4().hex}.part")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as opened:
        opened.write(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One message of the spool: its file, its key and what the form sent."""

    file: str
    key: str
    message: Mapping[str, JsonValue]


def take(spool: Path, at_most: int) -> list[Waiting | str]:
    """Return waiting messages, oldest first; a file that cannot be read is its problem in words."""
    found: list[Waiting | str] = []
    files = sorted(spool.glob("*.json"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    for file in files[:at_most]:
        try:
            found.append(_waiting(file))
        except (OSError, ValueError, RecursionError) as error:
            found.append(f"{file.name}: no message: {str(error)[:200]}")
    return found


def _waiting(file: Path) -> Waiting:
    """Return one message; raises ValueError for what this program did not write."""
    value = json.loads(file.read_bytes())
    key, message = (
        (value.get(n) for n in ("key", "message")) if isinstance(value, dict) else ("", 0)
    )
    if not isinstance(key, str) or not isinstance(message, dict):
        raise ValueError("neither key nor message in it")  # noqa: TRY004 - the file is wrong
    return Waiting(file=file.name, key=key, message=message)


def forget(spool: Path, names: Sequence[str]) -> None:
    """Delete messages that are stored."""
    for name in names:
        with suppress(FileNotFoundError):
            (spool / Path(name).name).unlink()


def inbox_app(
    doors: Sequence[Door], clock: Callable[[], datetime]
) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """Return the ASGI application to mount at /inbox; `clock` gives the time, aware."""
    by_name = {door.name: door for door in doors}

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        reply = await _answer(scope, receive, by_name, clock)
        await _send(reply, send)

    return app


async def _answer(
    scope: Message,
    receive: Receive,
    doors: Mapping[str, Door],
    clock: Callable[[], datetime],
) -> Reply:
    path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
    name = path.strip("/")
    headers = {
        key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]
    }
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(receive)
    except TimeoutError:
        return Reply(status=408, words="the body did not come in time")
    if body is None:
        return Reply(status=413, words=f"more than {MAX_BODY_BYTES} bytes")
    knock = Knock(method=str(scope["method"]), name=name, headers=headers, body=body)
    return await asyncio.to_thread(receive_message, knock, doors.get(name), clock())


async def _body(receive: Receive) -> bytes | None:
    """Return the body, or None where it passes the bound."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return bytes(body)


async def _send(reply: Reply, send: Send) -> None:
    body = json.dumps({"status": reply.words}).encode("utf-8")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),
    ]
    if reply.retry_after is not None:
        headers.append((b"retry-after", str(reply.retry_after).encode("ascii")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
