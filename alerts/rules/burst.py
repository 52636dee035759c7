"""Fires when a window holds more than chance explains: made for watches that are usually silent.

Three titles about one town in two hours are nothing by any fixed count and everything for a town
that is named once a month. The chance is computed from the past (`_common.chance`) and does not
need much of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import chance, minutes_zh, usual
from models.records import Window, WindowSpec


class Burst(RuleSettings):
    """At least `at_least`, and as rare as one window in `once_in_windows` or rarer."""

    kind: Literal["burst"] = "burst"
    at_least: int = Field(default=3, ge=2, description="Never fires below this count")
    once_in_windows: float = Field(
        default=1000, gt=1, description="Fires when chance would need so many windows"
    )
    window_minutes: int = Field(default=120, ge=1, le=43_200)
    baseline_weeks: int = Field(default=4, ge=0, le=26)
    prior_spans: int = Field(default=84, ge=1, le=400)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window with its past, by group when the rule has one."""
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                baseline_weeks=self.baseline_weeks,
                prior_spans=self.prior_spans,
                at_least=self.at_least if self.group_by else 0,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group that chance does not explain."""
        return tuple(
            self.finding(window, self._reason(window))
            for window in windows
            if window.independent >= self.at_least and self._chance(window) <= self._bound
        )

    @property
    def _bound(self) -> float:
        return 1 / self.once_in_windows

    def _chance(self, window: Window) -> float:
        """Ask the busier past; of two equals the longer, because it knows more."""
        pasts = [past for past in (window.baseline, window.prior) if past]
        if not pasts:
            return 1.0
        return chance(window.independent, max(pasts, key=lambda past: (fmean(past), len(past))))

    def _reason(self, window: Window) -> str:
        rare = 1 / max(self._chance(window), 1e-9)
        return (
            f"规则 {self.name}：{minutes_zh(self.window_minutes)}内独立信息 "
            f"{window.independent} 条，平时 {usual(window):.1f} 条，"
            f"约 {rare:,.0f} 个时段才会偶然出现一次"
            f"（界限 {self.once_in_windows:,.0f}，至少 {self.at_least} 条）"
        )


KIND = Burst
