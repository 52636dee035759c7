"""Passwords kept as scrypt hashes, and a brake on guessing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from datetime import datetime, timedelta

COST_LOG2, BLOCK, PARALLEL = 17, 8, 1
MEMORY = 160 * 1024 * 1024
FAILURES_AT_MOST = 5
LOCKED_FOR = timedelta(minutes=15)
NAMES_AT_MOST = 1000

# scrypt at this cost takes 128 MiB: one at a time, so that a burst of logins cannot fill memory,
# and few may wait for it, so that it cannot hold all worker threads either.
_ONE_AT_A_TIME = threading.Lock()
_WAITING = threading.BoundedSemaphore(4)


class BusyError(RuntimeError):
    """Too many people sign in at this moment."""


def hash_password(password: str) -> str:
    """Return `scrypt$17$8$1$salt$hash`, salted anew each time."""
    salt = os.urandom(16)
    digest = _scrypt(password, salt, COST_LOG2, BLOCK, PARALLEL)
    return f"scrypt${COST_LOG2}${BLOCK}${PARALLEL}${_b64(salt)}${_b64(digest)}"


def verify_password(password: str, stored: str) -> bool:
    """Say whether a password belongs to a stored hash; a malformed hash belongs to none.

    Raises BusyError when too many checks wait already.
    """
    try:
        name, cost, block, parallel, salt, digest = stored.split("$")
        known = base64.b64decode(digest, validate=True)
        found = _scrypt(
            password, base64.b64decode(salt, validate=True), int(cost), int(block), int(parallel)
        )
    except ValueError:
        return False
    return name == "scrypt" and hmac.compare_digest(found, known)


def waste_time(password: str) -> None:
    """Spend what a verification costs, so that an unknown name answers no faster."""
    _scrypt(password, b"\x00" * 16, COST_LOG2, BLOCK, PARALLEL)


class Brake:
    """Counts failed logins by name; five within fifteen minutes lock the name for as long."""

    def __init__(self) -> None:
        self._failures: dict[str, list[datetime]] = {}
        self._lock = threading.Lock()

    def locked_until(self, name: str, now: datetime) -> datetime | None:
        """Return until when a name is locked, or None."""
        with self._lock:
            recent = [at for at in self._failures.get(name, ()) if now - at < LOCKED_FOR]
        return recent[-1] + LOCKED_FOR if len(recent) >= FAILURES_AT_MOST else None

    def failed(self, name: str, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            if len(self._failures) >= NAMES_AT_MOST:
                self._failures = {
                    known: times
                    for known, times in self._failures.items()
                    if now - times[-1] < LOCKED_FOR
                }
            while len(self._failures) >= NAMES_AT_MOST:
                self._failures.pop(next(iter(self._failures)))
            recent = [at for at in self._failures.pop(name, []) if now - at < LOCKED_FOR]
            self._failures[name] = [*recent, now][-FAILURES_AT_MOST:]

    def succeeded(self, name: str) -> None:
        """Forget a name's failures."""
        with self._lock:
            self._failures.pop(name, None)


def _scrypt(password: str, salt: bytes, cost_log2: int, block: int, parallel: int) -> bytes:
    if not 14 <= cost_log2 <= COST_LOG2:
        raise ValueError(f"scrypt cost 2^{cost_log2} is out of range")
    if not _WAITING.acquire(blocking=False):
        raise BusyError
    try:
        with _ONE_AT_A_TIME:
            return hashlib.scrypt(
                password.encode(), salt=salt, n=1 << cost_log2, r=block, p=parallel, maxmem=MEMORY
            )
    finally:
        _WAITING.release()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
