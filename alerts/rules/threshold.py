"""Fires when at least so many mentions fall into a window: the plainest rule there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec

COUNT_ZH = {"mentions": "信息（含转载）", "independent": "独立信息", "sources": "来源"}


class Threshold(RuleSettings):
    """At least `at_least` counted in the last `window_minutes`; exactly that many fires."""

    kind: Literal["threshold"] = "threshold"
    at_least: int = Field(ge=1, description="Fires at this count, not below")
    window_minutes: int = Field(default=360, ge=1, le=43_200)
    count: Literal["mentions", "independent", "sources"] = Field(
        default="independent", description="200 reposts of one article are 1 independent mention"
    )

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window, by group when the rule has one."""
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                prior_spans=4,
                at_least=self.at_least if self.group_by else 0,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group at or over the count."""
        return tuple(
            self.finding(window, self._reason(window), self._counted(window))
            for window in windows
            if self._counted(window) >= self.at_least
        )

    def _counted(self, window: Window) -> int:
        counts = {
            "mentions": window.mentions,
            "independent": window.independent,
            "sources": window.sources,
        }
        return counts[self.count]

    def _reason(self, window: Window) -> str:
        return (
            f"规则 {self.name}：{minutes_zh(self.window_minutes)}内{COUNT_ZH[self.count]} "
            f"{self._counted(window)}（达到 {self.at_least}）"
        )


KIND = Threshold
