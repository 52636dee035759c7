"""Fires when a source or topic that always speaks goes quiet: a page that changed, or a gag."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh, usual
from models.records import Window, WindowSpec


class Silence(RuleSettings):
    """At most `at_most` mentions now where the past usually had `usually_at_least`.

    `expected` names groups that must speak even if nothing of them was ever stored, so that a
    source that never worked is found as well. An alert is raised once a cool-down.
    """

    kind: Literal["silence"] = "silence"
    group_by: str = Field(default="source", pattern=r"^(|topic|place|source|query|tier)$")
    window_minutes: int = Field(default=1440, ge=1, le=43_200)
    at_most: int = Field(default=0, ge=0)
    usually_at_least: float = Field(default=3, gt=0)
    expected: tuple[str, ...] = ()
    baseline_weeks: int = Field(default=2, ge=0, le=26)
    prior_spans: int = Field(default=7, ge=1, le=60)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window with its past; groups only the past knows come too."""
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                baseline_weeks=self.baseline_weeks,
                prior_spans=self.prior_spans,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group that fell silent, and for each that never spoke."""
        silent = [
            self.finding(window, self._reason(window))
            for window in windows
            if window.mentions <= self.at_most and usual(window) >= self.usually_at_least
        ]
        spoke = {w.group for w in windows if w.mentions or any(w.prior) or any(w.baseline)}
        never = [self._never(group, now) for group in self.expected if group not in spoke]
        return (*silent, *never)

    def _never(self, group: str, now: datetime) -> Finding:
        window = Window(
            rule=self.name,
            group=group,
            start=now - timedelta(minutes=self.window_minutes),
            end=now,
            mentions=0,
            independent=0,
            sources=0,
            negative=0,
            classified=0,
            best_tier="",
        )
        return self.finding(window, f"规则 {self.name}：应有信息的“{group}”从未有信息")

    def _reason(self, window: Window) -> str:
        return (
            f"规则 {self.name}：“{window.group or '全部'}”{minutes_zh(self.window_minutes)}内 "
            f"{window.mentions} 条，平时 {usual(window):.1f} 条（界限 ≤{self.at_most}，"
            f"平时 ≥{self.usually_at_least:g}）"
        )


KIND = Silence
