"""Fires when many different sources or platforms speak: spread that one loud voice cannot fake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec


class Cardinality(RuleSettings):
    """At least `at_least` distinct sources (or platforms) in a window; exactly that many fires."""

    kind: Literal["cardinality"] = "cardinality"
    of: Literal["sources", "platforms"] = "sources"
    at_least: int = Field(ge=2)
    window_minutes: int = Field(default=360, ge=1, le=43_200)

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
        """Return a finding for each group with enough distinct voices."""
        return tuple(
            self.finding(window, self._reason(window), self._counted(window))
            for window in windows
            if self._counted(window) >= self.at_least
        )

    def _counted(self, window: Window) -> int:
        return window.sources if self.of == "sources" else window.platforms

    def _reason(self, window: Window) -> str:
        word = "来源" if self.of == "sources" else "平台"
        return (
            f"规则 {self.name}：{minutes_zh(self.window_minutes)}内不同{word} "
            f"{self._counted(window)} 个（达到 {self.at_least}）"
        )


KIND = Cardinality
