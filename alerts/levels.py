"""How grave a matter looks: a level from evidence, with every reason printed.

No published local rule gives numbers (domain §0.4), so every number here is configuration with a
default, and the result is a suggestion: a person confirms or changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from alerts.contract import SensitivePeriod
from alerts.rules._common import usual
from models.labels import label_zh
from models.records import TIER_ZH, Level, MediaTier, Window


class Step(BaseModel):
    """Reaching `at_least` weighs `points`; of several steps the highest reached counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float
    points: int = Field(ge=1)


def _steps(*pairs: tuple[float, int]) -> tuple[Step, ...]:
    return tuple(Step(at_least=bound, points=points) for bound, points in pairs)


class LevelPolicy(BaseModel):
    """What weighs how much. Points are added; the sum names the level.

    The dimensions are those local rules share (domain §3): media tier, platforms, distinct
    sources, volume, speed, negative share, sensitive topic or period, people hurt.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    yellow_at_points: int = 3
    orange_at_points: int = 6
    red_at_points: int = 9
    tier_points: dict[MediaTier, int] = Field(
        default={
            MediaTier.CENTRAL: 3,
            MediaTier.PROVINCIAL: 2,
            MediaTier.PORTAL: 1,
            MediaTier.MUNICIPAL: 1,
        },
        description="Points of the highest media tier that reported",
    )
    independent: tuple[Step, ...] = _steps((10, 1), (50, 2), (200, 3))
    sources: tuple[Step, ...] = _steps((3, 1), (8, 2))
    platforms: tuple[Step, ...] = _steps((3, 1), (6, 2))
    times_usual: tuple[Step, ...] = _steps((4, 1), (10, 2))
    speed_at_least: int = Field(
        default=5, ge=1, description="Below this many mentions, speed says nothing"
    )
    negative_share: tuple[Step, ...] = _steps((0.5, 1), (0.8, 2))
    share_at_least: int = Field(
        default=5, ge=1, description="Below this many classified, a share says nothing"
    )
    urgent: tuple[Step, ...] = _steps((1, 1), (5, 2))
    casualty: tuple[Step, ...] = _steps((1, 3), (5, 4))
    sensitive_topics: tuple[str, ...] = ("work_safety", "food_drug", "public_security")
    sensitive_topic_points: int = 1
    sensitive_periods: tuple[SensitivePeriod, ...] = ()
    sensitive_period_points: int = 1
    grown_times: float = Field(
        default=2.0, ge=2, description="Told again when the spread has grown this many times"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the window alone does not show: the periods that apply now."""

    sensitive_periods: tuple[str, ...] = ()

    @classmethod
    def at(cls, now: datetime, policy: LevelPolicy) -> Facts:
        """Return the facts of a moment under a policy."""
        return cls(
            sensitive_periods=tuple(p.name for p in policy.sensitive_periods if p.covers(now))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A level with the points it rests on and the reasons, in Chinese with numbers."""

    level: Level
    points: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sign:
    points: int
    words: str


def suggest_level(window: Window, facts: Facts, policy: LevelPolicy) -> Suggestion:
    """Return the level the evidence in a window suggests, and why."""
    signs = [sign for sign in _signs(window, facts, policy) if sign.points > 0]
    points = sum(sign.points for sign in signs)
    level = _level(points, policy)
    total = (
        f"合计 {points} 分：建议{level.zh}（黄≥{policy.yellow_at_points}，"
        f"橙≥{policy.orange_at_points}，红≥{policy.red_at_points}）"
    )
    reasons = tuple(f"{sign.words}（+{sign.points}）" for sign in signs)
    return Suggestion(level=level, points=points, reasons=(*reasons, total))


def _level(points: int, policy: LevelPolicy) -> Level:
    bounds = (
        (policy.red_at_points, Level.RED),
        (policy.orange_at_points, Level.ORANGE),
        (policy.yellow_at_points, Level.YELLOW),
    )
    return next((level for bound, level in bounds if points >= bound), Level.BLUE)


def _signs(window: Window, facts: Facts, policy: LevelPolicy) -> list[_Sign]:
    return [
        _tier(window, policy),
        _count("独立信息 {} 条", window.independent, policy.independent),
        _count("来源 {} 个", window.sources, policy.sources),
        _count("平台 {} 个", window.platforms, policy.platforms),
        _speed(window, policy),
        _negative(window, policy),
        _count("危及安全或健康的信息 {} 条", window.urgent, policy.urgent),
        _count("提到人员伤亡的信息 {} 条", window.casualty, policy.casualty),
        _topic(window, policy),
        _period(facts, policy),
    ]


def _reached(value: float, steps: Sequence[Step]) -> int:
    return max((step.points for step in steps if value >= step.at_least), default=0)


def _count(words: str, value: int, steps: Sequence[Step]) -> _Sign:
    return _Sign(_reached(value, steps), words.format(value))


def _tier(window: Window, policy: LevelPolicy) -> _Sign:
    if not window.best_tier:
        return _Sign(0, "")
    tier = MediaTier(window.best_tier)
    return _Sign(policy.tier_points.get(tier, 0), f"{TIER_ZH[tier]}媒体介入")


def _speed(window: Window, policy: LevelPolicy) -> _Sign:
    now, past = window.independent, usual(window)
    if now < policy.speed_at_least or not (window.baseline or window.prior):
        return _Sign(0, "")
    if past == 0:
        return _Sign(_reached(now, policy.times_usual), f"平时为 0，现有 {now} 条")
    return _Sign(_reached(now / past, policy.times_usual), f"为平时的 {now / past:.1f} 倍")


def _negative(window: Window, policy: LevelPolicy) -> _Sign:
    share = window.negative_share
    if share is None or window.classified < policy.share_at_least:
        return _Sign(0, "")
    words = f"负面 {window.negative}/{window.classified}（{share:.0%}）"
    return _Sign(_reached(share, policy.negative_share), words)


def _topic(window: Window, policy: LevelPolicy) -> _Sign:
    if window.topic not in policy.sensitive_topics:
        return _Sign(0, "")
    return _Sign(policy.sensitive_topic_points, f"敏感领域：{topic_zh(window.topic)}")


def _period(facts: Facts, policy: LevelPolicy) -> _Sign:
    if not facts.sensitive_periods:
        return _Sign(0, "")
    return _Sign(
        policy.sensitive_period_points, f"敏感时间节点：{'、'.join(facts.sensitive_periods)}"
    )


def topic_zh(topic: str) -> str:
    """Return the officers' word for a topic, or the slug itself when it is a local one."""
    try:
        return label_zh("topic", topic)
    except KeyError:
        return topic
