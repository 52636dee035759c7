"""From windows to alerts: which rules speak now, how gravely, and which have just spoken.

Nothing is remembered here. Whether a rule has spoken is read from the stored alerts, so a restart,
a second run of the same cycle or a replay comes to the same alerts with the same ids.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from alerts.contract import Finding, Rule
from alerts.levels import Facts, LevelPolicy, suggest_level, topic_zh
from models.records import Alert, Level, Window, WindowSpec

NO_TITLES: Mapping[str, str] = MappingProxyType({})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFailure:
    """A rule that could not decide, and what it said; the others are not touched."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one cycle decided: the alerts to store, and the rules that failed."""

    alerts: tuple[Alert, ...]
    failures: tuple[RuleFailure, ...] = ()


def specs_of(rules: Sequence[Rule]) -> tuple[WindowSpec, ...]:
    """Return the windows all enabled rules ask for."""
    return tuple(spec for rule in rules if rule.enabled for spec in rule.windows())


def judge(
    rules: Sequence[Rule],
    windows: Sequence[Window],
    recent: Sequence[Alert],
    policy: LevelPolicy,
    now: datetime,
    titles: Mapping[str, str] = NO_TITLES,
) -> Judgement:
    """Return the alerts that are new at `now`, gravest first, and the rules that failed.

    `recent` are stored alerts that reach back at least as far as the longest cool-down. `titles`
    names a story or a mention by id; without it an alert is titled by its rule and group.
    """
    by_rule = _windows_by_rule(windows)
    facts = Facts.at(now, policy)
    spoken = _by_group(recent)
    alerts: list[Alert] = []
    failures: list[RuleFailure] = []
    for rule in rules:
        if not (rule.enabled and rule.active(now)):
            continue
        try:
            findings = rule.judge(by_rule.get(rule.name, ()), now)
        except Exception as error:  # noqa: BLE001 - one broken rule must not silence the others
            failures.append(RuleFailure(rule=rule.name, error=f"{type(error).__name__}: {error}"))
            continue
        for finding in findings:
            alert = _alert(finding, rule.cool_down, facts, policy, now)
            before = spoken[alert.rule, alert.group]
            if worth_telling(alert, before, rule.cool_down, policy.grown_times):
                alerts.append(_titled(alert, finding.window, titles))
                before.append(alerts[-1])
    alerts.sort(key=lambda alert: (-alert.level, alert.rule, alert.group))
    return Judgement(alerts=tuple(alerts), failures=tuple(failures))


def worth_telling(
    alert: Alert, before: Sequence[Alert], cool_down: timedelta, grown_times: float
) -> bool:
    """Say whether a finding is news beside the earlier alerts of its rule and group.

    It is when none was raised within the cool-down of it (in either direction: a clock that was
    set back must not tell twice), when it is graver, or when the spread has multiplied.
    """
    if any(other.id == alert.id for other in before):
        return False
    spoken = [other for other in before if abs(alert.raised_at - other.raised_at) < cool_down]
    if not spoken or alert.level > max(other.level for other in spoken):
        return True
    told = max(other.independent for other in spoken)
    return told > 0 and alert.independent >= grown_times * told


def alert_id(rule: str, group: str, bucket: str) -> str:
    """Return a stable id: the same finding, judged twice, is the same alert."""
    text = "\x1f".join((rule, group, bucket))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _alert(
    finding: Finding, cool_down: timedelta, facts: Facts, policy: LevelPolicy, now: datetime
) -> Alert:
    window = finding.window
    suggestion = suggest_level(window, facts, policy)
    level = finding.level or suggestion.level
    fixed = (f"规则指定等级：{level.zh}",) if finding.level else ()
    return Alert(
        id=alert_id(finding.rule, window.group, _bucket(window, level, cool_down)),
        rule=finding.rule,
        group=window.group,
        level=level,
        title="",
        reasons=(*finding.reasons, *suggestion.reasons, *fixed),
        raised_at=now,
        window_start=window.start,
        window_end=window.end,
        story_id=window.story_id,
        topic=window.topic,
        mention_ids=window.examples,
        mentions=window.mentions,
        independent=window.independent,
        sources=window.sources,
    )


def _bucket(window: Window, level: Level, cool_down: timedelta) -> str:
    """Name the stretch of time, level and order of magnitude a finding stands for."""
    length = max(cool_down, timedelta(minutes=1))
    number = (window.end - EPOCH) // length
    return f"{number}|{level}|{window.independent.bit_length()}"


def _by_group(alerts: Sequence[Alert]) -> dict[tuple[str, str], list[Alert]]:
    grouped: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        grouped[alert.rule, alert.group].append(alert)
    return grouped


def _windows_by_rule(windows: Sequence[Window]) -> dict[str, list[Window]]:
    """Group windows by rule; a spec may be named `rule#part` when a rule asks for several."""
    grouped: dict[str, list[Window]] = {}
    for window in windows:
        grouped.setdefault(window.rule.split("#", 1)[0], []).append(window)
    return grouped


def _titled(alert: Alert, window: Window, titles: Mapping[str, str]) -> Alert:
    keys = (window.story_id, *window.examples)
    found = next((titles[key] for key in keys if titles.get(key)), "")
    place = alert.group or topic_zh(alert.topic) or "全部信息"
    return replace(alert, title=found or f"{alert.rule}：{place}")
