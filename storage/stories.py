"""Stories: the compact state each needs to attract its next mention, and what merged into what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.store import Reader, Transaction

OPEN = "SELECT state FROM story WHERE merged_into = '' AND last_at >= ? ORDER BY first_at, id"
SOME = """SELECT s.state FROM story s JOIN (SELECT unnest(?::VARCHAR[]) AS id) wanted
ON s.id = wanted.id WHERE s.merged_into = ''"""
COLUMNS = (
    *("id", "title", "place", "topic", "first_mention_id", "first_at", "last_at"),
    *("size", "state", "merged_into"),
)
MARK_MERGED = "UPDATE story SET merged_into = ? WHERE id = ? OR merged_into = ?"
MOVE_MENTIONS = "UPDATE mention SET story_id = ? WHERE story_id = ?"
MOVE_INCIDENTS = "UPDATE incident SET story_id = ? WHERE story_id = ?"
TITLES = "SELECT id, title FROM story WHERE last_at >= ?"
MEMBERS = """SELECT m.id FROM mention m WHERE m.story_id IN (
  SELECT story_id FROM mention WHERE story_id <> '' AND id IN (SELECT unnest(?::VARCHAR[])))
AND NOT m.exercise ORDER BY m.event_at DESC LIMIT ?"""


def open_states(reader: Reader, since: datetime) -> list[str]:
    """Return the stored states (JSON) of the stories that spoke since then, the eldest first."""
    return [str(row[0]) for row in reader.rows(OPEN, [since])]


def states(reader: Reader, ids: Sequence[str]) -> list[str]:
    """Return the stored states (JSON) of some stories."""
    return [str(row[0]) for row in reader.rows(SOME, [list(ids)])] if ids else []


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRow:
    """A story as it is stored; `state` is the JSON that grouping reads."""

    id: str
    title: str
    place: str
    first_at: datetime
    last_at: datetime
    size: int
    state: str


def put(tx: Transaction, stories: Sequence[StoryRow]) -> None:
    """Write stories as they now stand."""
    rows = [
        [s.id, s.title, s.place, "", s.id, s.first_at, s.last_at, s.size, s.state, ""]
        for s in stories
    ]
    tx.put_rows("story", COLUMNS, rows, known="replace")


def merge(tx: Transaction, kept: str, gone: str) -> None:
    """Give every mention and case of one story to another."""
    tx.run(MOVE_MENTIONS, [kept, gone])
    tx.run(MOVE_INCIDENTS, [kept, gone])
    tx.run(MARK_MERGED, [kept, gone, gone])


def titles(reader: Reader, since: datetime) -> dict[str, str]:
    """Return the titles of the stories that spoke since then."""
    return {row[0]: row[1] for row in reader.rows(TITLES, [since])}


def companions(reader: Reader, mention_ids: Sequence[str], at_most: int) -> list[str]:
    """Return the newest mentions of the stories that some mentions belong to."""
    return [str(row[0]) for row in reader.rows(MEMBERS, [list(mention_ids), at_most])]
