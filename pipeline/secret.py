"""Secrets: from the environment, from a file it names, or from a private file of our own."""

from __future__ import annotations

import os
import secrets
import stat
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.positions import ConfigurationError

KEY_BYTES = 32


def signing_key(folder: Path) -> bytes:
    """Return the key that signs acknowledge links and sessions.

    `YUQING_SECRET` or the file `YUQING_SECRET_FILE` names; otherwise `secret.key` in the data
    folder, made at first use and readable by its owner alone.
    """
    value = os.environ.get("YUQING_SECRET")
    if value:
        return value.encode("utf-8")
    named = os.environ.get("YUQING_SECRET_FILE")
    if named:
        return private_bytes(Path(named)).strip()
    return _own_key(folder / "secret.key")


def author_key(folder: Path, now: datetime, lifetime: timedelta) -> bytes:
    """Return the key that hashes author identities.

    It is random and replaced after its lifetime; the old one is destroyed, so older hashes can
    no longer be tied to anybody (PIPL Art. 19).
    """
    path = folder / "author.key"
    if path.exists():
        created, key = private_bytes(path).decode("ascii").split()
        if now - datetime.fromisoformat(created) < lifetime:
            return bytes.fromhex(key)
        path.unlink()
    key = secrets.token_hex(KEY_BYTES)
    _write_private(path, f"{now.isoformat()} {key}".encode("ascii"))
    return bytes.fromhex(key)


def private_bytes(path: Path) -> bytes:
    """Read a secret file; one that others may read is refused."""
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError(
                (f"{path}: others may read this secret: run chmod 600 {path.name}",)
            )
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            (f"{path}: the secret cannot be read: {error.strerror}",)
        ) from None


def _own_key(path: Path) -> bytes:
    if not path.exists():
        _write_private(path, secrets.token_hex(KEY_BYTES).encode("ascii"))
    return private_bytes(path).strip()


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
