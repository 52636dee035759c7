"""Stories: mentions of one matter, grouped as they arrive.

A story is known by its core, the few terms that most of its mentions carry and few others do
(云溪 新城 搅拌 扰民). A mention joins the story whose core it carries enough of; one that
carries none founds a story of its own, named after it, so ids are the same whenever the same
mentions are grouped in the same order. Two stories whose cores grow together are merged into the
older. What an officer merged or split stays so.

Nothing is kept in memory between calls: the open stories come in, the changed ones go out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from models.rarity import packaged
from models.story_book import Grouping, StoryBook, heaviest
from models.story_state import (
    Assignment,
    Grouped,
    Merge,
    StoryInput,
    StoryState,
    from_json,
    lively_at,
    lively_since,
    to_json,
)
from models.story_terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.rarity import Rarity

__all__ = [
    "Assignment",
    "Grouped",
    "Grouping",
    "Merge",
    "StoryBook",
    "StoryInput",
    "StoryState",
    "assign",
    "from_json",
    "merge_stories",
    "rebuild",
    "to_json",
]


def assign(
    mentions: Sequence[StoryInput],
    open_stories: Iterable[StoryState],
    *,
    grouping: Grouping | None = None,
    rarity: Rarity | None = None,
) -> Grouped:
    """Group mentions, in the order given, into the open stories or new ones."""
    book = StoryBook(open_stories, grouping=grouping, rarity=rarity)
    return book.assign(mentions)


def merge_stories(kept: StoryState, gone: StoryState) -> tuple[StoryState, StoryState]:
    """Return the states of two stories that an officer merges: the whole, and the one within.

    The one within goes on finding its mentions by its own core, and they belong to the whole,
    which counts them in `size`: two ways of telling one matter need not share a word. Both are
    pinned. Where the two had been split from each other, that is over.
    """
    last_seen = max(kept.last_seen, gone.last_seen)
    whole = replace(
        kept,
        first_seen=min(kept.first_seen, gone.first_seen),
        last_seen=last_seen,
        size=kept.size + gone.size,
        lively=lively_at(kept, last_seen),
        place=kept.place or gone.place,
        apart=(kept.apart | gone.apart) - {kept.id, gone.id},
        pinned=True,
    )
    return whole, replace(gone, into=kept.id, apart=frozenset(), pinned=True)


def rebuild(
    story_id: str, members: Sequence[StoryInput], *, apart: Iterable[str] = (), pinned: bool = True
) -> StoryState:
    """Return the state of a story from its mentions, as after a split or to repair a row.

    For a split, rebuild both parts and give each the id of the other as `apart`. ValueError when
    there is no mention.
    """
    if not members:
        raise ValueError(f"story {story_id}: no mention left, close it instead of rebuilding it")
    ordered = sorted(members, key=lambda mention: (mention.time, mention.id))
    terms: dict[str, float] = {}
    originals = [mention for mention in ordered if not mention.repost_of] or ordered[:1]
    titles, leads = [m.title for m in originals], [m.lead for m in originals]
    for carried in terms_of(titles, leads):
        for term, spoken in carried.items():
            terms[term] = terms.get(term, 0.0) + spoken
    return StoryState(
        id=story_id,
        title=ordered[0].title,
        first_seen=ordered[0].time,
        last_seen=ordered[-1].time,
        size=len(ordered),
        independent=len(originals),
        terms=heaviest(terms, len(originals), packaged()),
        lively=sum(lively_since(one.time, ordered[-1].time) for one in originals),
        place=ordered[0].place,
        apart=frozenset(apart),
        pinned=pinned,
    )
