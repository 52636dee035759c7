"""The nouns of yuqing, named by stage: Entry → Mention → Window → Alert → Incident → Delivery.

Every datetime here is timezone-aware UTC; Asia/Shanghai appears only where people read or
write. Nothing in this file imports a library, so every package may import it cheaply.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Level(IntEnum):
    """Warning level of opinion, ordered so that `>` means worse (domain: 一般…特别重大)."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def grade(self) -> str:
        """The grade id of the published tables: iv, iii, ii or i."""
        return ("iv", "iii", "ii", "i")[self - 1]

    @property
    def zh(self) -> str:
        """Colour and grade word for officers, as in 「橙色（重大）」."""
        return ("蓝色（一般）", "黄色（较大）", "橙色（重大）", "红色（特别重大）")[self - 1]

    @property
    def en(self) -> str:
        """Colour and grade word in English."""
        return ("blue (general)", "yellow (larger)", "orange (major)", "red (especially major)")[
            self - 1
        ]

    @property
    def colour(self) -> str:
        """Lower-case colour word, also the class name on pages."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Level:
        """Return the level a colour word or grade id names; ValueError names the choices."""
        for level in cls:
            if word.lower() in {level.colour, level.grade}:
                return level
        raise ValueError(
            f"{word!r} is not a level: use blue, yellow, orange, red or iv, iii, ii, i"
        )


class MediaTier(StrEnum):
    """Media tier of a source, from the national press down to a single netizen."""

    CENTRAL = "central"
    PROVINCIAL = "provincial"
    MUNICIPAL = "municipal"
    COUNTY = "county"
    PORTAL = "portal"
    SELF_MEDIA = "self_media"
    NETIZEN = "netizen"


TIER_ZH = {
    MediaTier.CENTRAL: "中央",
    MediaTier.PROVINCIAL: "省级",
    MediaTier.MUNICIPAL: "市级",
    MediaTier.COUNTY: "区县",
    MediaTier.PORTAL: "商业门户",
    MediaTier.SELF_MEDIA: "自媒体",
    MediaTier.NETIZEN: "网民",
}
"""Officers' words for the tiers."""


