"""What a round brought, compared with what is stored: new, changed, answered, known, gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from models.records import Mention, SourceRun
from models.stories import StoryState, to_json
from pipeline.collect import Gathered, outcome
from pipeline.intake import Intake
from pipeline.understand import Mind, Understood, rewritten, understand
from storage import mentions, stories
from storage.mentions import Known
from storage.store import Reader, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Mentions of one round by what must be done with them."""

    new: tuple[Mention, ...] = ()
    changed: tuple[Mention, ...] = ()
    answered: tuple[Mention, ...] = ()
    known: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of one round."""

    fetched: int = 0
    stored: int = 0
    updated: int = 0
    duplicates: int = 0
    matched: int = 0
    reposts: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            **{name: getattr(self, name) + getattr(other, name) for name in Tally.__slots__}
        )


def take_in(gathered: Sequence[Gathered], intake: Intake) -> list[Mention]:
    """Return the mentions of a round, each id once."""
    found = [m for g in gathered for m in intake.mentions(g.source, g.collected.entries)]
    return list({mention.id: mention for mention in found}.values())


def sort_out(found: Sequence[Mention], reader: Reader) -> Sorted:
    """Compare mentions with the store."""
    known = mentions.known(reader, [m.id for m in found])
    old = [m for m in found if m.id in known]
    return Sorted(
        new=tuple(m for m in found if m.id not in known),
        changed=tuple(m for m in old if m.content_hash != known[m.id].content_hash),
        answered=tuple(m for m in old if m.reply and known[m.id].replied_at is None),
        known=known,
    )


def understand_new(batch: Sorted, mind: Mind, reader: Reader) -> Understood:
    """Score and group the new mentions against what is known."""
    mind.book.pin(stories.of_open_cases(reader))
    return understand(batch.new, mind, _story_of(reader))


def _story_of(reader: Reader) -> Callable[[Sequence[str]], dict[str, str]]:
    """Return a look-up: the stories of stored mentions by id."""

    def find(ids: Sequence[str]) -> dict[str, str]:
        return {k.id: k.story_id for k in mentions.known(reader, ids).values() if k.story_id}

    return find


def store_batch(tx: Transaction, batch: Sorted, understood: Understood, mind: Mind) -> None:
    """Write a round's mentions, matches, versions, replies and stories."""
    mentions.add(tx, understood.mentions)
    mentions.add_matches(tx, understood.matches)
    if batch.changed:
        table, hits = rewritten(batch.changed, mind)
        mentions.replace(tx, table)
        mentions.add_matches(tx, hits)
    for mention in batch.answered:
        mentions.set_reply(tx, mention.id, mention.reply, mention.replied_at)
    stories.put(tx, [story_row(state) for state in understood.stories.changed])
    for merge in understood.stories.merges:
        stories.merge(tx, merge.kept, merge.gone)
    stories.pin_those_of_open_cases(tx)


def story_row(state: StoryState) -> stories.StoryRow:
    """Return a story as it is stored."""
    return stories.StoryRow(
        id=state.id,
        title=state.title,
        place=state.place,
        first_at=state.first_seen,
        last_at=state.last_seen,
        size=state.size,
        state=to_json(state),
        merged_into=state.into,
    )


def run_of(gathered: Gathered, batch: Sorted, now: datetime) -> SourceRun:
    """Return the row that says how a source fared."""
    name = gathered.source.name
    stored = sum(1 for m in batch.new if m.source == name)
    updated = sum(1 for m in batch.changed if m.source == name)
    fetched = len(gathered.collected.entries)
    return SourceRun(
        source=name,
        started_at=gathered.started_at,
        finished_at=now,
        status=outcome(gathered).value,
        reason=gathered.collected.failure[:500],
        fetched=fetched,
        stored=stored,
        updated=updated,
        duplicates=max(fetched - stored - updated, 0),
        problems=gathered.collected.problems[:20],
    )


def tally(runs: Sequence[SourceRun], understood: Understood) -> Tally:
    """Add a round up."""
    return Tally(
        fetched=sum(run.fetched for run in runs),
        stored=sum(run.stored for run in runs),
        updated=sum(run.updated for run in runs),
        duplicates=sum(run.duplicates for run in runs),
        matched=understood.matched,
        reposts=understood.reposts,
    )
