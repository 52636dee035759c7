"""Play the story: sources over real HTTP, real cycles, real deliveries, on a clock of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from pathlib import Path
from time import monotonic

from rich.console import Console

from collectors.http import Fetcher
from models.records import SHANGHAI, Clock, Incident
from pipeline.absorb import Tally
from pipeline.actions import Actions
from pipeline.cycle import run_cycle
from pipeline.deliver import deliver
from pipeline.demo.officers import Officers
from pipeline.demo.server import StoryServer
from pipeline.demo.story import Story, read_story
from pipeline.digests import digest_due, make_digest
from pipeline.office import Office, open_office
from pipeline.positions import ConfigurationError
from pipeline.publish import publish_snapshot
from pipeline.rooms import ConsoleServer, console_of, listening
from pipeline.settings import load
from storage import incidents, outbox

MARKER = ".yuqing-demo"
REFRESH_SECONDS = 5
SECONDS_A_STEP = 0.25
"""How long the watched demo rests after each step."""

out = Console(stderr=True)


@dataclass(slots=True)
class StoryClock:
    """The story's time: moved by the player, and running on by itself once the story is told."""

    at: datetime
    ended: float | None = None

    def __call__(self) -> datetime:
        """Return the story's now, aware UTC."""
        if self.ended is None:
            return self.at
        return self.at + timedelta(seconds=monotonic() - self.ended)


@dataclass(slots=True)
class Summary:
    """What the demo came to."""

    folder: Path
    tally: Tally = field(default_factory=Tally)
    alerts: Counter[str] = field(default_factory=Counter)
    cases: list[tuple[Incident, list[Clock]]] = field(default_factory=list)
    deliveries: Counter[str] = field(default_factory=Counter)
    received: int = 0
    digests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def as_row(self) -> dict[str, object]:
        """Return the summary as one JSON object."""
        return {
            "fetched": self.tally.fetched,
            "stored": self.tally.stored,
            "updated": self.tally.updated,
            "duplicates": self.tally.duplicates,
            "reposts": self.tally.reposts,
            "matched": self.tally.matched,
            "alerts": dict(self.alerts),
            "incidents": [_case_row(case, clocks) for case, clocks in self.cases],
            "deliveries": dict(self.deliveries),
            "received": self.received,
            "digest": self.digests[-1] if self.digests else "",
            "digests": self.digests,
            "failures": self.failures,
            "folder": str(self.folder),
        }

    def table(self) -> list[tuple[str, str]]:
        """Return the summary for people."""
        counts = self.tally
        rows = [
            ("读取 fetched", str(counts.fetched)),
            ("入库 stored", str(counts.stored)),
            ("重复抓取 duplicates", str(counts.duplicates)),
            ("转载 reposts", str(counts.reposts)),
            ("命中关注 matched", str(counts.matched)),
            ("预警 alerts", ", ".join(f"{k}: {v}" for k, v in self.alerts.items()) or "0"),
        ]
        for case, clocks in self.cases:
            rows.append((case.number, f"{case.level.zh} {case.title}"))
            rows.extend(("", _clock_words(clock)) for clock in clocks)
        told = ", ".join(f"{k}: {v}" for k, v in self.deliveries.items())
        rows.append(("通知 deliveries", f"{told}; received: {self.received}"))
        rows.extend(("日报 digest", path) for path in self.digests)
        return rows


def play(folder: Path | None, *, port: int, once: bool) -> Summary:
    """Play the story; unless `once`, keep the console open at its end until Ctrl-C."""
    base = _prepared(folder)
    story = read_story()
    clock = StoryClock(at=story.start.astimezone(UTC))
    server = StoryServer(story, clock)
    server.start()
    try:
        config = _configured(base, server.host, port)
        with open_office(load(config), clock()) as office:
            player = _Player(office=office, story=story, clock=clock, server=server, base=base)
            asyncio.run(player.once() if once else player.watched(port))
            return player.summary
    finally:
        server.stop()


