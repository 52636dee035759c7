"""The facts of a daily digest, gathered once; everything printed comes from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from alerts.approvals import Holder
from alerts.constants import load_constants
from models.records import SHANGHAI, Clock, Incident, Level
from reports.signing import holders
from storage import digest_facts as stored
from storage import incidents
from storage.digest_facts import Span
from storage.reports import Issue, report_before
from storage.store import Reader

PRODUCT = "daily"
TREND_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestScope:
    """What the digest is about and how it is made.

    `sources` maps the configured sources to the names officers know, in their order.
    `closes_at` is the Shanghai time at which a digest's day ends; midnight means the calendar
    day. A source is silent when it answers but brings nothing new for `silent_days`.
    """

    place: str = ""
    office: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    closes_at: time = time(0)
    silent_days: int = 7
    listed_at_most: int = 20
    stories_at_most: int = 10
    replies_at_most: int = 20

    def source_name(self, source: str) -> str:
        """Return the officers' name of a source."""
        return self.sources.get(source) or source


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One incident of the digest with its clocks and who has acknowledged it.

    `holders` have the draft of the response before them.
    """

    incident: Incident
    clocks: tuple[Clock, ...]
    independent: int
    reposts: int
    acknowledged_by: str
    acknowledged_at: datetime | None
    holders: tuple[Holder, ...] = ()

    @property
    def next_clock(self) -> Clock | None:
        """The unmet clock due first; None when all are met or the case is closed."""
        unmet = [clock for clock in self.clocks if clock.met_at is None]
        if self.incident.closed_at is not None or not unmet:
            return None
        return min(unmet, key=lambda clock: clock.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTrouble:
    """A source that needs a look: `last_new` is None when it never brought anything."""

    source: str
    reason: str = ""
    failures: int = 0
    runs: int = 0
    last_new: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """How collecting went: read, failing at the end, failed and recovered, silent, never run."""

    read: int
    failed: tuple[SourceTrouble, ...]
    recovered: tuple[SourceTrouble, ...]
    silent: tuple[SourceTrouble, ...]
    not_run: tuple[str, ...]
    problems: int

    @property
    def tried(self) -> int:
        """Sources that ran at least once."""
        return self.read + len(self.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFacts:
    """Everything a daily digest states, as of `made_at`."""

    issue: Issue
    scope: DigestScope
    span: Span
    made_at: datetime
    volume: stored.Volume
    by_source: tuple[stored.SourceCount, ...]
    sentiment: stored.SentimentCount
    topics: tuple[stored.TopicCount, ...]
    days: tuple[stored.DayCount, ...]
    cases: tuple[CaseLine, ...]
    stories: tuple[stored.StoryLine, ...]
    replies: tuple[stored.ReplyLine, ...]
    answered: stored.Answered
    listed: tuple[stored.MentionLine, ...]
    sources: Sources
    told: tuple[stored.ToldCount, ...]
    originals_gone: int = 0
    exercised: int = 0
    previous_total: int | None = None

    @property
    def day(self) -> date:
        """The Shanghai day of the digest."""
        return self.issue.day

    @property
    def complete(self) -> bool:
        """Whether the day was over when the facts were gathered."""
        return self.made_at >= self.span.end

    @property
    def worst_level(self) -> Level | None:
        """The gravest level among the incidents still open, or None."""
        return max((c.incident.level for c in self.cases if not c.incident.closed_at), default=None)

    @property
    def open_cases(self) -> int:
        """Incidents still open."""
        return sum(1 for case in self.cases if case.incident.closed_at is None)

    @property
    def opened_today(self) -> int:
        """Incidents found within the span."""
        return sum(1 for case in self.cases if case.incident.detected_at >= self.span.start)

    @property
    def overdue(self) -> tuple[CaseLine, ...]:
        """Open cases whose nearest deadline had passed."""
        return tuple(c for c in self.cases if c.next_clock and c.next_clock.due < self.made_at)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON values, times in ISO 8601."""
        found: dict[str, Any] = _plain(asdict(self))
        return found


