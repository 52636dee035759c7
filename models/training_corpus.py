"""The labelled texts a classifier is trained on, read from the data folder and corrections.

No text enters the project: the folder is named by the caller. Every text falls into one of ten
parts by a hash of its folded form, so that a split never depends on order or on a seed.
"""

from __future__ import annotations

import csv
import hashlib
import random
import re
from collections import Counter
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from models.fold import fold_texts
from models.labels import APPEALS, HEADS, KINDS, LABELS, SENTIMENTS, TOPICS, URGENCIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

PARTS: Final = 10
HELD_PART: Final = 9
"""The part no model is trained on: `yuqing evaluate` compares models on it."""

NO_LABEL: Final = -1
GOLD: Final = "gold_feedback_dev"
UNLABELLED: Final = "citizen_messages_unlabelled"
OFFICIAL: Final = "taidi2020c_fj2_topics"
SILVER_FILE: Final = "training_labels.tsv"
SHOP_ROWS: Final = 12_000
TAXONOMY: Final = "taidi2020c_fj1_taxonomy"
TAXONOMY_WEIGHT: Final = 0.6

SEED: Final = 0
COPY_WEIGHT: Final = 0.5
NAME_IN_TEXTS: Final = 8
"""In more texts than this, what stands before 小区 or 公司 is taken for a word, not a name."""

