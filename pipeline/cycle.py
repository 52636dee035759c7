"""One cycle, whose name says the order of its steps: see `run_cycle`.

Collect → redact → deduplicate → match → score → group into stories → store → judge → tell.

What has come after a few seconds is stored and judged without waiting for the slowest source.
Everything such a wave changes commits in one transaction, so a crash leaves it whole or not at
all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors.contract import Collector
from collectors.http import Fetcher
from models.records import Alert, Delivery, Incident, SourceRun
from pipeline.absorb import (
    Tally,
    run_of,
    sort_out,
    store_batch,
    take_in,
    tally,
    understand_new,
)
from pipeline.collect import HISTORY, Gathered, Progress, due, next_due, waves
from pipeline.intake import Intake
from pipeline.office import Office
from pipeline.respond import Response, ask, respond
from pipeline.understand import Understood
from storage import mentions, sources
from storage.sources import Registered, SourceMemory
from storage.store import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleReport:
    """What one cycle did."""

    tally: Tally
    runs: tuple[SourceRun, ...]
    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    rule_failures: tuple[str, ...] = ()

    def __add__(self, later: CycleReport) -> CycleReport:
        return CycleReport(
            tally=self.tally + later.tally,
            runs=self.runs + later.runs,
            alerts=self.alerts + later.alerts,
            incidents=self.incidents + later.incidents,
            deliveries=self.deliveries + later.deliveries,
            rule_failures=tuple(dict.fromkeys(self.rule_failures + later.rule_failures)),
        )

    @property
    def changed(self) -> bool:
        """Whether readers of the snapshot would see anything new."""
        return bool(self.tally.stored or self.tally.updated or self.alerts or self.deliveries)


async def run_cycle(
    office: Office,
    fetcher: Fetcher,
    now: datetime,
    *,
    only: Sequence[Collector] | None = None,
    progress: Progress | None = None,
) -> CycleReport:
    """Do one round over the sources that are due, or over `only` those given."""
    with office.store.read() as reader:
        memories = sources.memories(reader)
        history = sources.recent_runs(reader, now - HISTORY)
    asked = due(office.loaded.active_sources(), memories, now) if only is None else only
    report: CycleReport | None = None
    async for wave in waves(
        asked, memories, fetcher, now=now, folder=office.loaded.folder, progress=progress
    ):
        # In a thread: understanding a large round must not keep the console waiting.
        done = await asyncio.to_thread(absorb, office, wave, history, now)
        report = done if report is None else report + done
    if report is None:
        return await asyncio.to_thread(absorb, office, [], history, now)
    return report


def absorb(
    office: Office, gathered: Sequence[Gathered], history: Sequence[SourceRun], now: datetime
) -> CycleReport:
    """Understand, store and judge what was gathered: one transaction."""
    with office.grouping:
        return _absorb(office, gathered, history, now)


def _absorb(
    office: Office, gathered: Sequence[Gathered], history: Sequence[SourceRun], now: datetime
) -> CycleReport:
    intake = Intake(author_key=office.author_key(now), collected=now)
    found = take_in(gathered, intake)
    try:
        with office.store.read() as reader:
            batch = sort_out(found, reader)
            understood = understand_new(batch, office.mind, reader)
        runs = [run_of(one, batch, now) for one in gathered]
        asked = ask(office, now)
        with office.store.transaction() as tx:
            store_batch(tx, batch, understood, office.mind)
            sources.register(tx, registered(office.loaded.sources), now)
            _store_sources(tx, gathered, runs, history, now)
            response = respond(tx, office, now, asked)
    except BaseException:
        # Index and book learned mentions that were not stored: they must forget them.
        office.remember(now)
        raise
    return _report(runs, understood, response)


def registered(configured: Sequence[Any]) -> list[Registered]:
    """Return what the configuration says of each source."""
    return [
        Registered(
            source=source.name,
            title=source.label(),
            kind=source.kind,
            media_tier=source.media_tier.value,
            purpose=source.purpose,
            enabled=source.enabled,
        )
        for source in configured
    ]


def _store_sources(
    tx: Transaction,
    gathered: Sequence[Gathered],
    runs: Sequence[SourceRun],
    history: Sequence[SourceRun],
    now: datetime,
) -> None:
    started = min((run.started_at for run in runs), default=now)
    sources.record_cycle(tx, started, now, runs, "")
    memories = {
        run.source: SourceMemory(
            state=one.collected.state, next_due_at=next_due(one, history, run, now)
        )
        for one, run in zip(gathered, runs, strict=True)
    }
    sources.remember(tx, memories, now)
    for one, run in zip(gathered, runs, strict=True):
        for external_id in one.collected.gone:
            mentions.original_gone(tx, run.source, external_id, now)


def _report(runs: Sequence[SourceRun], understood: Understood, response: Response) -> CycleReport:
    return CycleReport(
        tally=tally(runs, understood),
        runs=tuple(runs),
        alerts=response.alerts,
        incidents=response.incidents,
        deliveries=response.deliveries,
        rule_failures=response.rule_failures,
    )
