"""What the service looks after besides its work: its configuration, its disk, its own pulse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from alerts.rules.absence import Absence
from pipeline.office import Office
from pipeline.positions import ConfigurationError
from pipeline.settings import load
from pipeline.telling import Desk, trouble
from storage import outbox, sources

LEAST_FREE_BYTES = 500 << 20
LEAST_FREE_SHARE = 0.10


@dataclass(slots=True, kw_only=True)
class Upkeep:
    """Finds troubles and tells each once a day; a broken configuration changes nothing."""

    office: Office
    started: datetime
    _stamps: dict[Path, float] = field(default_factory=dict)
    _broken: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._stamps = self._now_on_disk()

    def look(self, now: datetime) -> list[str]:
        """Look at everything; return a line for each trouble, which is also told."""
        troubles = [*self._configuration(), *self._disk(), *self._pulse(now)]
        if troubles:
            with self.office.store.transaction() as tx:
                desk = Desk.open(tx, self.office, now, {}, {})
                for name, words in troubles:
                    outbox.add(tx, trouble(desk, name, words))
        return [words for _, words in troubles]

    def _configuration(self) -> Iterator[tuple[str, str]]:
        """Adopt a changed file when it is right; keep the last good one when it is not."""
        stamps = self._now_on_disk()
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self.office.adopt(load(self.office.loaded.path))
                self._broken = ()
            except ConfigurationError as error:
                self._broken = error.problems
        if self._broken:
            more = f"（另有 {len(self._broken) - 1} 处）" if len(self._broken) > 1 else ""
            yield "configuration", f"配置有误，仍按原配置运行：{self._broken[0]}{more}"

    def _now_on_disk(self) -> dict[Path, float]:
        files = {self.office.loaded.path, *self.office.loaded.files}
        return {path: path.stat().st_mtime for path in files if path.exists()}

    def _disk(self) -> Iterator[tuple[str, str]]:
        usage = shutil.disk_usage(self.office.store.path.parent)
        if usage.free < LEAST_FREE_BYTES or usage.free < LEAST_FREE_SHARE * usage.total:
            yield "disk", f"磁盘剩余 {usage.free / (1 << 30):.1f} GB，请尽快清理"

    def _pulse(self, now: datetime) -> Iterator[tuple[str, str]]:
        """Be the dead man's switch: no cycle has succeeded for as long as a rule says."""
        rules = [r for r in self.office.loaded.active_rules() if isinstance(r, Absence)]
        if not rules:
            return
        with self.office.store.read() as reader:
            last = sources.last_good_cycle(reader)
        for rule in rules:
            words = rule.cycle_overdue(last, self.started, now)
            if words:
                yield f"absence|{rule.name}", words
