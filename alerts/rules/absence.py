"""The dead man's switch: fires when nothing at all arrives, or no cycle succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec


class Absence(RuleSettings):
    """No mention in `window_minutes` (judged like any rule), or no successful cycle for as long.

    The second is asked by whoever keeps the schedule (`cycle_overdue`), because a cycle that does
    not run cannot judge.
    """

    kind: Literal["absence"] = "absence"
    window_minutes: int = Field(default=720, ge=1, le=43_200)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window of everything the filter keeps."""
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding when the window is empty."""
        return tuple(
            self.finding(window, f"规则 {self.name}：{self._span}内没有任何信息")
            for window in windows
            if window.mentions == 0
        )

    def cycle_overdue(self, last_success: datetime | None, started: datetime, now: datetime) -> str:
        """Return why the collection counts as dead, or an empty text.

        `started` is when this process began: before the first success it is the yardstick, so a
        service that never once succeeded is found too. Exactly the length fires.
        """
        since = last_success or started
        if now - since < timedelta(minutes=self.window_minutes):
            return ""
        what = "上次成功采集" if last_success else "启动后尚无成功采集，启动"
        return f"规则 {self.name}：{what}距今已满 {self._span}"

    @property
    def _span(self) -> str:
        return minutes_zh(self.window_minutes)


KIND = Absence
