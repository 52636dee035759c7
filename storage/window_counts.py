"""Counting windows on the rows that were read: one pass of numpy for each spec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.records import MentionFilter, Window, WindowSpec

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WEEK_US = timedelta(weeks=1) // MICROSECOND
EXAMPLES = 5
CODED = (
    "source", "media_tier", "kind", "place", "topic", "sentiment", "appeal", "story_id", "platform",
    "outlet",
)  # fmt: skip
GROUP_COLUMN = {
    "story": "story_id",
    "topic": "topic",
    "place": "place",
    "source": "source",
    "tier": "media_tier",
}
NO_GROUP = frozenset({"", "unclassified"})
"""Values that put a mention into no group and count as not classified."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of words as numbers: `words[codes[i]]` is the word of row i."""

    codes: Ints
    words: tuple[str, ...]

    def among(self, wanted: Sequence[str]) -> Flags:
        """Return, for each code, whether its word is wanted."""
        return np.array([word in wanted for word in self.words], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Rows:
    """Mentions as columns, in the order of week and time.

    `match_row` and `match_query` are the pairs of a row and a query that matched it. What only the
    present needs (`ids`, `casualty`, `platform`, `outlet`) is empty for the past.
    """

    week: Ints
    at: Ints
    words: dict[str, Coded]
    urgency: Ints
    independent: Flags
    tier_rank: Ints
    tiers: tuple[str, ...]
    match_row: Ints
    match_query: Coded
    ids: pa.ChunkedArray | None = None
    casualty: Flags | None = None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The rows a question looks at, with the number of each one's group."""

    rows: Ints
    groups: Ints
    names: tuple[str, ...]


def rows_of(table: pa.Table, tiers: Sequence[str]) -> Rows:
    """Return a read table as columns ready to count; `tiers` from the highest down."""
    words = {name: _coded(table[name]) for name in CODED if name in table.column_names}
    lists = table["queries"].combine_chunks()
    lengths = np.diff(np.asarray(lists.offsets))
    ranks = np.array([tiers.index(w) for w in words["media_tier"].words] or [0], dtype=np.int64)
    here = "id" in table.column_names
    return Rows(
        week=_ints(table["week"]),
        at=_ints(table["at_us"]),
        words=words,
        urgency=_ints(table["urgency"]),
        independent=_flags(table["independent"]),
        tier_rank=ranks[words["media_tier"].codes],
        tiers=tuple(tiers),
        match_row=np.repeat(np.arange(len(lengths)), lengths),
        match_query=_coded(pa.chunked_array([lists.flatten()])),
        ids=table["id"] if here else None,
        casualty=_flags(table["casualty"]) if here else None,
    )


def _coded(column: pa.ChunkedArray) -> Coded:
    encoded = column.dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        return Coded(np.zeros(0, dtype=np.int64), ())
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Coded(codes, tuple(encoded.dictionary.to_pylist()))


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _flags(column: pa.ChunkedArray) -> Flags:
    return np.asarray(column.to_numpy(), dtype=np.bool_)


def count(present: Rows, past: Rows | None, question: WindowSpec, now: datetime) -> list[Window]:
    """Return the windows of one spec, by group name."""
    span_us, now_us = question.span // MICROSECOND, (now - EPOCH) // MICROSECOND
    first = int(np.searchsorted(present.at, now_us - span_us, side="right"))
    chosen = _chosen(present, question, first, len(present.at))
    counts = np.bincount(chosen.groups, minlength=len(chosen.names))
    keep = counts >= max(1, question.at_least)
    found = _windows(present, _only(chosen, keep), question, now)
    places = _places(question)
    if past is None or not places:
        return _complete(question, found, {}, now)
    wanted = set(found) if question.group_by and question.at_least else None
    return _complete(question, found, _past_counts(past, question, wanted, now_us), now)


def _chosen(rows: Rows, question: WindowSpec, first: int, last: int) -> _Chosen:
    """Return the rows of a slice that pass the filter, with their groups."""
    mask = _passing(rows, question.filter, first, last)
    if question.group_by == "query":
        return _chosen_by_query(rows, question.filter, mask, first, last)
    if question.filter.queries:
        mask &= _matching(rows, question.filter.queries, first, last)
    if not question.group_by:
        passing = np.nonzero(mask)[0] + first
        return _Chosen(passing, np.zeros(len(passing), dtype=np.int64), ("",))
    column = rows.words[GROUP_COLUMN[question.group_by]]
    mask &= ~column.among(tuple(NO_GROUP))[column.codes[first:last]] if column.words else mask
    passing = np.nonzero(mask)[0] + first
    return _Chosen(passing, column.codes[passing], column.words)


def _passing(rows: Rows, chosen: MentionFilter, first: int, last: int) -> Flags:
    mask = np.ones(last - first, dtype=np.bool_)
    wanted = (
        ("topic", chosen.topics),
        ("sentiment", chosen.sentiments),
        ("appeal", chosen.appeals),
        ("media_tier", chosen.tiers),
        ("kind", chosen.kinds),
        ("source", chosen.sources),
        ("place", chosen.places),
        ("story_id", chosen.stories),
    )
    for name, values in wanted:
        column = rows.words[name]
        if values and column.words:
            mask &= column.among(values)[column.codes[first:last]]
    if chosen.urgency_at_least:
        mask &= rows.urgency[first:last] >= chosen.urgency_at_least
    return mask


def _pairs(rows: Rows, queries: Sequence[str], first: int, last: int) -> tuple[Ints, Ints]:
    """Return row and query code of the matches in a slice; no queries means all of them."""
    start, end = np.searchsorted(rows.match_row, (first, last))
    pair_rows, codes = rows.match_row[start:end], rows.match_query.codes[start:end]
    if queries and rows.match_query.words:
        wanted = rows.match_query.among(queries)[codes]
        return pair_rows[wanted], codes[wanted]
    return pair_rows, codes


def _matching(rows: Rows, queries: Sequence[str], first: int, last: int) -> Flags:
    mask = np.zeros(last - first, dtype=np.bool_)
    mask[_pairs(rows, queries, first, last)[0] - first] = True
    return mask


def _chosen_by_query(
    rows: Rows, chosen: MentionFilter, mask: Flags, first: int, last: int
) -> _Chosen:
    pair_rows, codes = _pairs(rows, chosen.queries, first, last)
    passing = mask[pair_rows - first]
    return _Chosen(pair_rows[passing], codes[passing], rows.match_query.words)


def _only(chosen: _Chosen, keep: Flags) -> _Chosen:
    """Leave out the rows of groups that are too small, and number the rest anew."""
    if not len(keep):
        return chosen
    numbers = np.cumsum(keep) - 1
    kept = keep[chosen.groups]
    names = tuple(name for name, wanted in zip(chosen.names, keep, strict=True) if wanted)
    return _Chosen(chosen.rows[kept], numbers[chosen.groups[kept]], names)


def _windows(rows: Rows, chosen: _Chosen, question: WindowSpec, now: datetime) -> dict[str, Window]:
    if not len(chosen.rows):
        return {}
    picked, groups, size = chosen.rows, chosen.groups, len(chosen.names)

    def having(flags: Flags) -> list[int]:
        return np.bincount(groups[flags], minlength=size).tolist()  # type: ignore[no-any-return]

    sentiment = rows.words["sentiment"]
    feelings = sentiment.codes[picked]
    negative = sentiment.among(("negative",))[feelings]
    classified = ~sentiment.among(tuple(NO_GROUP))[feelings]
    casualty = rows.casualty[picked] if rows.casualty is not None else np.zeros_like(negative)
    first, last = _ends(picked, groups, size)
    best = np.full(size, len(rows.tiers), dtype=np.int64)
    np.minimum.at(best, groups, rows.tier_rank[picked])
    columns = zip(
        chosen.names,
        np.bincount(groups, minlength=size).tolist(),
        having(rows.independent[picked]),
        _distinct(groups, rows.words["outlet"].codes[picked], size),
        having(negative),
        having(classified),
        best.tolist(),
        having(rows.urgency[picked] >= 2),
        having(casualty),
        _distinct(groups, rows.words["platform"].codes[picked], size),
        rows.at[first].tolist(),
        rows.at[last].tolist(),
        _most_common(groups, rows.words["story_id"], picked, size),
        _most_common(groups, rows.words["topic"], picked, size),
        _examples(rows, picked, groups, size),
        strict=True,
    )
    start, end = now - question.span, now.astimezone(UTC)
    return {
        name: Window(
            rule=question.rule,
            group=name,
            start=start,
            end=end,
            mentions=mentions,
            independent=independent,
            sources=sources,
            negative=bad,
            classified=known,
            best_tier=rows.tiers[tier],
            urgent=urgent,
            casualty=hurt,
            platforms=platforms,
            first_at=EPOCH + first_us * MICROSECOND,
            last_at=EPOCH + last_us * MICROSECOND,
            story_id=name if question.group_by == "story" else story,
            topic=name if question.group_by == "topic" else topic,
            examples=examples,
        )
        for (
            name, mentions, independent, sources, bad, known, tier, urgent, hurt, platforms,
            first_us, last_us, story, topic, examples,
        ) in columns
    }  # fmt: skip


def _ends(picked: Ints, groups: Ints, size: int) -> tuple[Ints, Ints]:
    """Return the first and the last row of each group; rows lie in time order."""
    first, last = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    first[groups[::-1]] = picked[::-1]
    last[groups] = picked
    return first, last


def _distinct(groups: Ints, codes: Ints, size: int) -> list[int]:
    width = int(codes.max(initial=0)) + 1
    pairs = np.unique(groups * width + codes)
    return np.bincount(pairs // width, minlength=size).tolist()  # type: ignore[no-any-return]


def _most_common(groups: Ints, column: Coded, picked: Ints, size: int) -> list[str]:
    """Return each group's most frequent real word; of equals the first by name, else ''."""
    codes = column.codes[picked]
    real = ~column.among(tuple(NO_GROUP))[codes]
    width = len(column.words)
    pairs, counts = np.unique(groups[real] * width + codes[real], return_counts=True)
    by_name = sorted(range(width), key=column.words.__getitem__)
    rank = np.empty(width, dtype=np.int64)
    rank[by_name] = np.arange(width)
    # Later assignments win: sorted so that the most frequent, then the first by name, comes last.
    order = np.lexsort((-rank[pairs % width], counts))
    best = np.full(size, -1, dtype=np.int64)
    best[pairs[order] // width] = pairs[order] % width
    return [column.words[code] if code >= 0 else "" for code in best.tolist()]


def _examples(rows: Rows, picked: Ints, groups: Ints, size: int) -> list[tuple[str, ...]]:
    """Return the ids of each group's first mentions."""
    if rows.ids is None:
        return [()] * size
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups, minlength=size)
    starts = np.cumsum(sizes) - sizes
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    early = order[place < EXAMPLES]
    ids = rows.ids.take(pa.array(picked[early])).to_pylist()
    found: list[list[str]] = [[] for _ in range(size)]
    for group, mention_id in zip(groups[early].tolist(), ids, strict=True):
        found[group].append(mention_id)
    return [tuple(one) for one in found]


def _places(question: WindowSpec) -> list[tuple[int, int]]:
    """Name the pieces of a spec's past: (n, 0) is n weeks ago, (0, n) is n spans ago."""
    weeks = [(week, 0) for week in range(1, question.baseline_weeks + 1)]
    return weeks + [(0, span) for span in range(1, question.prior_spans + 1)]


def _past_counts(
    past: Rows, question: WindowSpec, wanted: set[str] | None, now_us: int
) -> dict[str, list[int]]:
    """Return the independent mentions of each group at each place of the past."""
    places = _places(question)
    counts: dict[str, list[int]] = {}
    for number, (week, spans_back) in enumerate(places):
        until = now_us - week * WEEK_US - spans_back * (question.span // MICROSECOND)
        first, last = _slice(past, week, until - question.span // MICROSECOND, until)
        chosen = _chosen(past, question, first, last)
        groups = chosen.groups[past.independent[chosen.rows]]
        codes, found = np.unique(groups, return_counts=True)
        for code, independent in zip(codes.tolist(), found.tolist(), strict=True):
            name = chosen.names[code]
            if wanted is None or name in wanted:
                counts.setdefault(name, [0] * len(places))[number] = independent
    return counts


def _slice(rows: Rows, week: int, after_us: int, until_us: int) -> tuple[int, int]:
    """Return the rows of a week whose time lies in (after, until]."""
    start, end = np.searchsorted(rows.week, (week, week + 1))
    first, last = np.searchsorted(rows.at[start:end], (after_us, until_us), side="right")
    return int(start + first), int(start + last)


def _complete(
    question: WindowSpec, found: dict[str, Window], past: dict[str, list[int]], now: datetime
) -> list[Window]:
    """Add to each window its past, and the windows only the past knows."""
    names = set(found)
    if not question.group_by:
        names = {""}
    elif not question.at_least:
        names |= set(past)
    weeks, nothing = question.baseline_weeks, [0] * len(_places(question))
    complete = []
    for name in sorted(names):
        window = found.get(name) or _empty(question, name, now)
        counts = past.get(name, nothing)
        complete.append(_with_past(window, tuple(counts[:weeks]), tuple(counts[weeks:])))
    return complete


def _with_past(window: Window, baseline: tuple[int, ...], prior: tuple[int, ...]) -> Window:
    return replace(window, baseline=baseline, prior=prior) if baseline or prior else window


def _empty(question: WindowSpec, name: str, now: datetime) -> Window:
    return Window(
        rule=question.rule,
        group=name,
        start=now - question.span,
        end=now.astimezone(UTC),
        mentions=0,
        independent=0,
        sources=0,
        negative=0,
        classified=0,
        best_tier="",
        story_id=name if question.group_by == "story" else "",
        topic=name if question.group_by == "topic" else "",
    )
