"""Try everything the configuration names, and say what works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collectors.http import Fetcher
from pipeline.collect import collect
from pipeline.learn import drifts
from pipeline.office import Office, open_office
from pipeline.settings import Loaded
from reports.drift import line
from storage import audit
from storage.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found."""

    part: str
    name: str
    kind: str
    ok: bool
    words: str

    def as_row(self) -> dict[str, object]:
        """Return the finding for JSON lines."""
        return {
            "part": self.part,
            "name": self.name,
            "kind": self.kind,
            "ok": self.ok,
            "words": self.words,
        }


async def check_everything(loaded: Loaded, *, offline: bool) -> list[Finding]:
    """Return a finding for the database, the model, each query, source, rule and channel."""
    now = datetime.now(UTC)
    try:
        with open_office(loaded, now) as office:
            found = [_database(office), *model_findings(office, now)]
            found += _read_settings(loaded)
            found += await _sources(office, now, offline=offline)
            return found
    except StoreError as error:
        finding = Finding(
            part="database", name=str(loaded.database), kind="duckdb", ok=False, words=str(error)
        )
        return [finding, *_read_settings(loaded)]


def _database(office: Office) -> Finding:
    chain = audit.check_store(office.store)
    words = chain.problem or f"opened; audit chain of {chain.rows} rows is whole"
    return Finding(
        part="database",
        name=str(office.store.path),
        kind="duckdb",
        ok=not chain.problem,
        words=words,
    )


def model_findings(office: Office, now: datetime) -> list[Finding]:
    """Say whether the model still reads as it did: news, never a reason to fail."""
    version = office.mind.classifier.version
    return [
        Finding(part="model", name=version, kind=v.head, ok=True, words=line(v, office.language))
        for v in drifts(office, now)
    ]


def _read_settings(loaded: Loaded) -> list[Finding]:
    queries = [_valid("query", name, "watch") for name in loaded.queries]
    rules = [_valid("rule", rule.name, rule.kind) for rule in loaded.rules]
    channels = [_channel(channel) for channel in loaded.channels]
    return [*queries, *rules, *channels]


def _valid(part: str, name: str, kind: str) -> Finding:
    return Finding(part=part, name=name, kind=kind, ok=True, words="valid")


def _channel(channel: Any) -> Finding:
    """Ask a channel whether its secret is there; nothing is sent."""
    ready = getattr(channel, "not_ready", None)
    reason = ready() if callable(ready) else ""
    return Finding(
        part="channel",
        name=channel.name,
        kind=channel.kind,
        ok=not reason,
        words=reason or "configured (nothing was sent)",
    )


async def _sources(office: Office, now: datetime, *, offline: bool) -> list[Finding]:
    sources = office.loaded.active_sources()
    if offline:
        return [_valid("source", s.name, _kind(s)) for s in sources]
    async with Fetcher(office.fetch_settings()) as fetcher:
        gathered = await collect(
            sources, {}, fetcher, now=now, folder=office.loaded.folder, progress=None
        )
    return [
        Finding(
            part="source",
            name=one.source.name,
            kind=_kind(one.source),
            ok=not one.collected.failure,
            words=one.collected.failure
            or "; ".join([f"{len(one.collected.entries)} entries", *one.collected.problems[:3]]),
        )
        for one in gathered
    ]


def _kind(source: object) -> str:
    return str(getattr(source, "kind", ""))
