"""Stories: how well events come together among strangers, and how fast.

Six real events (`eventmonitor_events`) among ten times as many news titles and citizen messages
with times drawn at random, grouped in time order; beside datasketch's MinHash LSH over titles.
B³ is over the event mentions, strangers in a story counting against its precision; "all" takes
every stranger for a story of its own, which the real ones among them are not. On citizen messages
the silver clusters of three teams are compared with ours. `learn_rarity` makes the packaged table.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.measure import Row
from models import rarity
from models.stories import StoryBook, StoryInput
from models.story_terms import terms_of

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
LEAD_CHARACTERS = 300
BATCH = 200
FIRST_DAY, DAYS = datetime(2016, 7, 1, tzinfo=UTC), 760
UNDATED = datetime(2018, 5, 1, tzinfo=UTC)
PEER = "datasketch LSH"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A mention with the event it belongs to, empty for a stranger."""

    mention: StoryInput
    event: str


@dataclass(frozen=True, slots=True)
class BCubed:
    """Precision, recall and F1 of Bagga and Baldwin (1998)."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def run() -> Iterator[Row]:
    """Yield B³ of events among strangers, of halves of them, agreement with silver, speed."""
    mixed = events_among_strangers(times_as_many=10)
    start = time.process_time()
    stories = group(mixed)
    seconds = time.process_time() - start
    peer = _peer_groups(mixed)
    ours, theirs = b_cubed(mixed, stories), b_cubed(mixed, peer)
    yield _share("B³ F1, six events among 10 × strangers", ours.f1, theirs.f1, "≥ .95", 0.95)
    yield _share("B³ precision", ours.precision, theirs.precision)
    yield _share("B³ recall", ours.recall, theirs.recall)
    every, of_peer = (b_cubed(mixed, found, strangers=True) for found in (stories, peer))
    yield _share("B³ F1, all, each stranger alone", every.f1, of_peer.f1)
    titles = [Labelled(replace(one.mention, lead=""), one.event) for one in mixed]
    yield _share("B³ F1, titles only", b_cubed(titles, group(titles)).f1, None, "≥ .95", 0.95)
    for half in (0, 1):
        part = events_among_strangers(times_as_many=15, half=half)
        f1 = b_cubed(part, group(part)).f1
        yield _share(f"B³ F1, half {half} of the event names by hash", f1, None, "≥ .95", 0.95)
    yield from _silver()
    yield Row(name="mentions grouped", unit="mentions/CPU-s", ours=round(len(mixed) / seconds))


def group(mixed: Sequence[Labelled], *, batch: int = BATCH) -> list[str]:
    """Return the story of each mention, grouped in batches, merges followed to the end."""
    book, placed, kept = StoryBook(), [], dict[str, str]()
    for start in range(0, len(mixed), batch):
        grouped = book.assign([one.mention for one in mixed[start : start + batch]])
        placed += [assignment.story for assignment in grouped.assignments]
        kept |= {merge.gone: merge.kept for merge in grouped.merges}
    return [_last(story, kept) for story in placed]


def _last(story: str, kept: dict[str, str]) -> str:
    while story in kept:
        story = kept[story]
    return story


def b_cubed(
    mixed: Sequence[Labelled], stories: Sequence[str], *, strangers: bool = False
) -> BCubed:
    """Score the grouping over the labelled mentions, or over strangers (each alone) as well."""
    gold = [one.event or f"alone {one.mention.id}" for one in mixed]
    both = Counter(zip(gold, stories, strict=True))
    of_gold, of_story = Counter(gold), Counter(stories)
    counted = [
        pair for one, *pair in zip(mixed, gold, stories, strict=True) if strangers or one.event
    ]
    precision = sum(both[event, story] / of_story[story] for event, story in counted)
    recall = sum(both[event, story] / of_gold[event] for event, story in counted)
    return BCubed(precision / len(counted), recall / len(counted))


def events_among_strangers(
    *, times_as_many: int, half: int | None = None, seed: int = 1
) -> list[Labelled]:
    """Return events (all, or one half by the hash of their names) and strangers in time order."""
    chance = random.Random(seed)  # noqa: S311 - a benchmark, not a secret
    rows = _rows("eventmonitor_events")
    events = [_event(n, row) for n, row in enumerate(rows) if half in {None, _half(row["label"])}]
    strangers = _strangers()
    chance.shuffle(strangers)
    for stranger in strangers[: times_as_many * len(events)]:
        at = FIRST_DAY + timedelta(minutes=chance.randrange(DAYS * 1440))
        events.append(Labelled(replace(stranger, time=at), ""))
    return sorted(events, key=lambda one: (one.mention.time, one.mention.id))


def _event(number: int, row: dict[str, Any]) -> Labelled:
    lead = row["text"].removeprefix(row["title"])[:LEAD_CHARACTERS]
    at = _time(row["time"]) or UNDATED
    return Labelled(
        StoryInput(id=f"e{number}", title=row["title"], lead=lead, time=at), row["label"]
    )


def _strangers() -> list[StoryInput]:
    titles = [
        StoryInput(id=f"t{n}", title=row["text"], lead="", time=UNDATED)
        for n, row in enumerate(_rows("thucnews_titles"))
    ]
    return titles + [one.mention for one in _messages("")]


def _messages(silver: str) -> list[Labelled]:
    """Return the citizen messages, labelled with a team's clusters where a column is named."""
    return [
        Labelled(
            StoryInput(
                id=f"c{n}",
                title=row["title"] or "",
                lead=(row["text"] or "").removeprefix(row["title"] or "")[:LEAD_CHARACTERS],
                time=_time(row["time"]) or UNDATED,
            ),
            str(row[silver] or "") if silver else "",
        )
        for n, row in enumerate(_rows("citizen_messages_unlabelled"))
    ]


