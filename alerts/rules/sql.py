"""Fires on the rows of a read-only query an analyst wrote: for what no other kind can ask.

The query runs elsewhere, bounded, over the published copy (`storage/sandbox.py`); whoever runs it
hands the rows to `windows_of` and the windows to `judge`. A query that fails is the rule's failure
and nobody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from pydantic import Field

from alerts.contract import Finding, RuleSettings
from models.records import MediaTier, Window, WindowSpec

NUMBERS = (
    "mentions", "independent", "sources", "negative", "classified", "urgent", "casualty",
    "platforms",
)  # fmt: skip


class Sql(RuleSettings):
    """One row is one group that fires; a query without rows says nothing.

    Columns are read by name: `grp` (else the first column) names the group; `mentions`,
    `independent`, `sources`, `negative`, `classified`, `urgent`, `casualty`, `platforms` are
    counts; `story_id`, `topic`, `best_tier`, `reason` are words. Other columns are printed as
    reasons. `mentions` is 1 when absent, and `independent` then equals it.
    """

    kind: Literal["sql"] = "sql"
    query: str = Field(
        pattern=r"(?is)^\s*(select|with|from)\b", description="One SELECT over the documented views"
    )
    rows_at_most: int = Field(
        default=100, ge=1, le=1000, description="More rows than this is a failure, not a storm"
    )

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for nothing: the query has its own time."""
        return ()

    def windows_of(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], now: datetime
    ) -> tuple[Window, ...]:
        """Return the rows of the query's answer as windows, with extra columns in `examples`.

        Raises ValueError when there are more than `rows_at_most` rows or a count is no number.
        """
        if len(rows) > self.rows_at_most:
            raise ValueError(f"{len(rows)} rows, at most {self.rows_at_most}: narrow the query")
        return tuple(self._window(columns, row, now) for row in rows)

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each row."""
        return tuple(
            # What the row printed travelled in `examples`; an alert's examples are mentions.
            self.finding(
                replace(window, examples=()),
                "；".join((f"规则 {self.name}：查询返回一行", *window.examples)),
            )
            for window in windows
        )

    def _window(self, columns: Sequence[str], row: Sequence[object], now: datetime) -> Window:
        named = dict(zip(columns, row, strict=True))
        group = str(named.get("grp", row[0] if row else ""))
        counts = {name: _whole(name, named[name]) for name in NUMBERS if name in named}
        mentions = counts.get("mentions", 1)
        known = {"grp", *NUMBERS, "story_id", "topic", "best_tier"}
        tier = str(named.get("best_tier") or "")
        return Window(
            rule=self.name,
            group=group,
            start=now,
            end=now,
            mentions=mentions,
            independent=counts.get("independent", mentions),
            sources=counts.get("sources", 0),
            negative=counts.get("negative", 0),
            classified=counts.get("classified", 0),
            urgent=counts.get("urgent", 0),
            casualty=counts.get("casualty", 0),
            platforms=counts.get("platforms", 0),
            best_tier=tier if tier in set(MediaTier) else "",
            story_id=str(named.get("story_id") or ""),
            topic=str(named.get("topic") or ""),
            examples=tuple(f"{k} {v}" for k, v in named.items() if k not in known),
        )


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(  # noqa: TRY004 - a wrong answer, not a wrong call
            f"column {name} is no number: {value!r}"
        )
    return int(value)


KIND = Sql
