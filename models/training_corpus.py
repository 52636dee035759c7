"""The labelled texts a classifier is trained on, read from the data folder and corrections.

No text enters the project: the folder is named by the caller. Every text falls into one of ten
parts by a hash of its folded form, so that a split never depends on order or on a seed.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from models.fold import fold_texts
from models.labels import APPEALS, HEADS, KINDS, LABELS, SENTIMENTS, TOPICS, URGENCIES
from models.training_made import OFFICIAL, Feeling, Made, packaged_made, text_id
from models.training_names import text_with_other_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    Readings = Mapping[str, tuple[Mapping[str, str], ...]]

PARTS: Final = 10
HELD_PART: Final = 9
"""The part no model is trained on: `yuqing evaluate` compares models on it."""

GOLD: Final = "gold_feedback_dev"
UNLABELLED: Final = "citizen_messages_unlabelled"
TITLES: Final = "thucnews_titles"
OFFICIAL_SET: Final = "taidi2020c_fj2_topics"
SHOP_ROWS: Final = 12_000
HOTEL_CATEGORY: Final = "酒店"
TAXONOMY: Final = "taidi2020c_fj1_taxonomy"
TAXONOMY_WEIGHT: Final = 0.6
ARTICLES: Final = ("eventmonitor_events", "cec_emergency")
"""Whole news articles: by the guide a news report asks nothing, so their appeal is "other"."""

TEACHING_SETS: Final = (GOLD, UNLABELLED, OFFICIAL_SET, TAXONOMY, TITLES, *ARTICLES)
WRITTEN_WEIGHTS: Final = {"appeal": 0.2, "urgency": 0.1}
"""What a text written for training counts beside a real one, where it is not 1 (docs/model.md)."""

SECOND_WEIGHT: Final = 0.5
"""What a label from outside a set counts beside the set's own: a further reader's, a shop's."""

SECOND_WEIGHTS: Final = {"sentiment/news": 1.0}
"""Where a second opinion counts otherwise: a news title's few words leave much to the reader."""

ALWAYS_TRAINS: Final = PARTS
"""Part of the written texts, beside the hashed ones: never left out, for none judges a model."""

