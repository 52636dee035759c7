"""Who is at the console: a signed cookie, and form tokens that only our own pages can know."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

COOKIE = "yuqing_session"
LOCAL_LONGEST = timedelta(days=30)
"""How long a name given at this machine is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One person's visit; `nonce` is 128 random bits, new at each sign-in."""

    name: str
    role: str
    started: datetime
    seen: datetime
    nonce: str


def begin(name: str, role: str, now: datetime) -> Session:
    """Return a fresh session; an empty name is a visitor who has not signed in."""
    return Session(name=name, role=role, started=now, seen=now, nonce=secrets.token_hex(16))


def touched(session: Session, now: datetime) -> Session:
    """Return the session as seen just now."""
    return replace(session, seen=now)


def seal(session: Session, secret: bytes) -> str:
    """Return a cookie value that only we can make."""
    body = json.dumps(
        [
            session.name,
            session.role,
            int(session.started.timestamp()),
            int(session.seen.timestamp()),
            session.nonce,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    return f"{_b64(body)}.{_b64(_mac(b'session', body, secret))}"


def unseal(text: str, secret: bytes) -> Session | None:
    """Return the session in a cookie, or None when it is not ours."""
    try:
        body_text, mac_text = text.split(".")
        body, mac = _unb64(body_text), _unb64(mac_text)
    except (ValueError, binascii.Error):
        return None
    if not hmac.compare_digest(mac, _mac(b"session", body, secret)):
        return None
    name, role, started, seen, nonce = json.loads(body)
    return Session(
        name=name,
        role=role,
        started=datetime.fromtimestamp(started, UTC),
        seen=datetime.fromtimestamp(seen, UTC),
        nonce=nonce,
    )


def alive(session: Session, now: datetime, idle: timedelta, longest: timedelta) -> bool:
    """Say whether a session is neither idle too long nor too old; a clock set back ends none."""
    return now - session.seen < idle and now - session.started < longest


def form_token(purpose: str, secret: bytes) -> str:
    """Return the token a form must carry; `purpose` is a session's nonce or a signed link."""
    return _b64(_mac(b"form", purpose.encode(), secret))


def token_fits(token: str, purpose: str, secret: bytes) -> bool:
    """Say whether a form's token was made for that purpose."""
    return hmac.compare_digest(token.encode(), form_token(purpose, secret).encode())


class SignedOut:
    """Sessions ended before their time; kept until they would have ended by themselves."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def add(self, session: Session, longest: timedelta, now: datetime) -> None:
        """End a session."""
        with self._lock:
            self._until = {n: until for n, until in self._until.items() if until > now}
            self._until[session.nonce] = session.started + longest

    def has(self, session: Session) -> bool:
        """Say whether a session was ended."""
        return session.nonce in self._until


def _mac(purpose: bytes, body: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, b"yuqing-" + purpose + b"\x00" + body, hashlib.sha256).digest()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
