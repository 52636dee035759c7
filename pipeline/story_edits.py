"""What an officer decides about stories: two become one, or one becomes two, and it stays so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain, count

from console.actions import ActionRefusedError
from models.stories import StoryInput, StoryState, from_json, merge_stories, rebuild
from pipeline.absorb import story_row
from pipeline.understand import LEAD_CHARACTERS, without
from storage import stories
from storage.store import Reader, Transaction
from storage.stories import Member


def merge(tx: Transaction, kept_id: str, gone_id: str, note: str) -> None:
    """Give everything of one story to another, which the program never merges away again."""
    _must_have(note)
    if kept_id == gone_id:
        raise ActionRefusedError("不能与自己合并，请填写另一个热点的编号")
    kept, gone = _state(tx, kept_id), _state(tx, gone_id)
    others = [one for one in _states(tx, gone.apart) if one.id != kept_id]
    named_anew = [replace(one, apart=one.apart - {gone_id} | {kept_id}) for one in others]
    within = [replace(one, into=kept_id) for one in _within(tx, gone_id)]
    changed = [*merge_stories(kept, gone), *within, *named_anew]
    stories.put(tx, [story_row(state) for state in changed])
    stories.merge(tx, kept_id, gone_id)


def split(tx: Transaction, story_id: str, mention_ids: Sequence[str], home: str, note: str) -> str:
    """Make some mentions of a story, with their copies, another story; return its id.

    The two are never joined again by the program, and what the whole was kept apart from, both
    parts are.
    """
    _must_have(note)
    whole = _state(tx, story_id)
    members = stories.members(tx, story_id)
    moved = _with_copies(members, mention_ids)
    stay = [member for member in members if member not in moved]
    if not moved:
        raise ActionRefusedError("没有选择本热点的信息，请勾选要拆出的信息")
    if not stay:
        raise ActionRefusedError("不能拆出全部信息，请至少留下一条")
    made = _free_id(tx, [member.id for member in moved])
    changed = [
        rebuild(story_id, _inputs(stay, home), apart=whole.apart | {made}),
        rebuild(made, _inputs(moved, home), apart=whole.apart | {story_id}),
        *(replace(other, apart=other.apart | {made}) for other in _states(tx, whole.apart)),
    ]
    stories.put(tx, [story_row(state) for state in changed])
    for one in _within(tx, story_id):
        # Both parts were made anew from their mentions; this one must not draw from either.
        stories.let_rest(tx, one.id)
    stories.split_off(tx, story_id, made, [member.id for member in moved])
    return made


def _must_have(note: str) -> None:
    if not note.strip():
        raise ActionRefusedError("须写明理由")


def _state(reader: Reader, story_id: str) -> StoryState:
    found = _states(reader, {story_id})
    if not found:
        raise ActionRefusedError(f"没有编号为 {story_id[:64]} 的热点，或它已并入别的热点")
    return found[0]


def _states(reader: Reader, ids: Collection[str]) -> list[StoryState]:
    return [from_json(state) for state in stories.states(reader, sorted(ids))]


def _within(reader: Reader, story_id: str) -> list[StoryState]:
    return [from_json(state) for state in stories.states_within(reader, story_id)]


def _with_copies(members: Sequence[Member], chosen: Sequence[str]) -> list[Member]:
    """Return the chosen members with everything that copies, or is copied by, one of them."""
    wanted = {_origin(member) for member in members if member.id in set(chosen)}
    return [member for member in members if _origin(member) in wanted]


def _origin(member: Member) -> str:
    return member.repost_of or member.id


def _free_id(reader: Reader, ids: Sequence[str]) -> str:
    """Return an id for a story of these mentions: the first of theirs that names none yet."""
    taken = stories.taken(reader, ids)
    numbered = (f"{ids[0]}.{n}" for n in count(2))
    return next(
        id_ for id_ in chain(ids, numbered) if id_ not in taken and not stories.taken(reader, [id_])
    )


def _inputs(members: Sequence[Member], home: str) -> list[StoryInput]:
    return [
        StoryInput(
            id=member.id,
            title=without(home, member.title) or member.title,
            lead=without(home, member.text[:LEAD_CHARACTERS]),
            time=member.event_at,
            place=member.place,
            repost_of=member.repost_of or None,
        )
        for member in members
    ]