def span_of(day: date, closes_at: time = time(0)) -> Span:
    """Return the 24 hours that a digest of that Shanghai day covers."""
    end = datetime.combine(day, closes_at, SHANGHAI)
    if closes_at == time(0):
        end += timedelta(days=1)
    return Span(start=(end - timedelta(days=1)).astimezone(UTC), end=end.astimezone(UTC))


def digest_facts(reader: Reader, issue: Issue, scope: DigestScope, now: datetime) -> DigestFacts:
    """Gather the facts of one day's digest; states and clocks are as of `now`."""
    span = span_of(issue.day, scope.closes_at)
    previous = report_before(reader, issue.product, issue.day)
    return DigestFacts(
        issue=issue,
        scope=scope,
        span=span,
        made_at=now,
        volume=stored.volume(reader, span),
        by_source=stored.by_source(reader, span),
        sentiment=stored.by_sentiment(reader, span),
        topics=stored.by_topic(reader, span),
        days=stored.by_day(reader, span, TREND_DAYS),
        cases=_cases(reader, span),
        stories=stored.stories(reader, span, scope.stories_at_most),
        replies=stored.replies(reader, span, scope.replies_at_most),
        answered=stored.answered(reader, span),
        listed=stored.listed(reader, span, scope.listed_at_most),
        sources=_sources(reader, span, scope),
        told=stored.told(reader, span),
        originals_gone=stored.originals_gone(reader, span),
        exercised=stored.exercised(reader, span),
        previous_total=None if previous is None else int(previous.facts["volume"]["total"]),
    )


def contradictions(facts: DigestFacts) -> tuple[str, ...]:
    """Return which of the digest's sums do not add up, as ids; empty when they all do."""
    volume, tone = facts.volume, facts.sentiment
    checks = {
        "source_total": sum(s.total for s in facts.by_source) == volume.total,
        "source_today": sum(s.today for s in facts.by_source) == volume.today,
        "source_independent": sum(s.today_independent for s in facts.by_source)
        == volume.today_independent,
        "source_negative": sum(s.today_negative for s in facts.by_source) == tone.negative,
        "sentiment": tone.classified + tone.unclassified == volume.today,
        "topic": sum(t.today for t in facts.topics) == volume.today,
        "trend": facts.days[-1].mentions == volume.today,
    }
    return tuple(name for name, holds in checks.items() if not holds)


def _cases(reader: Reader, span: Span) -> tuple[CaseLine, ...]:
    acknowledged = incidents.acknowledgements(reader)
    policy = load_constants().approval
    lines = []
    for case in stored.cases(reader, span):
        first = next(iter(acknowledged.get(case.incident.id, ())), None)
        lines.append(
            CaseLine(
                incident=case.incident,
                clocks=tuple(incidents.clocks(reader, case.incident.id)),
                independent=case.independent,
                reposts=case.reposts,
                acknowledged_by=first.who if first else "",
                acknowledged_at=first.at if first else None,
                holders=holders(reader, case.incident, policy),
            )
        )
    return tuple(lines)


def _sources(reader: Reader, span: Span, scope: DigestScope) -> Sources:
    runs = stored.runs(reader, span)
    last_new = stored.last_new(reader, span)
    quiet_since = span.end - timedelta(days=scope.silent_days)
    failed, recovered, silent = [], [], []
    for run in runs:
        newest = last_new.get(run.source)
        trouble = SourceTrouble(
            source=run.source,
            reason=run.last_reason,
            failures=run.failures,
            runs=run.runs,
            last_new=newest,
        )
        if run.last_reason:
            failed.append(trouble)
        elif run.failures:
            recovered.append(trouble)
        if not run.last_reason and (newest is None or newest < quiet_since):
            silent.append(trouble)
    seen = {run.source for run in runs}
    return Sources(
        read=len(runs) - len(failed),
        failed=tuple(failed),
        recovered=tuple(recovered),
        silent=tuple(silent),
        not_run=tuple(name for name in scope.sources if name not in seen),
        problems=sum(run.problems for run in runs),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value
