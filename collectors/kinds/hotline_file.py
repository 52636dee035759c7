"""`kind: hotline_file`: 12345 and message-board exports, from a watched folder or an address."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from collectors.contract import CollectContext, Collected, SourceSettings
from collectors.hotline import HotlineField, HotlineRow, read_hotline
from collectors.http import Request
from collectors.tables import RowProblem, TableError
from models.records import Entry

PROBLEMS_KEPT = 50
FILES_KEPT = 2000


class HotlineFile(SourceSettings):
    """Tables of tickets. A file whose bytes were read before is not read again."""

    kind: Literal["hotline_file"]
    path: str = Field(
        default="",
        description="File or pattern such as inbox/*.xlsx, from the configuration's folder",
    )
    url: str = Field(default="", pattern=r"^(|https?://\S+)$", description="Address of the export")
    columns: dict[str, HotlineField] = Field(
        default={}, description="Column → field, where the names are not known"
    )
    allow_hosts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.path) == bool(self.url):
            raise ValueError("name either `path` or `url`")
        return self

    async def collect(self, context: CollectContext) -> Collected:
        """Read the files that are new or changed."""
        if self.url:
            return await self._from_address(context)
        files = await asyncio.to_thread(_matching, context.folder, self.path)
        if not files:
            return self._nothing(context)
        return await asyncio.to_thread(self._from_files, files, context)

    def _nothing(self, context: CollectContext) -> Collected:
        """Return that an empty watched folder is well, and a missing folder or file a failure."""
        folder = (context.folder / self.path).parent
        if "*" in Path(self.path).name and folder.is_dir():
            return Collected(state=context.state, not_modified=True)
        return Collected(state=context.state, failure=f"{self.path}: no such file or folder")

    async def _from_address(self, context: CollectContext) -> Collected:
        etag = context.state.get("etag")
        request = Request(
            url=self.url,
            etag=etag if isinstance(etag, str) else None,
            allow_hosts=frozenset(self.allow_hosts),
        )
        fetched = await context.fetcher.get(request)
        if fetched.error is not None:
            return Collected(
                state=context.state,
                failure=f"{self.url}: {fetched.error}",
                retry_after_seconds=fetched.error.retry_after,
                permanent=fetched.error.permanent,
            )
        if fetched.not_modified:
            return Collected(state=context.state, not_modified=True)
        name = self.url.rsplit("/", 1)[-1].split("?")[0] or "export"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(fetched.body)
            found = await asyncio.to_thread(self._from_files, [path], context)
        return Collected(
            entries=found.entries,
            state={**found.state, "etag": fetched.etag},
            problems=found.problems,
            failure=found.failure,
            not_modified=found.not_modified,
        )

    def _from_files(self, files: list[Path], context: CollectContext) -> Collected:
        read = _read_before(context)
        entries: list[Entry] = []
        problems: list[str] = []
        failures: list[str] = []
        fresh: dict[str, str] = {}
        for file in files:
            digest = _digest(file)
            if read.get(file.name) == digest:
                continue
            try:
                for found in read_hotline(file, context.now, mapping=self.columns):
                    if isinstance(found, RowProblem):
                        problems.append(str(found))
                    else:
                        entries.append(entry_of(found, self.name))
                fresh[file.name] = digest
            except TableError as error:
                failures.append(str(error))
        kept: JsonValue = dict([*read.items(), *fresh.items()][-FILES_KEPT:])
        return Collected(
            entries=tuple(entries),
            state={**context.state, "read": kept},
            problems=(*failures, *_cut(problems)),
            failure=failures[0] if failures and not entries else "",
            not_modified=not entries and not failures,
        )


def entry_of(row: HotlineRow, source: str) -> Entry:
    """Return the entry of one ticket; its unit and category stay in the office's own system."""
    return Entry(
        source=source,
        external_id=row.external_id,
        title=row.subject,
        text=row.content,
        url=row.url,
        published=row.asked_at,
        date_flag=row.date_flag,
        origin=row.channel,
        place=row.place,
        author=row.author_raw,
        reply=row.reply,
        replied_at=row.replied_at,
    )


def _matching(folder: Path, pattern: str) -> list[Path]:
    given = Path(pattern)
    root, rest = (
        (Path(given.anchor), given.relative_to(given.anchor))
        if given.anchor
        else (
            folder,
            given,
        )
    )
    found = [p for p in root.glob(str(rest)) if p.is_file() and not p.name.startswith(("~$", "."))]
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))


def _read_before(context: CollectContext) -> dict[str, str]:
    kept = context.state.get("read")
    return {str(k): str(v) for k, v in kept.items()} if isinstance(kept, dict) else {}


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:24]


def _cut(problems: list[str]) -> list[str]:
    left = len(problems) - PROBLEMS_KEPT
    return [*problems[:PROBLEMS_KEPT], f"and {left} more rows"] if left > 0 else problems


KIND = HotlineFile
