"""Fires when at least so many mentions fall into a window: the plainest rule there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, LevelWord, RuleSettings
from models.records import Level, Window, WindowSpec

COUNT_ZH = {"mentions": "信息（含转载）", "independent": "独立信息", "sources": "来源"}


class Threshold(RuleSettings):
    """At least `at_least` counted in the last `window_minutes`; exactly that many fires."""

    kind: Literal["threshold"] = "threshold"
    at_least: int = Field(ge=1, description="Fires at this count, not below")
    window_minutes: int = Field(default=360, ge=1, le=43_200)
    count: Literal["mentions", "independent", "sources"] = Field(
        default="independent", description="200 reposts of one article are 1 independent mention"
    )
    level_at: dict[LevelWord, int] = Field(
        default={}, description="Fixed levels by count, as in {yellow: 10, orange: 50}"
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
            Finding(
                rule=self.name,
                window=window,
                reasons=(self._reason(window),),
                level=self._level(window),
            )
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

    def _level(self, window: Window) -> Level | None:
        reached = [
            level for level, count in self.level_at.items() if self._counted(window) >= count
        ]
        return max(reached, default=self.level)

    def _reason(self, window: Window) -> str:
        return (
            f"规则 {self.name}：{minutes_zh(self.window_minutes)}内{COUNT_ZH[self.count]} "
            f"{self._counted(window)}（达到 {self.at_least}）"
        )


def minutes_zh(minutes: int) -> str:
    """Return a length of time in Chinese: 90 → `90分钟`, 360 → `6小时`, 1440 → `1天`."""
    for unit, word in ((1440, "天"), (60, "小时")):
        if minutes % unit == 0:
            return f"{minutes // unit}{word}"
    return f"{minutes}分钟"


KIND = Threshold