class MentionKind(StrEnum):
    """What sort of text a mention is; the classifier handles each in its own way."""

    CITIZEN_MESSAGE = "citizen_message"
    NEWS = "news"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing a source said, as read, before redaction: lives for one cycle, never stored.

    `author` is whatever identifies the poster at the source; it is hashed or dropped and
    never leaves the cycle. `published` is None when the source gave no usable date.
    """

    source: str
    external_id: str
    title: str
    text: str
    url: str = ""
    published: datetime | None = None
    date_flag: str = ""
    origin: str = ""
    place: str = ""
    author: str = ""
    reply: str = ""
    replied_at: datetime | None = None
    attachments: tuple[str, ...] = ()
    kind: MentionKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One entry made safe and comparable: redacted, identified, ready to score and store.

    `id` is a hash of source and external id, so that a re-crawl finds the same mention;
    `content_hash` is a hash of the folded title and text, so that an edit is a new version.
    `event_at` is `published`, or `collected` when there is none; windows count by it.
    """

    id: str
    source: str
    kind: MentionKind
    media_tier: MediaTier
    external_id: str
    title: str
    text: str
    url: str
    origin: str
    place: str
    published: datetime | None
    date_flag: str
    collected: datetime
    event_at: datetime
    author_key: str
    content_hash: str
    reply: str = ""
    replied_at: datetime | None = None
    exercise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Where a watch query matched, in the original text."""

    query: str
    term: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionFilter:
    """Which mentions a rule or a list looks at; an empty tuple means any."""

    queries: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sentiments: tuple[str, ...] = ()
    appeals: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    urgency_at_least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpec:
    """The window a rule asks storage for: half-open (now - span, now], grouped and compared.

    `baseline_weeks` asks for the same hours of that many past weeks; `prior_spans` for the
    counts of that many windows of the same length just before this one. `at_least` leaves out
    groups with fewer mentions now, so that a thousand quiet groups need not travel.
    """

    rule: str
    filter: MentionFilter
    span: timedelta
    group_by: str = ""
    baseline_weeks: int = 0
    prior_spans: int = 0
    at_least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What storage answers: the counts a rule decides on, for one group of one spec.

    `mentions` counts everything, `independent` leaves reposts out, `sources` counts distinct
    sources, `classified` counts mentions with a sentiment. `baseline` holds the independent
    mentions in the same hours of each past week, `prior` in each earlier span, newest first.
    """

    rule: str
    group: str
    start: datetime
    end: datetime
    mentions: int
    independent: int
    sources: int
    negative: int
    classified: int
    best_tier: str
    urgent: int = 0
    casualty: int = 0
    platforms: int = 0
    baseline: tuple[int, ...] = ()
    prior: tuple[int, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    story_id: str = ""
    topic: str = ""
    examples: tuple[str, ...] = ()

    @property
    def negative_share(self) -> float | None:
        """Negative among the classified, 0..1, or None when nothing is classified."""
        return self.negative / self.classified if self.classified else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule's finding: the suggested level, with the reasons an officer can check."""

    id: str
    rule: str
    group: str
    level: Level
    title: str
    reasons: tuple[str, ...]
    raised_at: datetime
    window_start: datetime
    window_end: datetime
    story_id: str = ""
    topic: str = ""
    mention_ids: tuple[str, ...] = ()
    mentions: int = 0
    independent: int = 0
    sources: int = 0
    exercise: bool = False


class IncidentState(StrEnum):
    """Main line and side states of an incident (domain §4.1)."""

    MONITORED = "monitored"
    REGISTERED = "registered"
    ASSESSED = "assessed"
    REPORTED_UP = "reported_up"
    ASSIGNED = "assigned"
    VERIFIED = "verified"
    DRAFTED = "drafted"
    IN_REVIEW = "in_review"
    RESPONDED = "responded"
    TRACKING = "tracking"
    EVALUATED = "evaluated"
    ARCHIVED = "archived"
    RETURNED = "returned"
    REFERRED = "referred"
    NO_RESPONSE_NEEDED = "no_response_needed"
    FALSE_ALARM = "false_alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A case that people work, from detection to archive.

    Opinion level (suggested by rules, confirmed by a person) and emergency grade (of the
    event itself, given by a person) are separate: the 5 h and 24 h clocks hang on the grade.
    """

    id: str
    number: str
    title: str
    state: IncidentState
    level_suggested: Level
    detected_at: datetime
    updated_at: datetime
    level_confirmed: Level | None = None
    emergency_grade: Level | None = None
    occurred_at: datetime | None = None
    assigned_at: datetime | None = None
    closed_at: datetime | None = None
    story_id: str = ""
    topic: str = ""
    place: str = ""
    responsible_unit: str = ""
    co_units: tuple[str, ...] = ()
    exercise: bool = False

    @property
    def level(self) -> Level:
        """The confirmed level, or the suggested one until a person has decided."""
        return self.level_confirmed or self.level_suggested


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One duty with its deadline, counted from a named T0 (occurred, detected or assigned)."""

    incident_id: str
    clock_id: str
    zh: str
    t0_name: str
    t0: datetime
    due: datetime
    basis: str
    source: str
    met_at: datetime | None = None
    extended_from: datetime | None = None
    extension_reason: str = ""
    flag: str = ""


class Reason(StrEnum):
    """Why a person is told now."""

    NONE = "none"
    FIRST = "first"
    WORSE = "worse"
    GROWN = "grown"
    REPEAT = "repeat"
    REMINDER = "reminder"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    OPERATIONAL = "operational"
    DIGEST = "digest"


class DeliveryStatus(StrEnum):
    """Life of an outbox row."""

    PENDING = "pending"
    SENT = "sent"
    ACCEPTED = "accepted"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one receiver on one channel, with its fate.

    `id` is stable and doubles as the idempotency key, so a receiver can drop a repeat. `group` and
    `members` say which cases a message stood for, so that the next one knows what was told.
    """

    id: str
    channel: str
    receiver: str
    reason: Reason
    level: Level
    subject: str
    card: str
    created_at: datetime
    next_try_at: datetime
    alert_id: str = ""
    incident_id: str = ""
    attempts: int = 0
    status: DeliveryStatus = DeliveryStatus.PENDING
    sent_at: datetime | None = None
    last_error: str = ""
    step: int = 0
    exercise: bool = False
    group: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRun:
    """How one source fared in one cycle; a failure is this row with its reason."""

    source: str
    started_at: datetime
    finished_at: datetime
    status: str
    reason: str = ""
    fetched: int = 0
    stored: int = 0
    updated: int = 0
    duplicates: int = 0
    problems: tuple[str, ...] = field(default=())
