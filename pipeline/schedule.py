"""The service: cycles on a schedule, delivery in between, the console, and a clean end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from collectors.http import Fetcher
from pipeline.cycle import run_cycle
from pipeline.deliver import deliver
from pipeline.digests import digest_due, make_digest
from pipeline.office import Office, open_office
from pipeline.publish import publish_snapshot
from pipeline.rooms import ConsoleServer, console_of, listening
from pipeline.settings import Loaded
from pipeline.upkeep import Upkeep
from storage import mentions
from storage.errors import StoreBrokenError, StoreError

LOG = logging.getLogger("yuqing")
CYCLE_SECONDS = 30
"""How often the service looks which sources are due."""
DELIVER_SECONDS = 1
SNAPSHOT_SECONDS = 60
END_SECONDS = 8.0
"""What the running work may still take after SIGTERM."""


def serve(loaded: Loaded) -> None:
    """Run until SIGTERM or Ctrl-C; raises StoreBrokenError when only a fresh start helps."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # A job that is still running is simply not started again.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with open_office(loaded, datetime.now(UTC)) as office:
        asyncio.run(Service(office).run())


class Service:
    """One running service: jobs that never overlap themselves, and the console beside them."""

    def __init__(self, office: Office, clock: Callable[[], datetime] | None = None) -> None:
        self.office = office
        self.clock = clock or (lambda: datetime.now(UTC))
        self.fetcher = Fetcher(office.fetch_settings())
        self.upkeep = Upkeep(office=office, started=self.clock())
        self.ending = asyncio.Event()
        self._broken: StoreBrokenError | None = None
        self._sending = asyncio.Lock()
        self._unpublished = True
        self._published = 0.0

    async def run(self) -> None:
        """Run until asked to end, then finish what is under way."""
        settings = self.office.loaded.settings.console
        server = ConsoleServer(console_of(self.office, self.clock))
        opened = listening(settings.host, settings.port)
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # Windows
                asyncio.get_running_loop().add_signal_handler(number, self.ending.set)
        scheduler = self._scheduler()
        async with self.fetcher:
            serving = asyncio.create_task(server.serve(sockets=[opened]))
            scheduler.start()
            LOG.info("console at http://%s:%s", settings.host, settings.port)
            await self._until_end(serving)
            scheduler.shutdown(wait=False)
            server.should_exit = True
            await self._finish(serving)
        if self._broken is not None:
            raise self._broken

    def _scheduler(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1}
        )
        for work, seconds in (
            (self.cycle, CYCLE_SECONDS),
            (self.send, DELIVER_SECONDS),
            (self.daily, CYCLE_SECONDS),
            (self.watch, CYCLE_SECONDS),
        ):
            scheduler.add_job(
                self._guarded,
                "interval",
                args=[work],
                seconds=seconds,
                misfire_grace_time=max(seconds, 30),
                next_run_time=datetime.now(UTC),
                id=work.__name__,
            )
        return scheduler

    async def _guarded(self, work: Callable[[], object]) -> None:
        """Log what a job could not do; the next run tries again."""
        try:
            result = work()
            if asyncio.iscoroutine(result):
                await result
        except StoreBrokenError as error:
            # Every later statement fails in this process: end, and let the supervisor start anew.
            LOG.critical("%s", error)
            self._broken = error
            self.ending.set()
        except StoreError as error:
            LOG.error("%s", error)  # noqa: TRY400 - one line is enough for an expected fault
        except Exception:
            LOG.exception("%s failed", getattr(work, "__name__", "work"))

    async def cycle(self) -> None:
        """Collect from what is due, judge, and publish for readers at most once a minute."""
        report = await run_cycle(self.office, self.fetcher, self.clock())
        self._unpublished = self._unpublished or report.changed
        if report.deliveries:
            await self.send()
        if report.runs:
            LOG.info(
                "cycle: %d sources, %d new, %d alerts, %d failed",
                len(report.runs),
                report.tally.stored,
                len(report.alerts),
                sum(run.status == "failed" for run in report.runs),
            )
        if self._unpublished and monotonic() - self._published >= SNAPSHOT_SECONDS:
            await asyncio.to_thread(publish_snapshot, self.office, self.clock())
            self._unpublished, self._published = False, monotonic()

    async def send(self) -> None:
        """Send what is due; one round at a time, or a message would leave twice."""
        async with self._sending:
            await deliver(self.office, self.fetcher, self.clock())

    def watch(self) -> None:
        """Look after the configuration, the disk and the pulse."""
        for words in self.upkeep.look(self.clock()):
            LOG.warning("%s", words)

    async def daily(self) -> None:
        """Make the digest when its hour has come; empty bodies that are past retention."""
        now = self.clock()
        day = digest_due(self.office, now)
        if day is None:
            return
        rendered = await asyncio.to_thread(make_digest, self.office, day, now)
        LOG.info("digest: %s", rendered.subject)
        await asyncio.to_thread(self.office.forget_silent, now)
        kept = timedelta(days=self.office.loaded.settings.privacy.text_days)
        with self.office.store.transaction() as tx:
            mentions.expire_texts(tx, now - kept)

    async def _until_end(self, serving: asyncio.Task[None]) -> None:
        """Wait for the signal; a console that cannot start ends the service."""
        ending = asyncio.create_task(self.ending.wait())
        await asyncio.wait({ending, serving}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()

    async def _finish(self, serving: asyncio.Task[None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await serving
        LOG.info("ended")