_NAMED = re.compile(
    r"([\u4e00-\u9fff]{2})(小区|花园|家园|公司|集团|学校|小学|中学|幼儿园|医院|大道|路|街道|社区|村|镇)"
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One softmax to train: rows of the corpus, their labels by number, their weights.

    `kinds` (n,) are numbers into KINDS. `judged` (n,) says which rows calibrate and measure the
    model: not those that were picked because an earlier model was unsure of them.
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
    """All texts, the part (0..9) of each, the tasks over them, and which rows are held back."""

    texts: tuple[str, ...]
    parts: NDArray[np.int64]
    tasks: tuple[Task, ...]
    unlabelled: NDArray[np.int64]
    sources: tuple[str, ...]

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
        self.rows: dict[str, list[_Row]] = {}

    def add(
        self,
        text: str,
        kind: str,
        labels: Mapping[str, str],
        *,
        weight: float = 1.0,
        judged: bool = True,
        original: int | None = None,
    ) -> int:
        row = len(self.texts)
        self.texts.append(text)
        self.originals.append(row if original is None else original)
        for task, label in labels.items():
            one = _Row(row, label, weight, KINDS.index(kind), judged)
            self.rows.setdefault(task, []).append(one)
        return row

    def task(self, name: str, labels: tuple[str, ...]) -> Task:
        known = [row for row in self.rows.get(name, []) if row.label in labels]
        return Task(
            name=name,
            labels=labels,
            rows=np.array([row.row for row in known], dtype=np.int64),
            y=np.array([labels.index(row.label) for row in known], dtype=np.int64),
            weights=np.array([row.weight for row in known]),
            kinds=np.array([row.kind for row in known], dtype=np.int64),
            judged=np.array([row.judged for row in known], dtype=bool),
        )


def part_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return (n,) the part 0..9 of each text: a hash of what is left of it after folding."""
    joined = ("".join(folded.split()) for folded in fold_texts(texts))
    return np.array(
        [int(hashlib.blake2b(text.encode()).hexdigest()[:8], 16) % PARTS for text in joined]
    )


def read_corpus(data: Path, corrections: pa.Table | None = None) -> Corpus:
    """Return every labelled text of the data folder; FileNotFoundError names a missing set."""
    gathering = _Gathering()
    _add_gold(gathering, data)
    unlabelled = _add_messages(gathering, data)
    _add_official(gathering, data)
    for chosen in SENTIMENT_SETS:
        _add_sentiments(gathering, data, chosen)
    _add_corrections(gathering, corrections)
    _add_renamed(gathering)
    domains = (CITIZEN, *(chosen.domain for chosen in SENTIMENT_SETS))
    judged = [row.label for row in gathering.rows["official_topic"] if row.judged]
    official = tuple(sorted(set(judged)))
    tasks = [
        gathering.task("topic", tuple(TOPICS)),
        gathering.task("appeal", tuple(APPEALS)),
        gathering.task("urgency", tuple(URGENCIES)),
        gathering.task("official_topic", official),
        gathering.task(f"sentiment/{CITIZEN}", tuple(SENTIMENTS)),
        *(gathering.task(f"sentiment/{s.domain}", s.labels) for s in SENTIMENT_SETS),
        gathering.task("domain", domains),
    ]
    return Corpus(
        texts=tuple(gathering.texts),
        parts=part_of(gathering.texts)[gathering.originals],
        tasks=tuple(tasks),
        unlabelled=np.array(unlabelled, dtype=np.int64),
        sources=(GOLD, UNLABELLED, OFFICIAL, TAXONOMY, *(s.file for s in SENTIMENT_SETS)),
    )


def silver_labels() -> dict[str, dict[str, str]]:
    """Return labels by message id that a language model gave beside the gold ones (no text)."""
    lines = (resources.files("models") / SILVER_FILE).read_text(encoding="utf-8").splitlines()
    return {row["uid"]: {h: row[h] for h in HEADS} for row in csv.DictReader(lines, delimiter="\t")}


def _rows(data: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(data / f"{name}.parquet").to_pylist()
    return rows


def _head_labels(row: Mapping[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {head: str(row[head]) for head in HEADS if head != "sentiment"}
    return {**labels, f"sentiment/{CITIZEN}": str(row["sentiment"])}


def _add_gold(gathering: _Gathering, data: Path) -> None:
    for row in _rows(data, GOLD):
        labels = _head_labels(row)
        if row["kind"] == CITIZEN:
            labels["domain"] = CITIZEN
        gathering.add(row["text"], row["kind"], labels)


def _add_messages(gathering: _Gathering, data: Path) -> list[int]:
    gold, silver = {row["uid"] for row in _rows(data, GOLD)}, silver_labels()
    unlabelled = []
    for row in _rows(data, UNLABELLED):
        if row["uid"] in silver:
            labels = _head_labels(silver[row["uid"]])
            gathering.add(row["text"], CITIZEN, labels, judged=False)
        elif row["uid"] not in gold:
            unlabelled.append(gathering.add(row["text"], CITIZEN, {}))
    return unlabelled


def _add_official(gathering: _Gathering, data: Path) -> None:
    for row in _rows(data, OFFICIAL):
        gathering.add(row["text"], CITIZEN, {"official_topic": row["label"]})
    for row in _rows(data, TAXONOMY):
        labels = {"official_topic": row["label"]}
        gathering.add(row["text"], CITIZEN, labels, weight=TAXONOMY_WEIGHT, judged=False)


def _add_sentiments(gathering: _Gathering, data: Path, chosen: SentimentSet) -> None:
    rows = _rows(data, chosen.file)
    if chosen.domain == "shop_review":
        # Shop reviews only lend their words to the other domains: an even sample is enough.
        rows = rows[:: max(1, len(rows) // SHOP_ROWS)]
    for row in rows:
        labels = {
            f"sentiment/{chosen.domain}": chosen.meaning[str(row["label"])],
            "domain": chosen.domain,
        }
        gathering.add(row["text"], chosen.kind, labels)


def _add_renamed(gathering: _Gathering) -> None:
    """Add each labelled message again with other names of estates, firms, schools and roads.

    What stands before such a word in few texts is a name; common words (安置小区) stay. A copy
    stays in the part of its original, so that no model is judged on a text it knows.
    """
    labels: dict[int, dict[str, str]] = {}
    for task in ("topic", "appeal", "urgency", f"sentiment/{CITIZEN}"):
        for one in gathering.rows.get(task, []):
            if KINDS[one.kind] == CITIZEN:
                labels.setdefault(one.row, {})[task] = one.label
    found = [_NAMED.findall(gathering.texts[row]) for row in labels]
    seen = Counter(pair for pairs in found for pair in set(pairs))
    names = sorted({name for (name, _), count in seen.items() if count <= NAME_IN_TEXTS})
    draw = random.Random(SEED)  # noqa: S311 # reproducible copies, no secret

    def renamed(match: re.Match[str]) -> str:
        rare = seen[match[1], match[2]] <= NAME_IN_TEXTS
        return (draw.choice(names) if rare else match[1]) + match[2]

    for row, known in labels.items():
        text = _NAMED.sub(renamed, gathering.texts[row])
        if text != gathering.texts[row]:
            gathering.add(text, CITIZEN, known, weight=COPY_WEIGHT, judged=False, original=row)


def _add_corrections(gathering: _Gathering, corrections: pa.Table | None) -> None:
    """Add officers' labels: columns text, kind, head, label, one row a corrected head."""
    for row in corrections.to_pylist() if corrections is not None else ():
        head, label = row["head"], str(row["label"])
        if head in LABELS and label in LABELS[head]:
            task = f"sentiment/{CITIZEN}" if head == "sentiment" else head
            gathering.add(row["text"], row["kind"] or CITIZEN, {task: label}, judged=False)
