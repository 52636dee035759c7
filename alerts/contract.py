"""What a rule and a channel are: the settings they carry and the one thing each does."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema
from pydantic_core import core_schema

from models.records import SHANGHAI, Delivery, Level, MentionFilter, Window, WindowSpec

LevelWord = Annotated[
    Level,
    GetPydanticSchema(
        lambda _source, _handler: core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, Level) else Level.of(str(value)),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda level: level.colour, when_used="json"
            ),
        ),
        lambda _schema, _handler: {
            "type": "string",
            "enum": ["blue", "yellow", "orange", "red", "iv", "iii", "ii", "i"],
        },
    ),
]
"""A level written as a colour or a grade id in YAML."""


class SensitivePeriod(BaseModel):
    """A stretch of days in which the same signs weigh more; both days belong to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    first: date
    last: date

    def covers(self, now: datetime) -> bool:
        """Say whether `now` lies in it, by the Shanghai day."""
        return self.first <= now.astimezone(SHANGHAI).date() <= self.last


class FilterSettings(BaseModel):
    """Which mentions a rule looks at; everything left out means any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: tuple[str, ...] | str = ()
    topic: tuple[str, ...] | str = ()
    sentiment: tuple[str, ...] | str = ()
    appeal: tuple[str, ...] | str = ()
    tier: tuple[str, ...] | str = ()
    mention_kind: tuple[str, ...] | str = ()
    source: tuple[str, ...] | str = ()
    place: tuple[str, ...] | str = ()
    urgency_at_least: int = Field(default=0, ge=0, le=2)

    def as_filter(self) -> MentionFilter:
        """Return the filter storage understands."""
        return MentionFilter(
            queries=_words(self.query),
            topics=_words(self.topic),
            sentiments=_words(self.sentiment),
            appeals=_words(self.appeal),
            tiers=_words(self.tier),
            kinds=_words(self.mention_kind),
            sources=_words(self.source),
            places=_words(self.place),
            urgency_at_least=self.urgency_at_least,
        )


def _words(value: tuple[str, ...] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule's decision about one group: it fires, and why, in words with numbers."""

    rule: str
    window: Window
    reasons: tuple[str, ...]
    level: Level | None = None


class RuleSettings(BaseModel):
    """What every rule has: a name, what it looks at, and how often it may speak."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[\w\-]{1,64}$", description="Unique name, printed in reasons")
    filter: FilterSettings = FilterSettings()
    group_by: str = Field(default="", pattern=r"^(|story|topic|place|source|query|tier)$")
    level: LevelWord | None = Field(
        default=None, description="Fixed level; left out, it is suggested from the evidence"
    )
    level_at: dict[LevelWord, int] = Field(
        default={}, description="Fixed levels by count, as in {yellow: 10, orange: 50}"
    )
    cool_down_minutes: int = Field(default=360, ge=0)
    active_hours: str = Field(
        default="",
        pattern=r"^(|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$",
        description="Shanghai hours in which the rule may speak; 22:00-06:00 wraps",
    )
    sensitive_periods: tuple[SensitivePeriod, ...] = Field(
        default=(), description="The rule speaks only in these stretches of days; none: always"
    )
    enabled: bool = True

    @property
    def cool_down(self) -> timedelta:
        """How long the rule stays silent about a group after it spoke."""
        return timedelta(minutes=self.cool_down_minutes)

    def finding(self, window: Window, reason: str, counted: int | None = None) -> Finding:
        """Return a finding about a window, with the level its count has (independent mentions)."""
        count = window.independent if counted is None else counted
        reached = [level for level, bound in self.level_at.items() if count >= bound]
        level = max(reached, default=self.level)
        return Finding(rule=self.name, window=window, reasons=(reason,), level=level)

    def active(self, now: datetime) -> bool:
        """Say whether the rule may speak at `now`: from the first minute, up to the last.

        A rule with sensitive periods is one for such days: a lower bound before an examination.
        """
        if self.sensitive_periods and not any(p.covers(now) for p in self.sensitive_periods):
            return False
        if not self.active_hours:
            return True
        first, last = self.active_hours.split("-")
        clock = f"{now.astimezone(SHANGHAI):%H:%M}"
        return first <= clock < last if first < last else clock >= first or clock < last


class Rule(Protocol):
    """A rule declares the windows it needs and decides on them."""

    @property
    def name(self) -> str:
        """The unique name."""

    @property
    def enabled(self) -> bool:
        """Whether the rule takes part."""

    @property
    def cool_down(self) -> timedelta:
        """How long the rule stays silent about a group after it spoke."""

    def active(self, now: datetime) -> bool:
        """Say whether the rule may speak at `now`."""

    def windows(self) -> tuple[WindowSpec, ...]:
        """Return the windows to ask storage for."""

    def judge(self, windows: Sequence[Window], now: datetime) -> tuple[Finding, ...]:
        """Return a finding for each group that crosses the rule's bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What came back from a POST: `failure` is empty when an answer was received."""

    status: int = 0
    body: bytes = b""
    failure: str = ""
    retry_after: timedelta | None = None


class Transport(Protocol):
    """The guarded way out, given to channels by the pipeline."""

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], deadline_seconds: float
    ) -> Awaitable[Posted]:
        """POST once, following no redirect; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one attempt to deliver.

    `accepted` without `confirmed` means a relay took it and nobody can say more. `permanent`
    means a retry cannot help (a 4xx, a vendor's error code for a bad key).
    """

    ok: bool
    confirmed: bool = True
    permanent: bool = False
    detail: str = ""
    retry_after: timedelta | None = None


class ChannelSettings(BaseModel):
    """What every channel has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[\w\-]{1,64}$", description="Unique name, used in routes")
    enabled: bool = True


class Channel(Protocol):
    """A way to a person."""

    @property
    def name(self) -> str:
        """The unique name."""

    async def send(self, delivery: Delivery, transport: Transport) -> Sent:
        """Try once; a failure is a value, never an exception."""
