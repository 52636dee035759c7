"""A verified copy of everything that cannot be had again, and the way back."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from storage import audit
from storage.copying import copy_apart
from storage.errors import StoreDamagedError, StoreError
from storage.sidecar import last_mark, sidecar_path
from storage.store import Reader, Store

TABLES = """SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds, so that a copy can be compared with it."""

    made_at: str
    sha256: str
    rows: dict[str, int]
    audit_head: str
    audit_rows: int


def back_up(store: Store, folder: Path, now: datetime) -> Manifest:
    """Copy the open database and its side file into a new folder, and verify the copy.

    Raises StoreError when the folder holds something already or the copy differs.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StoreError(f"{folder} is not empty: name a new folder for the backup")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "yuqing.duckdb"
    with store.quiet() as path, store.read() as reader:
        rows, chain = counts(reader), audit.check(reader)
        copy_apart(path, target)
        _copy_sidecar(path, target)
    manifest = Manifest(
        made_at=now.isoformat(),
        sha256=_sha256(target),
        rows=rows,
        audit_head=chain.head,
        audit_rows=chain.rows,
    )
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=2), encoding="utf-8")
    verify(folder)
    return manifest


def verify(folder: Path) -> Manifest:
    """Compare a backup with its manifest: bytes, row counts, audit chain. Return the manifest."""
    try:
        manifest = Manifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{folder} is not a backup: manifest.json cannot be read") from error
    database = folder / "yuqing.duckdb"
    if not database.exists() or _sha256(database) != manifest.sha256:
        raise StoreDamagedError(f"{database} differs from the manifest: use another backup")
    with Store.open_to_read(database) as store, store.read() as reader:
        chain = audit.check(reader, _head(database))
        found = counts(reader)
    if found != manifest.rows or chain.problem or chain.head != manifest.audit_head:
        raise StoreDamagedError(
            f"{database}: {chain.problem or 'row counts differ from the manifest'}"
        )
    return manifest


def restore(folder: Path, database: Path) -> Manifest:
    """Put a verified backup in the place of a database; what was there is kept aside."""
    manifest = verify(folder)
    database.parent.mkdir(parents=True, exist_ok=True)
    stamp = manifest.sha256[:8]
    for old in (database, database.with_name(database.name + ".wal"), sidecar_path(database)):
        if old.exists():
            old.rename(old.with_name(f"{old.name}.before-{stamp}"))
    source = folder / "yuqing.duckdb"
    shutil.copyfile(source, database)
    _copy_sidecar(source, database)
    return manifest


def _copy_sidecar(source: Path, target: Path) -> None:
    """Copy the side file; a database nothing was ever committed to has none."""
    if sidecar_path(source).exists():
        shutil.copyfile(sidecar_path(source), sidecar_path(target))


def counts(reader: Reader) -> dict[str, int]:
    """Return the row count of every table."""
    names = [str(row[0]) for row in reader.rows(TABLES)]
    return {name: int(reader.value(f'SELECT count(*) FROM "{name}"')) for name in names}  # noqa: S608 - names from the catalogue


def _head(database: Path) -> str | None:
    mark = last_mark(sidecar_path(database))
    return mark.head if mark else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
