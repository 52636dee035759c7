"""Fires when a group speaks for the first time in days: a new place, topic, query or source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec


class NewTerm(RuleSettings):
    """A group with at least `at_least` mentions now and none in the `known_days` before."""

    kind: Literal["new_term"] = "new_term"
    group_by: str = Field(default="place", pattern=r"^(story|topic|place|source|query|tier)$")
    at_least: int = Field(default=1, ge=1)
    cool_down_minutes: int = Field(default=1440, ge=0)
    window_minutes: int = Field(default=360, ge=1, le=43_200)
    known_days: int = Field(default=30, ge=1, le=180)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window by group, and the spans that make up the days before."""
        spans = -(-self.known_days * 1440 // self.window_minutes)
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                prior_spans=spans,
                at_least=self.at_least,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group the past does not know."""
        return tuple(
            self.finding(window, self._reason(window))
            for window in windows
            if window.independent >= self.at_least and not any(window.prior)
        )

    def _reason(self, window: Window) -> str:
        return (
            f"规则 {self.name}：“{window.group}”{self.known_days}天来首次出现，"
            f"{minutes_zh(self.window_minutes)}内独立信息 "
            f"{window.independent} 条（达到 {self.at_least}）"
        )


KIND = NewTerm
