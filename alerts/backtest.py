"""What would have fired: rules replayed over any stretch of time, exactly as the service judges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from alerts.contract import Rule
from alerts.judge import RuleFailure, judge, specs_of
from alerts.levels import LevelPolicy
from models.records import SHANGHAI, Alert, Window, WindowSpec

Ask = Callable[[Sequence[WindowSpec], datetime], Sequence[Window]]
"""Who answers window specs at a moment: the store, or a `Replay` of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What fired in a replay, when and why, and how often on which days (Asia/Shanghai)."""

    start: datetime
    end: datetime
    moments: int
    alerts: tuple[Alert, ...]
    failures: tuple[RuleFailure, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """Every Shanghai day the replay touched."""
        first, last = (moment.astimezone(SHANGHAI).date() for moment in (self.start, self.end))
        return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))

    @property
    def per_day(self) -> dict[date, int]:
        """Alerts a day, silent days included."""
        counts = Counter(alert.raised_at.astimezone(SHANGHAI).date() for alert in self.alerts)
        return {day: counts[day] for day in self.days}

    @property
    def quiet_days(self) -> int:
        """How many days had no alert at all."""
        return sum(count == 0 for count in self.per_day.values())

    @property
    def alerts_a_week(self) -> float:
        """Alerts for each seven days replayed."""
        return 7 * len(self.alerts) / max(1, len(self.days))

    def lines(self) -> tuple[str, ...]:
        """Return what fired, one line an alert: time, level, title, first reason."""
        return tuple(
            f"{alert.raised_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}  {alert.level.zh}  "
            f"{alert.title}  {alert.reasons[0] if alert.reasons else ''}"
            for alert in self.alerts
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two rule files over the same time: what both, only the first, only the second tell.

    Two alerts are the same when they speak of the same matter (story, or group) on the same day.
    """

    both: int
    only_first: tuple[Alert, ...]
    only_second: tuple[Alert, ...]


def moments_between(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Return the moments a service that judges every `step` would have judged at, (start, end]."""
    count = max(0, (end - start) // step)
    return [start + step * number for number in range(1, count + 1)]


def backtest(
    rules: Sequence[Rule],
    ask: Ask,
    moments: Sequence[datetime],
    policy: LevelPolicy,
    progress: Callable[[int], None] | None = None,
) -> Backtest:
    """Judge at each moment with the windows of that moment and the alerts raised before it.

    `progress` is called with the number of moments done. A rule that fails is reported once.
    Raises ValueError when there is no moment to judge.
    """
    if not moments:
        raise ValueError("nothing to replay: the end must lie after the start")
    specs = specs_of(rules)
    longest = max((rule.cool_down for rule in rules), default=timedelta(0))
    alerts: list[Alert] = []
    failures: dict[str, RuleFailure] = {}
    recent: list[Alert] = []
    for done, now in enumerate(moments, 1):
        recent = [alert for alert in recent if now - alert.raised_at <= longest]
        judged = judge(rules, ask(specs, now), recent, policy, now)
        recent += judged.alerts
        alerts += judged.alerts
        failures.update({failure.rule: failure for failure in judged.failures})
        if progress is not None:
            progress(done)
    return Backtest(
        start=moments[0],
        end=moments[-1],
        moments=len(moments),
        alerts=tuple(alerts),
        failures=tuple(failures.values()),
    )


def compare(first: Backtest, second: Backtest) -> Compared:
    """Return what two back-tests of the same time have in common and what sets them apart."""
    ours, theirs = _matters(first.alerts), _matters(second.alerts)
    return Compared(
        both=len(ours.keys() & theirs.keys()),
        only_first=tuple(ours[key] for key in ours if key not in theirs),
        only_second=tuple(theirs[key] for key in theirs if key not in ours),
    )


def _matters(alerts: Iterable[Alert]) -> dict[tuple[str, date], Alert]:
    found: dict[tuple[str, date], Alert] = {}
    for alert in alerts:
        key = (alert.story_id or alert.group, alert.raised_at.astimezone(SHANGHAI).date())
        found.setdefault(key, alert)
    return found
