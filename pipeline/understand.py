"""From mentions to a scored table: what matched, what it is about, whose copy, which story."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from models.classifier import Classifier, score_batch
from models.duplicates import RepostIndex, sketch, to_bytes
from models.records import Mention
from models.schema import MATCH, MENTION
from models.stories import Grouped, StoryBook, StoryInput
from models.watch import Document, Matcher

LEAD_CHARACTERS = 300
HEADS = ("sentiment", "topic", "appeal", "urgency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """What understands: the classifier, the compiled queries, the index of the last days.

    `reposts` and `book` only speed up what the stored rows say: `Office.remember` makes them anew.
    `home` is the region's own name: everything here mentions it, so it makes no two mentions
    one matter.
    """

    classifier: Classifier
    matcher: Matcher
    reposts: RepostIndex
    book: StoryBook
    home: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A batch made ready to store: rows of `MENTION` and `MATCH`, and how stories changed."""

    mentions: pa.Table
    matches: pa.Table
    stories: Grouped

    @property
    def matched(self) -> int:
        """How many mentions at least one query matched."""
        return len(set(self.matches["mention_id"].to_pylist()))

    @property
    def reposts(self) -> int:
        """How many mentions are copies."""
        return sum(1 for original in self.mentions["repost_of"].to_pylist() if original)


def understand(
    mentions: Sequence[Mention],
    mind: Mind,
    story_of_stored: Callable[[Sequence[str]], Mapping[str, str]],
) -> Understood:
    """Score, match and group new mentions; the index and the book learn them.

    `story_of_stored` finds the stories of stored mentions that turn out to be originals.
    """
    ordered = sorted(mentions, key=lambda mention: (mention.event_at, mention.id))
    words = [f"{m.title}\n{m.text}" for m in ordered]
    signatures = sketch(words)
    copies = mind.reposts.find_and_add(
        [m.id for m in ordered], signatures, [m.event_at for m in ordered]
    )
    originals = [found.original if found else "" for found in copies]
    known = story_of_stored(sorted({original for original in originals if original}))
    grouped = mind.book.assign(_story_inputs(ordered, originals, known, mind.home))
    story_of = {a.mention: a.story for a in grouped.assignments}
    return Understood(
        mentions=_table(ordered, words, mind, signatures, originals, story_of),
        matches=matches(ordered, mind.matcher),
        stories=grouped,
    )


def rewritten(mentions: Sequence[Mention], mind: Mind) -> tuple[pa.Table, pa.Table]:
    """Score and match mentions whose words changed; reposts and stories stay as they were."""
    words = [f"{m.title}\n{m.text}" for m in mentions]
    signatures = sketch(words)
    none = [""] * len(mentions)
    return _table(mentions, words, mind, signatures, none, {}), matches(mentions, mind.matcher)


def understand_alone(mentions: Sequence[Mention], mind: Mind) -> pa.Table:
    """Return rows of `MENTION` that join no story and no repost: an exercise touches nothing."""
    return rewritten(mentions, mind)[0]


def matches(mentions: Sequence[Mention], matcher: Matcher) -> pa.Table:
    """Return the watch hits of mentions as rows of `MATCH`."""
    documents = [
        Document(title=m.title, text=m.text, source=m.source, tier=m.media_tier, place=m.place)
        for m in mentions
    ]
    rows = [
        {
            "mention_id": mention.id,
            "query": query,
            "term": hit.term,
            "field": hit.field,
            "start_at": hit.start,
            "end_at": hit.end,
            "event_at": _naive(mention.event_at),
        }
        for mention, found in zip(mentions, matcher.match_batch(documents), strict=True)
        for query, hits in found.items()
        for hit in hits
    ]
    return pa.Table.from_pylist(rows, schema=MATCH)


def without(home: str, words: str) -> str:
    """Return words without the region's own name, which makes no two mentions one matter."""
    return words.replace(home, "") if home else words


def _story_inputs(
    mentions: Sequence[Mention],
    originals: Sequence[str],
    known_stories: Mapping[str, str],
    home: str,
) -> list[StoryInput]:
    return [
        StoryInput(
            id=mention.id,
            title=without(home, mention.title) or mention.title,
            lead=without(home, mention.text[:LEAD_CHARACTERS]),
            time=mention.event_at,
            place=mention.place,
            repost_of=original or None,
            original_story=known_stories.get(original),
        )
        for mention, original in zip(mentions, originals, strict=True)
    ]


def _table(
    mentions: Sequence[Mention],
    words: Sequence[str],
    mind: Mind,
    signatures: np.ndarray,
    originals: Sequence[str],
    story_of: Mapping[str, str],
) -> pa.Table:
    kinds = [str(m.kind) for m in mentions]
    scores = score_batch(pa.table({"text": list(words), "kind": kinds}), mind.classifier)
    columns: dict[str, object] = {
        "seq": [0] * len(mentions),
        "version": [1] * len(mentions),
        "sketch": to_bytes(signatures),
        "repost_of": list(originals),
        "story_id": [story_of.get(m.id, "") for m in mentions],
        "gone_at": [None] * len(mentions),
        "model": scores["model"],
        "published_at": [_naive(m.published) for m in mentions],
        "collected_at": [_naive(m.collected) for m in mentions],
        "event_at": [_naive(m.event_at) for m in mentions],
        "replied_at": [_naive(m.replied_at) for m in mentions],
    }
    for head in HEADS:
        columns[head] = scores[head]
        columns[f"{head}_p"] = scores[f"{head}_p"]
    for name in MENTION.names:
        if name not in columns:
            columns[name] = [getattr(m, name) for m in mentions]
    arrays = [_array(columns[field.name], field.type) for field in MENTION]
    return pa.Table.from_arrays(arrays, schema=MENTION)


def _array(values: object, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks().cast(kind)
    return pa.array(values, kind)


def _naive(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None
