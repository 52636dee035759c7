"""Secrets of sources: never in the configuration, only in the environment or a file it names."""

from __future__ import annotations

import os
from pathlib import Path


class NoSecretError(LookupError):
    """The named secret is nowhere; the message says where it may be put."""


def secret_of(name: str) -> str:
    """Return the value of an environment variable, or of the file that `NAME_FILE` names."""
    value = os.environ.get(name)
    if value:
        return value
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NoSecretError(f"{name}_FILE cannot be read: {error.strerror}") from None
    raise NoSecretError(f"set {name}, or {name}_FILE, in the environment")
