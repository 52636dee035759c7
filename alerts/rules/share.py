"""Fires when the negative share is high among enough classified mentions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec


class Share(RuleSettings):
    """Negative at least `percent_at_least` of at least `classified_at_least` classified ones.

    Unclassified mentions are in neither number; exactly the share fires.
    """

    kind: Literal["share"] = "share"
    percent_at_least: float = Field(default=60, gt=0, le=100)
    classified_at_least: int = Field(
        default=10, ge=1, description="Smallest denominator: below it a share says nothing"
    )
    window_minutes: int = Field(default=1440, ge=1, le=43_200)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window, by group when the rule has one."""
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                prior_spans=4,
                at_least=self.classified_at_least if self.group_by else 0,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group whose share is high enough."""
        return tuple(
            self.finding(window, self._reason(window))
            for window in windows
            if window.classified >= self.classified_at_least
            and 100 * window.negative >= self.percent_at_least * window.classified
        )

    def _reason(self, window: Window) -> str:
        return (
            f"规则 {self.name}：{minutes_zh(self.window_minutes)}内负面 "
            f"{window.negative}/{window.classified}（{window.negative_share:.0%}，"
            f"界限 {self.percent_at_least:g}%，至少 {self.classified_at_least} 条）"
        )


KIND = Share
