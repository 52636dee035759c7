"""Secrets of channels and sources: only in the environment or a file it names, never in YAML."""

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
            raise NoSecretError(f"{name}_FILE 不可读：{error.strerror}") from None
    raise NoSecretError(f"未设置环境变量 {name}（或 {name}_FILE）")
