"""What is known of a story between two mentions, and what grouping says about a mention."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIVELY_DAYS = 14
"""After how many days a mention counts half in how lively its story is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryInput:
    """What grouping knows of a mention; `lead` is the start of its text, `time` aware.

    `original_story` names the story of the mention it is a repost of, where there is one stored;
    `repost_of` alone is enough when that mention is in the same batch.
    """

    id: str
    title: str
    lead: str
    time: datetime
    place: str = ""
    repost_of: str | None = None
    original_story: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryState:
    """What is stored of a story so that the next mention can be grouped.

    `size` counts its mentions, `independent` those that are no repost; `terms` says how many of
    the independent ones (weighted) speak of each term, the heaviest `KEPT_TERMS`. `lively` is
    how many of them came lately, each halved every `LIVELY_DAYS` up to `last_seen`. `apart` names
    stories an officer split it from; a `pinned` story (split, merged by hand, or an incident)
    is never merged away by the program. `into` names the story that an officer merged this one
    into: this one still finds its mentions, and they belong there.
    """

    id: str
    title: str
    first_seen: datetime
    last_seen: datetime
    size: int
    independent: int
    terms: Mapping[str, float]
    lively: float = 1.0
    place: str = ""
    apart: frozenset[str] = frozenset()
    pinned: bool = False
    into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Where a mention went and why: the share of the story's core it carries, and those terms."""

    mention: str
    story: str
    founds: bool
    share: float
    shared_terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Every mention of story `gone` belongs to story `kept` from now on."""

    kept: str
    gone: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """What a batch changed: where each mention went, the new states, stories that became one.

    Assignments already name the story that remains; `merges` are for mentions stored before.
    """

    assignments: tuple[Assignment, ...]
    changed: tuple[StoryState, ...]
    merges: tuple[Merge, ...] = ()


def to_json(state: StoryState) -> str:
    """Return a state as the text that is stored."""
    row = {
        "id": state.id,
        "title": state.title,
        "first_seen": state.first_seen.astimezone(UTC).isoformat(),
        "last_seen": state.last_seen.astimezone(UTC).isoformat(),
        "size": state.size,
        "independent": state.independent,
        "terms": {term: round(spoken, 3) for term, spoken in state.terms.items()},
        "lively": round(state.lively, 3),
        "place": state.place,
        "apart": sorted(state.apart),
        "pinned": state.pinned,
        "into": state.into,
    }
    return json.dumps(row, ensure_ascii=False)


def from_json(stored: str) -> StoryState:
    """Return a stored state; ValueError when the text is not one."""
    row = json.loads(stored)
    try:
        return StoryState(
            id=row["id"],
            title=row["title"],
            first_seen=datetime.fromisoformat(row["first_seen"]),
            last_seen=datetime.fromisoformat(row["last_seen"]),
            size=row["size"],
            independent=row["independent"],
            terms=row["terms"],
            lively=row["lively"],
            place=row["place"],
            apart=frozenset(row["apart"]),
            pinned=row["pinned"],
            into=row.get("into", ""),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a stored story: {error}") from error


def lively_at(state: StoryState, at: datetime) -> float:
    """Return how lively the story still is at a later time."""
    return state.lively * lively_since(state.last_seen, at)


def lively_since(then: datetime, at: datetime) -> float:
    """Return what a mention of `then` still counts at a later time, 1 halved each `LIVELY_DAYS`."""
    days = max(0.0, (at - then) / timedelta(days=1))
    return float(0.5 ** (days / LIVELY_DAYS))
