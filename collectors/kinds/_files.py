"""What the kinds that watch a folder share: which files there are, and which are new."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import JsonValue

from collectors.contract import CollectContext, Collected, State
from collectors.tables import TableError

PROBLEMS_KEPT = 50
FILES_KEPT = 2000


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a pattern, oldest first; a relative one starts in `folder`.

    Hidden files and the lock files of office programs (`~$…`) are left out.
    """
    given = Path(pattern)
    root = Path(given.anchor) if given.anchor else folder
    rest = given.relative_to(given.anchor) if given.anchor else given
    found = [p for p in root.glob(str(rest)) if p.is_file() and not p.name.startswith(("~$", "."))]
    return sorted(found, key=lambda path: (_changed_at(path), path.name))


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # taken away since it was listed: reading it tells
        return 0.0


def nothing_there(pattern: str, context: CollectContext) -> Collected:
    """Return that an empty watched folder is well, and a missing folder or file a failure."""
    folder = (context.folder / pattern).parent
    if any(sign in pattern for sign in "*?[") and _first_real(folder).is_dir():
        return Collected(state=context.state, not_modified=True)
    return Collected(state=context.state, failure=f"{pattern}: no such file or folder")


def _first_real(folder: Path) -> Path:
    """Return the part of a pattern's folder that names one folder and not many."""
    while any(sign in folder.name for sign in "*?["):
        folder = folder.parent
    return folder


def digest(file: Path) -> str:
    """Return what tells whether a file's bytes were read before; raises TableError."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()[:24]
    except OSError as error:
        raise TableError(f"{file.name}: cannot be read: {error.strerror}") from None


def place_of(file: Path, root: Path) -> str:
    """Return the name a file is remembered by: two folders may hold files of one name."""
    return str(file.relative_to(root) if file.is_relative_to(root) else file)


def read_before(state: State) -> dict[str, str]:
    """Return the digests of the files that were read, by their places."""
    kept = state.get("read")
    return {str(k): str(v) for k, v in kept.items()} if isinstance(kept, dict) else {}


def remembered(state: State, fresh: dict[str, str]) -> State:
    """Return the state with newly read files added; the oldest are forgotten beyond 2,000."""
    every = {**read_before(state), **fresh}
    kept: JsonValue = dict([*every.items()][-FILES_KEPT:])
    return {**state, "read": kept}


def cut(problems: list[str]) -> list[str]:
    """Return the first problems and how many more there are."""
    left = len(problems) - PROBLEMS_KEPT
    return [*problems[:PROBLEMS_KEPT], f"and {left} more"] if left > 0 else problems
