"""Fires when all, or any, of several rules fire for the same group."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny

from alerts.contract import Finding, Rule, RuleSettings
from models.records import Window, WindowSpec


def _built(value: object) -> object:
    """Build a member from its settings: `kind` names its file, as in any rule."""
    if not isinstance(value, Mapping):
        return value
    kind = value.get("kind", "")
    if (
        not (isinstance(kind, str) and kind.isidentifier())
        or kind[0] == "_"
        or kind == "combination"
    ):
        raise ValueError(f"{kind!r} is no kind of rule that can be combined")
    try:
        module = importlib.import_module(f"alerts.rules.{kind}")
    except ModuleNotFoundError:
        raise ValueError(f"{kind!r} is no kind of rule") from None
    return module.KIND.model_validate(value)


Member = Annotated[SerializeAsAny[RuleSettings], BeforeValidator(_built)]


class Combination(RuleSettings):
    """`of` holds whole rules; a member without groups counts for every group of the others."""

    kind: Literal["combination"] = "combination"
    mode: Literal["all", "any"] = "all"
    of: tuple[Member, ...] = Field(min_length=2)

    def windows(self) -> tuple[WindowSpec, ...]:
        """Ask for every member's windows, each under this rule's name and the member's place."""
        return tuple(
            replace(spec, rule=f"{self.name}#{place}#{spec.rule}")
            for place, member in enumerate(self._members)
            for spec in member.windows()
        )

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group on which enough members agree."""
        found = [self._of(place, windows, now) for place in range(len(self.of))]
        groups = sorted({group for one in found for group in one})
        named = [group for group in groups if group] or groups
        return tuple(finding for group in named for finding in self._combined(group, found))

    def _combined(self, group: str, found: Sequence[Mapping[str, Finding]]) -> list[Finding]:
        agreeing = [one.get(group) or one.get("") for one in found]
        firing = [finding for finding in agreeing if finding is not None]
        if not firing or (self.mode == "all" and len(firing) < len(found)):
            return []
        window = next((f.window for f in firing if f.window.group == group), firing[0].window)
        word = "全部满足" if self.mode == "all" else "满足其一"
        reasons = tuple(reason for finding in firing for reason in finding.reasons)
        whole = self.finding(window, f"规则 {self.name}：{word}（{len(firing)}/{len(found)}）")
        levels = [finding.level for finding in firing if finding.level is not None]
        return [
            replace(
                whole,
                reasons=(*whole.reasons, *reasons),
                level=whole.level or max(levels, default=None),
            )
        ]

    def _of(self, place: int, windows: Sequence[Window], now: datetime) -> dict[str, Finding]:
        head = f"{self.name}#{place}#"
        own = [
            replace(window, rule=window.rule.removeprefix(head))
            for window in windows
            if window.rule.startswith(head)
        ]
        return {f.window.group: f for f in self._members[place].judge(own, now)}

    @property
    def _members(self) -> tuple[Rule, ...]:
        return self.of  # type: ignore[return-value]


KIND = Combination
