"""What a collector is: the settings every source has and what one collection returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from models.records import Entry, MediaTier, MentionKind

if TYPE_CHECKING:
    from collectors.http import Fetcher

State = Mapping[str, JsonValue]
"""What a collector remembers between cycles; storage keeps it as JSON."""


class SourceSettings(BaseModel):
    """What every source has, whatever its kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[\w\-]{1,64}$", description="Unique name, printed everywhere")
    title: str = Field(default="", description="Name for officers, such as 区政府门户网站")
    every_minutes: float = Field(default=15, gt=0, le=7 * 24 * 60)
    media_tier: MediaTier = MediaTier.SELF_MEDIA
    mention_kind: MentionKind = MentionKind.NEWS
    place: str = ""
    purpose: str = Field(
        default="政务舆情收集与回应", description="Why this data is collected (PIPL Art. 6)"
    )
    enabled: bool = Field(default=True, description="The kill switch of this source")

    def label(self) -> str:
        """Return the name officers see."""
        return self.title or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectContext:
    """What a collector may use: the guarded client, its memory, the time, the base folder."""

    fetcher: Fetcher
    state: State
    now: datetime
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one collection brought. `failure` is one line and empty when the source answered.

    `retry_after_seconds` is what the origin asked for; `permanent` says that another try brings
    nothing until somebody changes something.
    """

    entries: tuple[Entry, ...] = ()
    state: State = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    not_modified: bool = False
    failure: str = ""
    retry_after_seconds: float | None = None
    permanent: bool = False
    gone: tuple[str, ...] = ()
    """External ids whose original has disappeared: their text is purged."""


class Collector(Protocol):
    """A kind of source."""

    @property
    def name(self) -> str:
        """The unique name."""

    async def collect(self, context: CollectContext) -> Collected:
        """Read the source once; a failure is a value, never an exception."""
