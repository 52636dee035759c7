"""Import files by hand: in batches, each one transaction, so that Ctrl-C loses nothing done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from collectors.contract import Collected, SourceSettings
from collectors.hotline import HotlineField, read_hotline
from collectors.kinds.hotline_file import entry_of
from collectors.mail_parser import mail_entry, read_mails
from collectors.tables import RowProblem, TableError
from models.records import Entry, MediaTier, MentionKind
from pipeline.collect import Gathered
from pipeline.cycle import absorb
from pipeline.office import Office

BATCH = 2000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file."""

    file: str
    read: int = 0
    stored: int = 0
    updated: int = 0
    known: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of all files."""

    files: tuple[FileReport, ...]

    def as_row(self) -> dict[str, object]:
        """Return the report as one JSON object."""
        return {
            "read": sum(f.read for f in self.files),
            "stored": sum(f.stored for f in self.files),
            "updated": sum(f.updated for f in self.files),
            "known": sum(f.known for f in self.files),
            "problems": [problem for f in self.files for problem in f.problems],
            "files": [f.file for f in self.files],
        }


class ImportFailedError(Exception):
    """No file could be read: one line a file."""


def import_files(
    office: Office,
    files: Sequence[Path],
    *,
    source: str,
    kind: str,
    mapping: Mapping[str, str],
    progress: Progress,
) -> ImportReport:
    """Import files under one source name; rows already stored are found and left alone.

    Raises ImportFailedError when not one file could be read.
    """
    settings = SourceSettings(
        name=source,
        media_tier=MediaTier.NETIZEN,
        mention_kind=MentionKind.CITIZEN_MESSAGE,
        place=office.loaded.settings.region.name,
    )
    fields = {column: HotlineField(name) for column, name in mapping.items()}
    reports = []
    for file in files:
        rows = _rows(file, kind, source, fields)
        reports.append(_import_one(office, settings, file, rows, progress))
    if all(report.read == 0 and report.problems for report in reports):
        raise ImportFailedError("; ".join(r.problems[0] for r in reports))
    return ImportReport(files=tuple(reports))


def _rows(
    file: Path, kind: str, source: str, fields: Mapping[str, HotlineField]
) -> Iterator[Entry | str]:
    now = datetime.now(UTC)
    if kind == "mbox" or (not kind and file.suffix.lower() in {".mbox", ".eml"}):
        yield from _mail(file, source, now)
        return
    for found in read_hotline(file, now, mapping=fields):
        yield str(found) if isinstance(found, RowProblem) else entry_of(found, source)


def _mail(file: Path, source: str, now: datetime) -> Iterator[Entry | str]:
    for found in read_mails(file, now):
        yield str(found) if isinstance(found, RowProblem) else mail_entry(found, source)


def _import_one(
    office: Office,
    settings: SourceSettings,
    file: Path,
    rows: Iterator[Entry | str],
    progress: Progress,
) -> FileReport:
    report = FileReport(file=str(file))
    try:
        while batch := list(islice(rows, BATCH)):
            report = _absorbed(office, settings, batch, report)
            progress(file.name, report.read, report.read + (len(batch) == BATCH))
    except TableError as error:
        return replace(report, problems=(*report.problems, str(error)))
    return report


def _absorbed(
    office: Office, settings: SourceSettings, batch: list[Entry | str], report: FileReport
) -> FileReport:
    now = datetime.now(UTC)
    entries = tuple(row for row in batch if isinstance(row, Entry))
    bad = tuple(row for row in batch if isinstance(row, str))
    collected = Collected(entries=entries, problems=bad)
    done = absorb(office, [Gathered(source=settings, started_at=now, collected=collected)], (), now)
    counts = done.tally
    return replace(
        report,
        read=report.read + len(entries),
        stored=report.stored + counts.stored,
        updated=report.updated + counts.updated,
        known=report.known + counts.duplicates,
        problems=report.problems + bad,
    )