SEED: Final = 0
COPY_WEIGHT: Final = 0.5
_EMOTION = {
    "angry": "negative",
    "sad": "negative",
    "fear": "negative",
    "happy": "positive",
    "neutral": "neutral",
    "surprise": "neutral",
}
_BINARY = {"0": "negative", "1": "positive"}
_SIGNED = {"-1": "negative", "0": "neutral", "1": "positive"}
_SAME = {label: label for label in SENTIMENTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentimentSet:
    """A public set that teaches the sentiment of one domain."""

    domain: str
    kind: str
    file: str
    meaning: Mapping[str, str]
    licence: str = "none stated"

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels the set has, in the order of SENTIMENTS."""
        return tuple(label for label in SENTIMENTS if label in self.meaning.values())


SENTIMENT_SETS: Final = (
    SentimentSet(domain="news", kind="news", file="bdci2019_news_sentiment", meaning=_SAME),
    SentimentSet(domain="everyday_post", kind="post", file="smp2020_usual", meaning=_EMOTION),
    SentimentSet(domain="crisis_post", kind="post", file="smp2020_virus", meaning=_EMOTION),
    SentimentSet(domain="covid_post", kind="post", file="weibo_covid_3000", meaning=_SIGNED),
    SentimentSet(
        domain="weibo_2018", kind="post", file="bettafish_weibo2018_train", meaning=_BINARY
    ),
    SentimentSet(domain="hotel_review", kind="post", file="chnsenticorp_htl", meaning=_BINARY),
    SentimentSet(domain="takeaway_review", kind="post", file="waimai_10k", meaning=_BINARY),
    SentimentSet(
        domain="shop_review", kind="post", file="online_shopping_10_cats", meaning=_BINARY
    ),
)
CITIZEN: Final = "citizen_message"
"""The domain of citizen messages; its sentiment is taught by the labelled messages."""
NEWS: Final = "news"
POST: Final = "post"
_DOMAIN: Final = {CITIZEN: CITIZEN, NEWS: "news", POST: "everyday_post"}
"""Whose sentiment expert learns from a text that comes from no set of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One softmax to train: rows of the corpus, their labels by number, their weights.

    `kinds` (n,) are numbers into KINDS. `judged` (n,) says which rows calibrate and measure the
    model: those of the data sets, not what was labelled or written for training. A weight of
    zero is of a row that only judges.
    """

    name: str
    labels: tuple[str, ...]
    rows: NDArray[np.int64]
    y: NDArray[np.int64]
    weights: NDArray[np.float64]
    kinds: NDArray[np.int64]
    judged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """All texts, the part of each, whether it is a renamed copy, the tasks over them.

    `words` are words with their feeling, for `training_words`.

    A part is 0 to 9 by the text's hash, or ALWAYS_TRAINS.
    """

    texts: tuple[str, ...]
    parts: NDArray[np.int64]
    copies: NDArray[np.bool_]
    tasks: tuple[Task, ...]
    sources: tuple[str, ...]
    words: tuple[Feeling, ...] = ()

    def task(self, name: str) -> Task:
        """Return the task of that name; StopIteration when there is none."""
        return next(task for task in self.tasks if task.name == name)


class _Row(NamedTuple):
    row: int
    label: str
    weight: float
    kind: int
    judged: bool


class _Gathering:
    """Texts and labels as they are read, one file after the other."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.originals: list[int] = []
        self.fixed_parts: dict[int, int] = {}
        self.rows: dict[str, list[_Row]] = {}

    def add(self, text: str, original: int | None = None, part: int | None = None) -> int:
        """Add a text and return its row; a copy stays in the part of its `original`."""
        row = len(self.texts)
        self.texts.append(text)
        self.originals.append(row if original is None else original)
        if part is not None:
            self.fixed_parts[row] = part
        return row

    def label(
        self,
        row: int,
        kind: str,
        labels: Mapping[str, str],
        weight: float = 1.0,
        *,
        judged: bool = False,
    ) -> None:
        """Add labels, by task, to a text already added."""
        for task, label in labels.items():
            one = _Row(row, label, weight, KINDS.index(kind), judged)
            self.rows.setdefault(task, []).append(one)

    def parts(self) -> NDArray[np.int64]:
        """Return the part of every text."""
        found = part_of(self.texts)[self.originals]
        found[list(self.fixed_parts)] = list(self.fixed_parts.values())
        return found

    def task(self, name: str, labels: tuple[str, ...]) -> Task:
        known: dict[tuple[int, str], _Row] = {}
        for row in self.rows.get(name, []):
            if row.label in labels:
                # Readers who agree are one row of more weight: half the time of two rows.
                same = known.get((row.row, row.label), row._replace(weight=0.0))
                known[row.row, row.label] = row._replace(
                    weight=row.weight + same.weight, judged=row.judged or same.judged
                )
        rows = list(known.values())
        return Task(
            name=name,
            labels=labels,
            rows=np.array([row.row for row in rows], dtype=np.int64),
            y=np.array([labels.index(row.label) for row in rows], dtype=np.int64),
            weights=np.array([row.weight for row in rows]),
            kinds=np.array([row.kind for row in rows], dtype=np.int64),
            judged=np.array([row.judged for row in rows], dtype=bool),
        )


def part_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return (n,) the part 0..9 of each text: a hash of what is left of it after folding."""
    joined = ("".join(folded.split()) for folded in fold_texts(texts))
    return np.array(
        [int(hashlib.blake2b(text.encode()).hexdigest()[:8], 16) % PARTS for text in joined]
    )


def read_corpus(
    data: Path, corrections: pa.Table | None = None, made: Made | None = None
) -> Corpus:
    """Return every labelled text of the data folder and what was made for training.

    FileNotFoundError names a missing set.
    """
    made = made or packaged_made()
    gathering, read = _Gathering(), made.readings
    _add_gold(gathering, data, read)
    _add_messages(gathering, data, read)
    _add_official(gathering, data)
    for chosen in SENTIMENT_SETS:
        _add_sentiments(gathering, data, chosen, read)
    _add_titles(gathering, data, read)
    _add_articles(gathering, data)
    _add_written(gathering, made)
    _add_corrections(gathering, corrections)
    _add_renamed(gathering)
    domains = (CITIZEN, *(chosen.domain for chosen in SENTIMENT_SETS))
    judged = [row.label for row in gathering.rows[OFFICIAL] if row.judged]
    official = tuple(sorted(set(judged)))
    tasks = [
        gathering.task("topic", tuple(TOPICS)),
        gathering.task("appeal", tuple(APPEALS)),
        gathering.task("urgency", tuple(URGENCIES)),
        gathering.task(OFFICIAL, official),
        gathering.task(f"sentiment/{CITIZEN}", tuple(SENTIMENTS)),
        *(gathering.task(f"sentiment/{s.domain}", s.labels) for s in SENTIMENT_SETS),
        gathering.task("domain", domains),
    ]
    return Corpus(
        texts=tuple(gathering.texts),
        parts=gathering.parts(),
        copies=np.array(gathering.originals) != np.arange(len(gathering.texts)),
        tasks=tuple(tasks),
        sources=(*TEACHING_SETS, *(s.file for s in SENTIMENT_SETS)),
        words=made.words,
    )


def _rows(data: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(data / f"{name}.parquet").to_pylist()
    return rows


def _tasks_of(labels: Mapping[str, Any], domain: str) -> dict[str, str]:
    """Return a text's labels by the name of the task they teach."""
    sentiment = f"sentiment/{domain}"
    return {
        sentiment if head == "sentiment" else head: str(label) for head, label in labels.items()
    }


def _add_gold(gathering: _Gathering, data: Path, read: Readings) -> None:
    for row in _rows(data, GOLD):
        kind, domain = row["kind"], _DOMAIN[row["kind"]]
        labels = _tasks_of({head: row[head] for head in HEADS}, domain)
        at = gathering.add(row["text"])
        known = set(labels)
        if kind == CITIZEN:
            labels["domain"] = CITIZEN
        else:
            sentiment = f"sentiment/{domain}"
            gathering.label(at, kind, {sentiment: labels.pop(sentiment)}, SECOND_WEIGHT)
        gathering.label(at, kind, labels, judged=True)
        _add_readings(gathering, at, kind, _readings_of(read, row["uid"], domain), known)


def _readings_of(read: Readings, identity: str, domain: str) -> list[dict[str, str]]:
    return [_tasks_of(labels, domain) for labels in read.get(identity, ())]


def _add_readings(
    gathering: _Gathering,
    at: int,
    kind: str,
    readings: Sequence[Mapping[str, str]],
    known: set[str],
) -> None:
    """Add readers' labels, by task: the first label of a task counts 1, each later one less.

    `known` are the tasks that the text's own set has labelled. What readers think of official
    topics always counts as a second opinion, for that set has conventions of its own.
    """
    known.add(OFFICIAL)
    for labels in readings:
        for task, label in labels.items():
            second = SECOND_WEIGHTS.get(task, SECOND_WEIGHT)
            gathering.label(at, kind, {task: label}, second if task in known else 1.0)
        known |= labels.keys()


def _add_messages(gathering: _Gathering, data: Path, read: Readings) -> None:
    gold = {row["uid"] for row in _rows(data, GOLD)}
    for row in _rows(data, UNLABELLED):
        if row["uid"] not in gold:
            at = gathering.add(row["text"])
            gathering.label(at, CITIZEN, {"domain": CITIZEN})
            readings = _readings_of(read, row["uid"], CITIZEN)
            _add_readings(gathering, at, CITIZEN, readings, set())


def _add_titles(gathering: _Gathering, data: Path, read: Readings) -> None:
    """Add the news titles of another site whose sentiment readers have told."""
    for text in dict.fromkeys(row["text"] for row in _rows(data, TITLES)):
        readings = _readings_of(read, text_id(NEWS, text), NEWS)
        if readings:
            _add_readings(gathering, gathering.add(text), NEWS, readings, set())


def _add_articles(gathering: _Gathering, data: Path) -> None:
    """Add whole articles: a model that knew titles alone took a long report for a complaint."""
    texts = dict.fromkeys(row["text"] for name in ARTICLES for row in _rows(data, name))
    for text in texts:
        gathering.label(gathering.add(text), NEWS, {"appeal": "other"}, SECOND_WEIGHT)


def _add_written(gathering: _Gathering, made: Made) -> None:
    for text, kind, labels in made.texts:
        at = gathering.add(text, part=ALWAYS_TRAINS)
        for task, label in _tasks_of(labels, _DOMAIN[kind]).items():
            gathering.label(at, kind, {task: label}, WRITTEN_WEIGHTS.get(task, 1.0))


def _add_official(gathering: _Gathering, data: Path) -> None:
    for row in _rows(data, OFFICIAL_SET):
        at = gathering.add(row["text"])
        gathering.label(at, CITIZEN, {OFFICIAL: row["label"]}, judged=True)
    for row in _rows(data, TAXONOMY):
        at = gathering.add(row["text"])
        gathering.label(at, CITIZEN, {OFFICIAL: row["label"]}, TAXONOMY_WEIGHT)


def _add_sentiments(
    gathering: _Gathering,
    data: Path,
    chosen: SentimentSet,
    read: Readings,
) -> None:
    rows = _rows(data, chosen.file)
    if chosen.domain == "shop_review":
        _add_hotels(gathering, data, [row for row in rows if row["cat"] == HOTEL_CATEGORY])
        rows = [row for row in rows if row["cat"] != HOTEL_CATEGORY]
        # Shop reviews only lend their words to the other domains: an even sample is enough.
        rows = rows[:: max(1, len(rows) // SHOP_ROWS)]
    for row in rows:
        label = chosen.meaning[str(row["label"])]
        labels = {f"sentiment/{chosen.domain}": label, "domain": chosen.domain}
        at = gathering.add(row["text"])
        gathering.label(at, chosen.kind, labels, judged=True)
        readings = _readings_of(read, text_id(chosen.kind, row["text"]), chosen.domain)
        _add_readings(gathering, at, chosen.kind, readings, set(labels))


def _add_hotels(gathering: _Gathering, data: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let the shop's hotel reviews teach the expert of hotels; many are in the hotels' own set."""
    hotel = next(chosen for chosen in SENTIMENT_SETS if chosen.domain == "hotel_review")
    known = {row["text"] for row in _rows(data, hotel.file)}
    for row in rows:
        if row["text"] not in known:
            at = gathering.add(row["text"])
            label = hotel.meaning[str(row["label"])]
            gathering.label(at, POST, {f"sentiment/{hotel.domain}": label}, SECOND_WEIGHT)
            gathering.label(at, POST, {"domain": hotel.domain})


def _add_renamed(gathering: _Gathering) -> None:
    """Add each labelled message again with other names, where it has any.

    A copy stays in the part of its original, so that no model is judged on a text it knows.
    """
    labels: dict[int, list[tuple[str, _Row]]] = {}
    for task in ("topic", "appeal", "urgency", f"sentiment/{CITIZEN}"):
        for one in gathering.rows.get(task, []):
            if KINDS[one.kind] == CITIZEN:
                labels.setdefault(one.row, []).append((task, one))
    draw = random.Random(SEED)  # noqa: S311 # reproducible copies, no secret
    for row, known in labels.items():
        text = text_with_other_names(gathering.texts[row], draw)
        if text != gathering.texts[row]:
            at = gathering.add(text, original=row)
            for task, one in known:
                gathering.label(at, CITIZEN, {task: one.label}, COPY_WEIGHT * one.weight)


def _add_corrections(gathering: _Gathering, corrections: pa.Table | None) -> None:
    """Add officers' labels: columns text, kind, head, label, one row a corrected head."""
    for row in corrections.to_pylist() if corrections is not None else ():
        head, label = row["head"], str(row["label"])
        if head in LABELS and label in LABELS[head]:
            kind = row["kind"] or CITIZEN
            gathering.label(
                gathering.add(row["text"]), kind, _tasks_of({head: label}, _DOMAIN[kind])
            )
