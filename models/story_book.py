"""The open stories with an index from term to story: the working side of grouping."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta
from heapq import nlargest
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.rarity import packaged, weight
from models.story_state import (
    Assignment,
    Grouped,
    Merge,
    StoryInput,
    StoryState,
    lively_at,
)
from models.story_terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from models.rarity import Rarity

CORE_TERMS = 8
"""How many terms say what a story is about."""

KEPT_TERMS = 40
"""How many terms are stored at most, so that the core can shift as a story grows."""

COMPARED = 8
"""How many stories are looked at closely for one mention: those that share most."""

MOST_LIVELY = 200
"""More recent mentions than this pull no stronger."""

LEAST_TELLING = 1.5
"""Terms that tell less than this find no story (half of all stories speak of 问题)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How like a story a mention must be; shares are of the story's core, 0..1.

    `join_at_least` is asked of a mention, `merge_at_least` of two stories. A story silent for
    long asks for up to `silence_adds` more (half of it after `silence_half_days`), a mention of
    another place for `place_adds` more. A story that is lively now pulls: the logarithm of its
    recent mentions times `lively_pull` is added to what they share. `least_core` is what a core
    weighs at least: a story or a title of common words alone attracts nothing.
    """

    join_at_least: float = 0.32
    merge_at_least: float = 0.40
    silence_adds: float = 0.10
    silence_half_days: float = 90.0
    place_adds: float = 0.15
    lively_pull: float = 0.5
    least_core: float = 15.0


def heaviest(terms: Mapping[str, float], independent: int, rarity: Rarity) -> dict[str, float]:
    """Return the terms worth keeping for a story of so many voices: the heaviest, by rarity.

    A story of one mention keeps 16, a grown one `KEPT_TERMS`. Terms are interned, for thousands
    of open stories share most of theirs.
    """
    at_most = min(12 + 4 * independent, KEPT_TERMS)
    heaviness = {term: spoken * rarity.known(term)[1] for term, spoken in terms.items()}
    kept = nlargest(at_most, heaviness, key=heaviness.__getitem__)
    return {sys.intern(term): terms[term] for term in kept}


def merged(kept: StoryState, gone: StoryState) -> StoryState:
    """Return the state of both stories as one, under the id and title of the kept one."""
    terms = dict(kept.terms)
    for term, spoken in gone.terms.items():
        terms[term] = terms.get(term, 0.0) + spoken
    return replace(
        kept,
        first_seen=min(kept.first_seen, gone.first_seen),
        last_seen=max(kept.last_seen, gone.last_seen),
        size=kept.size + gone.size,
        independent=kept.independent + gone.independent,
        lively=lively_at(kept, max(kept.last_seen, gone.last_seen))
        + lively_at(gone, max(kept.last_seen, gone.last_seen)),
        terms=heaviest(terms, kept.independent + gone.independent, packaged()),
        place=kept.place or gone.place,
        apart=kept.apart | gone.apart,
        pinned=kept.pinned or gone.pinned,
    )


_NO_TERMS: Mapping[str, float] = MappingProxyType({})


@dataclass(slots=True)
class _Open:
    """An open story while a book is in use."""

    state: StoryState
    terms: dict[str, float]
    core: dict[str, float] = field(default_factory=dict)
    core_weight: float = 0.0


def _opened(state: StoryState) -> _Open:
    """Return an open story that keeps its terms once."""
    terms = {sys.intern(term): spoken for term, spoken in state.terms.items()}
    return _Open(state=replace(state, terms=_NO_TERMS), terms=terms)


class StoryBook:
    """Open stories with an index from term to story.

    A book may be kept from cycle to cycle to save building it, and may be thrown away at any
    time: it holds nothing that the states it returned do not.
    """

    def __init__(
        self,
        open_stories: Iterable[StoryState] = (),
        *,
        grouping: Grouping | None = None,
        rarity: Rarity | None = None,
    ) -> None:
        self._grouping = grouping or Grouping()
        self._rarity = rarity or packaged()
        self._open: dict[str, _Open] = {}
        self._holders: dict[str, list[str]] = {}
        self._spread: dict[str, int] = {}
        for state in open_stories:
            self._put(_opened(state))
        for story in self._open.values():
            self._refresh(story)

    def __len__(self) -> int:
        return len(self._open)

    def states(self) -> list[StoryState]:
        """Return every open story as it stands."""
        return [replace(story.state, terms=dict(story.terms)) for story in self._open.values()]

    def pin(self, ids: Iterable[str]) -> None:
        """Keep these from being merged away, as those of open cases; unknown ids do nothing."""
        for story_id in ids:
            story = self._open.get(story_id)
            if story is not None and not story.state.pinned:
                story.state = replace(story.state, pinned=True)

    def close(self, *, silent_since: datetime, lone_since: datetime | None = None) -> list[str]:
        """Forget stories whose last mention is older; return their ids.

        Stories of one mention, nine in ten, may be asked to be younger (`lone_since`): each open
        story costs about 4 kB and 70 µs when a book is built.
        """
        lone_since = max(lone_since or silent_since, silent_since)
        old = [
            story_id
            for story_id, story in self._open.items()
            if story.state.last_seen < (lone_since if story.state.size == 1 else silent_since)
        ]
        for story_id in old:
            self._drop(story_id)
        return old

    def assign(self, mentions: Sequence[StoryInput]) -> Grouped:
        """Group mentions, in the order given."""
        carried = terms_of([m.title for m in mentions], [m.lead for m in mentions])
        placed: dict[str, str] = {}
        assignments = []
        for mention, terms in zip(mentions, carried, strict=True):
            again = mention.id in placed or mention.id in self._open
            assignment = self._assign_one(mention, terms, placed)
            placed[mention.id] = assignment.story
            assignments.append(assignment)
            whole = self._whole(assignment.story)
            if whole != assignment.story and not again:
                self._count(whole, mention, {})
        found = dict.fromkeys(a.story for a in assignments)
        merges = self._merge_grown(found)
        kept = {story: self._whole(story) for story in found} | _resolved(merges)
        final = tuple(replace(a, story=kept.get(a.story, a.story)) for a in assignments)
        touched = found | dict.fromkeys([a.story for a in final] + [m.kept for m in merges])
        changed = tuple(self._settled(self._open[id_]) for id_ in touched if id_ in self._open)
        return Grouped(assignments=final, changed=changed, merges=tuple(merges))

    def _whole(self, story_id: str) -> str:
        """Return the story that an officer merged this one into, or itself."""
        story = self._open.get(story_id)
        return story.state.into or story_id if story else story_id

    def _settled(self, story: _Open) -> StoryState:
        """Forget the terms that are not stored, and return the state as it is stored."""
        self._trim(story)
        return replace(story.state, terms=dict(story.terms))

    def _assign_one(
        self, mention: StoryInput, terms: dict[str, float], placed: Mapping[str, str]
    ) -> Assignment:
        again = placed.get(mention.id) or (mention.id if mention.id in self._open else None)
        if again:  # the same mention twice is one mention
            return Assignment(mention=mention.id, story=again, founds=False, share=1.0)
        origin = mention.original_story or placed.get(mention.repost_of or "")
        if origin:
            self._count(origin, mention, {})
            return Assignment(mention=mention.id, story=origin, founds=False, share=1.0)
        story_id, share = self._best(mention, terms)
        if story_id is None:
            self._found(mention, terms)
            return Assignment(mention=mention.id, story=mention.id, founds=True, share=0.0)
        shared = tuple(term for term in self._open[story_id].core if term in terms)
        self._count(story_id, mention, terms)
        return Assignment(
            mention=mention.id, story=story_id, founds=False, share=share, shared_terms=shared
        )

    def _best(self, mention: StoryInput, terms: dict[str, float]) -> tuple[str | None, float]:
        """Return the story whose core the mention carries most of, if it carries enough."""
        weights = {term: self._weight(term) for term in terms}
        own = _heft(_top({term: weights[term] * spoken for term, spoken in terms.items()}))
        best, best_share, best_margin = None, 0.0, 0.0
        common = self._common(terms, weights)
        for story_id in nlargest(COMPARED, common, key=common.__getitem__):
            story = self._open[story_id]
            least = max(min(story.core_weight, own), self._grouping.least_core)
            carried = {
                t: weights[t] * terms[t] * part for t, part in story.core.items() if t in terms
            }
            pull = self._grouping.lively_pull * _log_lively(story.state, mention.time)
            share = (_heft(carried) + pull) / least
            margin = share - self._needed(mention, story.state)
            if margin >= 0 and (best is None or margin > best_margin):
                best, best_share, best_margin = story_id, share, margin
        return best, min(best_share, 1.0)

    def _common(self, terms: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
        """Return for each story the weight of its core that these terms carry."""
        common: dict[str, float] = {}
        for term, spoken in terms.items():
            if weights[term] < LEAST_TELLING:
                continue
            told = weights[term] * spoken
            for story_id in self._holders.get(term, ()):
                part = self._open[story_id].core[term]
                common[story_id] = common.get(story_id, 0.0) + told * part
        return common

    def _needed(self, mention: StoryInput, state: StoryState) -> float:
        rules = self._grouping
        silent_days = max(0.0, (mention.time - state.last_seen) / timedelta(days=1))
        needed = rules.join_at_least
        needed += rules.silence_adds * silent_days / (silent_days + rules.silence_half_days)
        if _elsewhere(mention.place, state.place):
            needed += rules.place_adds
        return needed

    def _weight(self, term: str) -> float:
        """Return what a term tells, here: what many open stories share says little.

        Below three stories in a hundred the local share counts less and less: a matter that
        began as several stories must still be able to come together.
        """
        share, told = self._rarity.known(term)
        here = self._spread.get(term, 0) / (len(self._open) + 500)
        here *= min(1.0, here / 0.03)
        return weight(here) if here > share else told

    def _found(self, mention: StoryInput, terms: dict[str, float]) -> None:
        state = StoryState(
            id=mention.id,
            title=mention.title,
            first_seen=mention.time,
            last_seen=mention.time,
            size=1,
            independent=1,
            terms=_NO_TERMS,
            place=mention.place,
        )
        story = _Open(state=state, terms=heaviest(terms, 1, self._rarity))
        self._put(story)
        self._refresh(story)

    def _count(self, story_id: str, mention: StoryInput, terms: Mapping[str, float]) -> None:
        """Count a mention to a story; a repost brings no terms, and a closed story stays so."""
        story = self._open.get(story_id)
        if story is None:
            return
        state = story.state
        story.state = replace(
            state,
            first_seen=min(state.first_seen, mention.time),
            last_seen=max(state.last_seen, mention.time),
            size=state.size + 1,
            independent=state.independent + bool(terms),
            lively=lively_at(state, mention.time) + bool(terms),
            place=state.place or mention.place,
        )
        if not terms:
            return
        for term, spoken in terms.items():
            if term not in story.terms:
                self._spread[term] = self._spread.get(term, 0) + 1
            story.terms[term] = story.terms.get(term, 0.0) + spoken
        if len(story.terms) > 4 * KEPT_TERMS:
            self._trim(story)
        self._refresh(story)

    def _trim(self, story: _Open) -> None:
        kept = heaviest(story.terms, story.state.independent, self._rarity)
        self._less_spread(story.terms.keys() - kept.keys())
        story.terms = kept

    def _put(self, story: _Open) -> None:
        self._open[story.state.id] = story
        for term in story.terms:
            self._spread[term] = self._spread.get(term, 0) + 1

    def _drop(self, story_id: str) -> _Open:
        story = self._open.pop(story_id)
        self._unlist(story_id, story.core)
        self._less_spread(story.terms)
        return story

    def _unlist(self, story_id: str, terms: Iterable[str]) -> None:
        for term in terms:
            holders = self._holders[term]
            holders.remove(story_id)
            if not holders:
                del self._holders[term]

    def _less_spread(self, terms: Iterable[str]) -> None:
        for term in terms:
            self._spread[term] -= 1
            if not self._spread[term]:
                del self._spread[term]

    def _refresh(self, story: _Open) -> None:
        """Work out the core anew and index the story by it."""
        story_id, count = story.state.id, max(story.state.independent, 1)
        heavy = _top({t: spoken * self._weight(t) / count for t, spoken in story.terms.items()})
        self._unlist(story_id, story.core.keys() - heavy.keys())
        for term in heavy.keys() - story.core.keys():
            self._holders.setdefault(term, []).append(story_id)
        story.core = {term: story.terms[term] / count for term in heavy}
        story.core_weight = _heft(heavy)

    def _merge_grown(self, touched: Iterable[str]) -> list[Merge]:
        """Merge stories whose cores have become one; the older id remains.

        What a merge made is looked at again: it may have grown into a third.
        """
        merges: list[Merge] = []
        waiting = list(touched)
        while waiting:
            story_id = waiting.pop()
            if story_id not in self._open:
                continue
            other, share = self._nearest(self._open[story_id])
            if other is None:
                continue
            kept, gone = _by_age(self._open[story_id].state, other)
            merges.append(Merge(kept=kept.id, gone=gone.id, share=share))
            self._merge(kept, gone)
            waiting.append(kept.id)
        return merges

    def _nearest(self, story: _Open) -> tuple[StoryState | None, float]:
        rules = self._grouping
        best, best_share = None, 0.0
        common = self._common_core(story)
        for other_id in nlargest(COMPARED, common, key=common.__getitem__):
            other = self._open[other_id]
            both = {
                term: self._weight(term) * min(part, other.core[term])
                for term, part in story.core.items()
                if term in other.core
            }
            share = _heft(both) / max(min(story.core_weight, other.core_weight), rules.least_core)
            needed = rules.merge_at_least
            if _elsewhere(story.state.place, other.state.place):
                needed += rules.place_adds
            if share >= needed and share > best_share and _may_merge(story.state, other.state):
                best, best_share = other.state, share
        return best, min(best_share, 1.0)

    def _common_core(self, story: _Open) -> dict[str, float]:
        common: dict[str, float] = {}
        for term, part in story.core.items():
            heaviness = self._weight(term)
            if heaviness < LEAST_TELLING:
                continue
            for other_id in self._holders[term]:
                if other_id != story.state.id:
                    both = heaviness * min(part, self._open[other_id].core[term])
                    common[other_id] = common.get(other_id, 0.0) + both
        return common

    def _merge(self, kept: StoryState, gone: StoryState) -> None:
        old, new = self._drop(kept.id), self._drop(gone.id)
        state = merged(replace(old.state, terms=old.terms), replace(new.state, terms=new.terms))
        story = _opened(state)
        self._put(story)
        self._refresh(story)


def _top(heaviness: Mapping[str, float]) -> dict[str, float]:
    """Return the heaviest terms, as many as a core has."""
    return {t: heaviness[t] for t in nlargest(CORE_TERMS, heaviness, key=heaviness.__getitem__)}


def _heft(heaviness: Mapping[str, float]) -> float:
    """Return what terms weigh together; one that overlaps a heavier one counts half.

    云溪 and 溪新 of 云溪新城 are parts of one name and no two pieces of evidence.
    """
    total, heads, tails = 0.0, set(), set()
    for term in sorted(heaviness, key=heaviness.__getitem__, reverse=True):
        overlaps = term[0] in tails or term[1] in heads
        total += heaviness[term] * (0.5 if overlaps else 1.0)
        heads.add(term[0])
        tails.add(term[1])
    return total


def _log_lively(state: StoryState, at: datetime) -> float:
    """Return the logarithm of how lively a story is, bounded: a storm must not draw in the rest."""
    return math.log(min(max(lively_at(state, at), 1.0), MOST_LIVELY))


def _resolved(merges: Sequence[Merge]) -> dict[str, str]:
    """Return for each story that is gone the one that remains at the end."""
    kept: dict[str, str] = {}
    for merge in reversed(merges):
        kept[merge.gone] = kept.get(merge.kept, merge.kept)
    return kept


def _by_age(one: StoryState, other: StoryState) -> tuple[StoryState, StoryState]:
    """Return (kept, gone): a pinned story is kept, else the one seen first."""
    key = lambda state: (not state.pinned, state.first_seen, state.id)  # noqa: E731 - one use
    kept, gone = sorted((one, other), key=key)
    return kept, gone


def _may_merge(one: StoryState, other: StoryState) -> bool:
    if (one.pinned and other.pinned) or one.into or other.into:
        return False
    return one.id not in other.apart and other.id not in one.apart


def _elsewhere(place: str, other: str) -> bool:
    """Say whether two places are known and neither lies in the other (河南郑州 and 河南)."""
    return bool(place and other) and place not in other and other not in place
