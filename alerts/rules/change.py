"""Fires when the share of something moves between one span and the next: a mood that turns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from alerts.contract import FilterSettings, Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec


class Change(RuleSettings):
    """The share of `part` among the mentions moved by at least `points` percentage points.

    Both spans need `at_least` independent mentions; a first sight is no change.
    """

    kind: Literal["change"] = "change"
    part: FilterSettings = Field(
        default=FilterSettings(sentiment="negative"), description="Whose share is watched"
    )
    points: float = Field(default=30, gt=0, le=100, description="Fires at this change, in points")
    direction: Literal["up", "down", "either"] = "up"
    at_least: int = Field(default=5, ge=1)
    window_minutes: int = Field(default=1440, ge=1, le=43_200)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for all mentions and for the part, each with the span before."""
        whole = self.filter.as_filter()
        both = (("#all", whole), ("#part", narrowed(self.filter, self.part).as_filter()))
        return tuple(
            WindowSpec(
                rule=self.name + part,
                filter=chosen,
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                prior_spans=1,
                at_least=self.at_least if self.group_by and part == "#all" else 0,
            )
            for part, chosen in both
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group whose share moved far enough."""
        parts = {w.group: w for w in windows if w.rule.endswith("#part")}
        found = []
        for window in windows:
            before = window.prior[0] if window.prior else 0
            if window.rule.endswith("#part") or min(window.independent, before) < self.at_least:
                continue
            part = parts.get(window.group)
            now_share = 100 * (part.independent if part else 0) / window.independent
            then_share = 100 * (part.prior[0] if part else 0) / before
            if self._moved(now_share - then_share):
                found.append(self.finding(window, self._reason(then_share, now_share)))
        return tuple(found)

    def _moved(self, points: float) -> bool:
        if self.direction == "either":
            return abs(points) >= self.points
        return (points if self.direction == "up" else -points) >= self.points

    def _reason(self, then_share: float, now_share: float) -> str:
        return (
            f"规则 {self.name}：所占比例由前{minutes_zh(self.window_minutes)}的 {then_share:.0f}% "
            f"变为 {now_share:.0f}%（界限 {self.points:g} 个百分点）"
        )


def narrowed(whole: FilterSettings, part: FilterSettings) -> FilterSettings:
    """Return the filter that keeps what both keep; where both name a field, the part's words."""
    named = {name: value for name, value in part if value}
    return whole.model_copy(update=named)


KIND = Change
