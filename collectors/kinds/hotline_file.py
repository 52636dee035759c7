"""`kind: hotline_file`: 12345 and message-board exports, from a watched folder or an address."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from collectors.contract import CollectContext, Collected, SourceSettings
from collectors.hotline import HotlineField, HotlineRow, read_hotline
from collectors.http import Request
from collectors.kinds._files import (
    cut,
    digest,
    matching,
    nothing_there,
    place_of,
    read_before,
    remembered,
)
from collectors.kinds._reading import told
from collectors.tables import RowProblem, TableError
from models.records import Entry, MediaTier, MentionKind


class HotlineFile(SourceSettings):
    """Tables of tickets. A file whose bytes were read before is not read again."""

    kind: Literal["hotline_file"]
    media_tier: MediaTier = MediaTier.NETIZEN
    mention_kind: MentionKind = MentionKind.CITIZEN_MESSAGE
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
        files = await asyncio.to_thread(matching, context.folder, self.path)
        if not files:
            return nothing_there(self.path, context)
        return await asyncio.to_thread(self._from_files, files, context, context.folder)

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
                failure=told(self.url, fetched.error),
                retry_after_seconds=fetched.error.retry_after,
                permanent=fetched.error.permanent,
            )
        if fetched.not_modified:
            return Collected(state=context.state, not_modified=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / self._file_name()
            path.write_bytes(fetched.body)
            found = await asyncio.to_thread(self._from_files, [path], context, Path(folder))
        return Collected(
            entries=found.entries,
            state={**found.state, "etag": fetched.etag},
            problems=found.problems,
            failure=found.failure,
            not_modified=found.not_modified,
        )

    def _file_name(self) -> str:
        """Return the last part of the address, which stands before the line in its problems."""
        last = self.url.partition("?")[0].rpartition("/")[2]
        return last.strip(".")[-80:] or "export"

    def _from_files(self, files: list[Path], context: CollectContext, root: Path) -> Collected:
        read = read_before(context.state)
        entries: list[Entry] = []
        problems: list[str] = []
        failures: list[str] = []
        fresh: dict[str, str] = {}
        for file in files:
            place = place_of(file, root)
            try:
                bytes_read = digest(file)
                if read.get(place) == bytes_read:
                    continue
                for found in read_hotline(file, context.now, mapping=self.columns):
                    if isinstance(found, RowProblem):
                        problems.append(str(found))
                    else:
                        entries.append(entry_of(found, self.name))
                fresh[place] = bytes_read
            except TableError as error:
                failures.append(str(error))
        return Collected(
            entries=tuple(entries),
            state=remembered(context.state, fresh),
            problems=(*failures, *cut(problems)),
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


KIND = HotlineFile
