"""Fires at the first mention that a watch query matches: words too grave to wait for a count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, model_validator

from alerts.contract import Finding, RuleSettings
from alerts.rules._common import minutes_zh
from models.records import Window, WindowSpec


class Keyword(RuleSettings):
    """Any independent mention matched by the watch queries of the filter, query by query."""

    kind: Literal["keyword"] = "keyword"
    group_by: str = Field(default="query", pattern=r"^(|story|topic|place|source|query|tier)$")
    cool_down_minutes: int = Field(default=1440, ge=0)
    window_minutes: int = Field(default=1440, ge=1, le=43_200)

    @model_validator(mode="after")
    def _names_a_query(self) -> Keyword:
        if not self.filter.query:
            raise ValueError("filter.query is missing: name the watch queries to look for")
        return self

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for one window, by default a group for each query."""
        return (
            WindowSpec(
                rule=self.name,
                filter=self.filter.as_filter(),
                span=timedelta(minutes=self.window_minutes),
                group_by=self.group_by,
                prior_spans=4,
                at_least=1 if self.group_by else 0,
            ),
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group with a match."""
        return tuple(
            self.finding(window, self._reason(window)) for window in windows if window.independent
        )

    def _reason(self, window: Window) -> str:
        named = window.group if self.group_by == "query" else "、".join(self._queries)
        return (
            f"规则 {self.name}：{minutes_zh(self.window_minutes)}内命中“{named}” "
            f"{window.independent} 条（首条即报）"
        )

    @property
    def _queries(self) -> tuple[str, ...]:
        return self.filter.as_filter().queries


KIND = Keyword
