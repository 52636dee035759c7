"""Fires when a window holds many times what its past held, or a fraction of it.

The past is the larger of two means: the same hours of past weeks, and the spans just before. With
no past at all (day one, a brand-new matter) the smallest count alone decides, so a new crisis is
never missed for want of history. Nothing is kept in memory: a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh, usual
from models.records import Window, WindowSpec


class Spike(RuleSettings):
    """At least `at_least` and at least `times` the past (up), or the reverse (down)."""

    kind: Literal["spike"] = "spike"
    times: float = Field(default=4.0, gt=1, description="Fires at this multiple of the past")
    at_least: int = Field(
        default=4, ge=1, description="Smallest count now (up), or smallest past (down)"
    )
    window_minutes: int = Field(default=360, ge=1, le=43_200)
    direction: Literal["up", "down"] = "up"
    baseline_weeks: int = Field(default=4, ge=0, le=26)
    prior_spans: int = Field(default=28, ge=0, le=400)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window with its past, by group when the rule has one."""
        grouped_up = self.group_by and self.direction == "up"
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                baseline_weeks=self.baseline_weeks,
                prior_spans=self.prior_spans,
                at_least=self.at_least if grouped_up else 0,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group whose count left its past behind."""
        return tuple(
            self.finding(window, self._reason(window))
            for window in windows
            if self._crosses(window)
        )

    def _crosses(self, window: Window) -> bool:
        past = usual(window)
        if self.direction == "down":
            return past >= self.at_least and window.independent * self.times <= past
        return window.independent >= self.at_least and window.independent >= self.times * past

    def _reason(self, window: Window) -> str:
        past = usual(window)
        span = minutes_zh(self.window_minutes)
        compared = (
            f"为平时 {past:.1f} 条的 {window.independent / past:.1f} 倍" if past else "平时为 0"
        )
        bound = f"{'≥' if self.direction == 'up' else '≤ 1/'}{self.times:g}倍"
        return (
            f"规则 {self.name}：{span}内独立信息 {window.independent} 条，{compared}"
            f"（界限 {bound}，至少 {self.at_least} 条）"
        )


KIND = Spike