class _Player:
    """Moves the clock from step to step; each step is one real cycle and one round of sending."""

    def __init__(
        self, *, office: Office, story: Story, clock: StoryClock, server: StoryServer, base: Path
    ) -> None:
        self.office = office
        self.story = story
        self.clock = clock
        self.server = server
        self.base = base
        self.summary = Summary(folder=base)
        actions = Actions(office=office, clock=clock)
        self.officers = Officers(actions=actions, sink=server.sink, moment=self._moment)

    async def once(self) -> None:
        """Play to the end without waiting."""
        async with Fetcher(self.office.fetch_settings()) as fetcher:
            await self._tell(fetcher, pause=0)
        self._close()

    async def watched(self, port: int) -> None:
        """Play with the console open, and keep it open."""
        opened = listening("127.0.0.1", port)
        console = ConsoleServer(console_of(self.office, self.clock, REFRESH_SECONDS))
        serving = asyncio.create_task(console.serve(sockets=[opened]))
        out.print(f"控制台 console: http://127.0.0.1:{port}   (Ctrl-C 结束)")
        async with Fetcher(self.office.fetch_settings()) as fetcher:
            await self._tell(fetcher, pause=SECONDS_A_STEP)
            self._close()
            out.print("故事讲完，控制台继续开着 · the story is told; the console stays open")
            await serving

    async def _tell(self, fetcher: Fetcher, pause: float) -> None:
        steps = list(moments(self.story))
        for number, moment in enumerate(steps, 1):
            self.clock.at = moment.astimezone(UTC)
            await self._step(fetcher)
            if out.is_terminal:
                out.print(f"[{number}/{len(steps)}] {moment:%m-%d %H:%M}", end="\r")
            if pause:
                await asyncio.sleep(pause)

    async def _step(self, fetcher: Fetcher) -> None:
        now = self.clock()
        sources = self.office.loaded.active_sources()
        report = await run_cycle(self.office, fetcher, now, only=sources)
        await deliver(self.office, fetcher, now)
        summary = self.summary
        summary.tally += report.tally
        summary.alerts.update(alert.level.colour for alert in report.alerts)
        summary.failures.extend(f"{r.source}: {r.reason}" for r in report.runs if r.reason)
        for alert in report.alerts:
            self._say(f"{alert.level.zh} {alert.title}：{'；'.join(alert.reasons)}")
        for line in self.officers.act(now):
            self._say(line)
        day = digest_due(self.office, now)
        if day is not None and day >= self.story.days[0]:
            self._say(self._digest(day))
            await deliver(self.office, fetcher, now)

    def _digest(self, day: date) -> str:
        rendered = make_digest(self.office, day, self.clock())
        folder = self.base / "digests"
        folder.mkdir(exist_ok=True)
        page = folder / f"{day.isoformat()}.html"
        page.write_text(rendered.html, encoding="utf-8")
        page.with_suffix(".md").write_text(rendered.markdown, encoding="utf-8")
        self.summary.digests.append(str(page))
        return rendered.subject

    def _close(self) -> None:
        """Count what is stored, and publish the copy for readers."""
        with self.office.store.read() as reader:
            cases = incidents.all_incidents(reader)
            self.summary.cases = [(case, incidents.clocks(reader, case.id)) for case in cases]
            told = outbox.since(reader, self.story.start.astimezone(UTC))
        self.summary.deliveries = Counter(delivery.status.value for delivery in told)
        self.summary.received = len(self.server.sink.cards)
        publish_snapshot(self.office, self.story.start.astimezone(UTC))
        self.clock.ended = monotonic()

    def _say(self, line: str) -> None:
        out.print(f"{self.clock().astimezone(SHANGHAI):%m-%d %H:%M}  {line}", markup=False)

    def _moment(self, words: str) -> datetime:
        day, at = words.split()
        moment = datetime.combine(self.story.days[int(day) - 1], time.fromisoformat(at), SHANGHAI)
        return moment.astimezone(UTC)


def moments(story: Story) -> Iterator[datetime]:
    """Yield the times of the cycles: hourly, and every quarter of an hour while it burns."""
    busy = story.days[1]
    moment = story.start + timedelta(hours=7, minutes=30)
    while moment <= story.end:
        yield moment
        hot = moment.date() == busy and time(6, 30) <= moment.time() < time(22, 30)
        moment += timedelta(minutes=15 if hot else 60)


def _prepared(folder: Path | None) -> Path:
    """Return an empty folder: a new one, or one that an earlier demo made and leaves."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="yuqing-demo-"))
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise ConfigurationError(
            (f"{folder} holds something that is no demo: name an empty folder with --dir",)
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _configured(base: Path, host: str, port: int) -> Path:
    text = resources.files("pipeline.demo").joinpath("demo.yaml").read_text(encoding="utf-8")
    for name, value in (
        ("{host}", host),
        ("{port}", str(port)),
        ("{public_url}", f"http://127.0.0.1:{port}"),
    ):
        text = text.replace(name, value)
    (base / MARKER).touch()
    config = base / "yuqing.yaml"
    config.write_text(text, encoding="utf-8")
    return config


def _case_row(case: Incident, clocks: list[Clock]) -> dict[str, object]:
    return {
        "number": case.number,
        "title": case.title,
        "level": case.level.colour,
        "state": case.state.value,
        "unit": case.responsible_unit,
        "clocks": [
            {
                "clock": clock.clock_id,
                "due": clock.due.isoformat(),
                "met": clock.met_at.isoformat() if clock.met_at else None,
            }
            for clock in clocks
        ],
    }


def _clock_words(clock: Clock) -> str:
    due = clock.due.astimezone(SHANGHAI)
    met = "" if clock.met_at is None else f"，{clock.met_at.astimezone(SHANGHAI):%m-%d %H:%M} 完成"
    return f"{clock.zh}：{due:%m-%d %H:%M} 前{met}"