def _silver() -> Iterator[Row]:
    """Compare with the hot issues three teams found; they agree little with one another."""
    for team in ("hot_156", "hot_syu", "hot_ai04"):
        messages = sorted(_messages(team), key=lambda one: (one.mention.time, one.mention.id))
        score = b_cubed(messages, group(messages))
        yield _share(f"silver {team}: B³ F1", score.f1)
        yield _share(f"silver {team}: B³ precision", score.precision)


def _peer_groups(mixed: Sequence[Labelled]) -> list[str]:
    """Group with the peer: a mention joins the first one whose title resembles its own."""
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415 - a peer, bench only

    pairs = [
        {title[at : at + 2].encode() for at in range(len(title) - 1)} or {b""}
        for title in (one.mention.title for one in mixed)
    ]
    index, stories = MinHashLSH(threshold=0.3, num_perm=64), list[str]()
    for at, sketch in enumerate(MinHash.bulk(pairs, num_perm=64)):
        found = index.query(sketch)
        stories.append(stories[min(found)] if found else mixed[at].mention.id)
        index.insert(at, sketch)
    return stories


def _rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(DATA / f"{name}.parquet").to_pylist()
    return rows


def _time(written: str | None) -> datetime | None:
    """Return a time as these sets write it; None for none, or for a year that cannot be."""
    numbers = [int(digits) for digits in re.findall(r"\d+", written or "")][:5]
    if len(numbers) < 3 or not 2000 < numbers[0] < 2021:
        return None
    year, month, day, hour, minute = (numbers + [0, 0])[:5]
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def _half(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 2


def _share(
    name: str,
    ours: float,
    peer: float | None = None,
    goal: str = "",
    at_least: float | None = None,
) -> Row:
    return Row(
        name=name,
        unit="share",
        ours=round(ours, 4),
        peer_name=PEER if peer is not None else "",
        peer=None if peer is None else round(peer, 4),
        goal=goal,
        met=None if at_least is None else ours >= at_least,
    )


SOURCES = (
    ("thucnews_titles", 2),
    ("citizen_messages_unlabelled", 2),
    ("bdci2019_news_sentiment", 1),
    ("gold_feedback_dev", 1),
    ("smp2020_usual", 4),
)
"""What the packaged table is learned from: each set, and one in how many of its rows, by hash."""


def learn_rarity(folder: Path) -> int:
    """Write the table of `models.rarity` into a folder; return the number of documents."""
    titles, leads = [], []
    for name, one_in in SOURCES:
        for row in _rows(name):
            text = row["text"] or ""
            if int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % one_in:
                continue
            whole = name in {"thucnews_titles", "smp2020_usual"}
            title = row.get("title") or (text if whole else text[:30])
            titles.append(title)
            leads.append("" if whole else text if row.get("title") else text[30:])
    steps, documents = rarity.learn(terms.keys() for terms in terms_of(titles, leads))
    sources = [f"{name} (1 in {one_in}, by hash)" for name, one_in in SOURCES]
    rarity.write(folder, steps, documents, sources)
    return documents
