"""Fires when one story grows fast: many mentions now, and many times what the span before had."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec


class StoryGrowth(RuleSettings):
    """Enough mentions (reposts included) and sources now, and a multiple of the span before.

    `times` compares independent mentions; a new story has grown from nothing and passes.
    """

    kind: Literal["story_growth"] = "story_growth"
    group_by: str = Field(default="story", pattern=r"^story$")
    at_least: int = Field(default=6, ge=2)
    sources_at_least: int = Field(default=2, ge=1)
    times: float = Field(default=2.0, ge=1)
    window_minutes: int = Field(default=180, ge=1, le=43_200)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window a story with four spans before."""
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by="story",
                prior_spans=4,
                at_least=self.at_least,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each story that grew."""
        return tuple(
            self.finding(window, self._reason(window), window.mentions)
            for window in windows
            if window.mentions >= self.at_least
            and window.sources >= self.sources_at_least
            and window.independent >= self.times * _before(window)
        )

    def _reason(self, window: Window) -> str:
        return (
            f"规则 {self.name}：{minutes_zh(self.window_minutes)}内同一事件 {window.mentions} 条"
            f"（独立 {window.independent}，来源 {window.sources}），前一时段"
            f"独立 {_before(window)} 条（界限 {self.at_least} 条、"
            f"{self.times:g} 倍、来源 {self.sources_at_least}）"
        )


def _before(window: Window) -> int:
    return window.prior[0] if window.prior else 0


KIND = StoryGrowth
