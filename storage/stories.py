"""Stories: the compact state each needs to attract its next mention, and what merged into what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.store import Reader, Transaction

# One that an officer merged into another still finds its mentions.
OPEN = """SELECT state FROM story
WHERE last_at >= ?
AND (merged_into = '' OR coalesce(json_extract_string(state, '$.into'), '') <> '')
ORDER BY first_at, id"""
LET_REST = """UPDATE story SET state = json_merge_patch(state, '{"into": ""}') WHERE id = ?"""
WITHIN = """SELECT state FROM story
WHERE merged_into = ? AND coalesce(json_extract_string(state, '$.into'), '') <> ''"""
SOME = """SELECT s.state FROM story s JOIN (SELECT unnest(?::VARCHAR[]) AS id) wanted
ON s.id = wanted.id WHERE s.merged_into = ''"""
COLUMNS = (
    *("id", "title", "place", "topic", "first_mention_id", "first_at", "last_at"),
    *("size", "state", "merged_into"),
)
MARK_MERGED = "UPDATE story SET merged_into = ? WHERE id = ? OR merged_into = ?"
MOVE_MENTIONS = "UPDATE mention SET story_id = ? WHERE story_id = ?"
MOVE_INCIDENTS = "UPDATE incident SET story_id = ? WHERE story_id = ?"
# A story is called what its first mention says; its own title leaves the region's name out.
TITLES = """SELECT s.id, coalesce(f.title, s.title) FROM story s
LEFT JOIN mention f ON f.id = s.first_mention_id AND f.title <> '' WHERE s.last_at >= ?"""
MEMBERS = """SELECT m.id FROM mention m WHERE m.story_id IN (
  SELECT story_id FROM mention WHERE story_id <> '' AND id IN (SELECT unnest(?::VARCHAR[])))
AND NOT m.exercise ORDER BY m.event_at DESC LIMIT ?"""


# Only what a story keeps is compared: an exercise belongs to none.
MEMBER_ROWS = """SELECT id, title, text, event_at, place, repost_of FROM mention
WHERE story_id = ? AND NOT exercise ORDER BY event_at, id"""
TAKEN = "SELECT id FROM story WHERE id IN (SELECT unnest(?::VARCHAR[]))"
MOVE_SOME = "UPDATE mention SET story_id = ? WHERE id IN (SELECT unnest(?::VARCHAR[]))"
CASES_GO_WITH_MOST = """
UPDATE incident SET story_id = ? WHERE story_id = ? AND id IN (
  SELECT im.incident_id FROM incident_mention im JOIN mention m ON m.id = im.mention_id
  WHERE m.story_id IN (?, ?) GROUP BY im.incident_id
  HAVING count(*) FILTER (m.story_id = ?) > count(*) FILTER (m.story_id = ?))
"""
UNTIE_THE_OTHER_PART = """
DELETE FROM incident_mention USING incident i, mention m
WHERE incident_mention.incident_id = i.id AND incident_mention.mention_id = m.id
AND i.closed_at IS NULL AND i.story_id IN (?, ?) AND m.story_id IN (?, ?)
AND m.story_id <> i.story_id
"""
OF_OPEN_CASES = """SELECT DISTINCT story_id FROM incident
WHERE closed_at IS NULL AND story_id <> '' AND NOT exercise"""
PIN_OF_OPEN_CASES = f"""
UPDATE story SET state = json_merge_patch(state, '{{"pinned": true}}')
WHERE id IN ({OF_OPEN_CASES}) AND json_extract_string(state, '$.pinned') = 'false'
"""  # noqa: S608 - a constant of ours


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
    merged_into: str = ""


def put(tx: Transaction, stories: Sequence[StoryRow]) -> None:
    """Write stories as they now stand."""
    rows = [
        [s.id, s.title, s.place, "", s.id, s.first_at, s.last_at, s.size, s.state, s.merged_into]
        for s in stories
    ]
    tx.put_rows("story", COLUMNS, rows, known="replace")


def merge(tx: Transaction, kept: str, gone: str) -> None:
    """Give every mention and case of one story to another."""
    tx.run(MOVE_MENTIONS, [kept, gone])
    tx.run(MOVE_INCIDENTS, [kept, gone])
    tx.run(MARK_MERGED, [kept, gone, gone])


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A mention of a story as grouping saw it; its text may have been emptied since."""

    id: str
    title: str
    text: str
    event_at: datetime
    place: str
    repost_of: str


def members(reader: Reader, story_id: str) -> list[Member]:
    """Return the mentions of a story, the earliest first."""
    return [
        Member(
            id=row[0], title=row[1], text=row[2], event_at=row[3], place=row[4], repost_of=row[5]
        )
        for row in reader.rows(MEMBER_ROWS, [story_id])
    ]


def states_within(reader: Reader, story_id: str) -> list[str]:
    """Return the stored states (JSON) of the stories an officer merged into this one."""
    return [str(row[0]) for row in reader.rows(WITHIN, [story_id])]


def let_rest(tx: Transaction, story_id: str) -> None:
    """Let a merged story find no more mentions; its row stays, so that old addresses lead on."""
    tx.run(LET_REST, [story_id])


def taken(reader: Reader, ids: Sequence[str]) -> set[str]:
    """Return those ids that name a story already, merged ones too."""
    return {str(row[0]) for row in reader.rows(TAKEN, [list(ids)])}


def split_off(tx: Transaction, old: str, made: str, mention_ids: Sequence[str]) -> None:
    """Give some mentions of a story to a new one that is stored already.

    A case goes with the part that holds most of its mentions. An open one is untied from the
    other part: else whatever that part gains would be tied to the case.
    """
    tx.run(MOVE_SOME, [made, list(mention_ids)])
    tx.run(CASES_GO_WITH_MOST, [made, old, made, old, made, old])
    tx.run(UNTIE_THE_OTHER_PART, [old, made, old, made])


def of_open_cases(reader: Reader) -> set[str]:
    """Return the stories of the open cases."""
    return {str(row[0]) for row in reader.rows(OF_OPEN_CASES)}


def pin_those_of_open_cases(tx: Transaction) -> None:
    """Note in the stored states that these are never merged away by the program."""
    tx.run(PIN_OF_OPEN_CASES)


def titles(reader: Reader, since: datetime) -> dict[str, str]:
    """Return the titles of the stories that spoke since then."""
    return {row[0]: row[1] for row in reader.rows(TITLES, [since])}


def companions(reader: Reader, mention_ids: Sequence[str], at_most: int) -> list[str]:
    """Return the newest mentions of the stories that some mentions belong to."""
    return [str(row[0]) for row in reader.rows(MEMBERS, [list(mention_ids), at_most])]
