"""Copying the live file without losing its lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from storage.errors import StoreError

COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


def copy_apart(source: Path, target: Path) -> None:
    """Copy a database file that this process holds open.

    A process that closes any descriptor of a file gives up all its POSIX locks on it: a copy made
    here would silently let a second writer in. So another process opens and closes the file.
    """
    command = [sys.executable, "-I", "-c", COPY, str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["unknown"])[-1]
        raise StoreError(f"{source} could not be copied to {target}: {reason}")
