"""Labels given, texts written, words felt by a language model for this project (docs/model.md).

No text of a data set is here: labels name a message by its id, a news text or a post by a hash
of it. They teach, and never judge a model.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from models.labels import HEADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LABELS_FILE: Final = "training_labels.tsv"
TEXTS_FILE: Final = "training_texts.tsv"
WORDS_FILE: Final = "training_words.tsv"
OFFICIAL: Final = "official_topic"


class Written(NamedTuple):
    """A text written for training, what kind it is, and its label a head."""

    text: str
    kind: str
    labels: dict[str, str]


class Feeling(NamedTuple):
    """A word, its feeling from -2 (clearly bad) to 2, and whether it tells of acute danger."""

    word: str
    feeling: int
    danger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made for training: readings by a text's id, texts, and words with their feeling.

    A reading is one reader's labels, by head or `official_topic`; a text may have several, each
    made without sight of the others and of the set's own label.
    """

    readings: Mapping[str, tuple[Mapping[str, str], ...]]
    texts: tuple[Written, ...]
    words: tuple[Feeling, ...] = ()


@cache
def packaged_made() -> Made:
    """Return the readings, texts and words that ship with the product."""
    readings: dict[str, tuple[dict[str, str], ...]] = {}
    for row in _rows(LABELS_FILE):
        readings[row["id"]] = (*readings.get(row["id"], ()), _labels(row))
    return Made(
        readings=readings,
        texts=tuple(Written(r["text"], r["kind"], _labels(r)) for r in _rows(TEXTS_FILE)),
        words=tuple(
            Feeling(r["word"], int(r["feeling"]), r["danger"] == "1") for r in _rows(WORDS_FILE)
        ),
    )


def text_id(kind: str, text: str) -> str:
    """Return the id of a text that has none in its set: n(ews) or p(ost), ten hex digits."""
    return kind[0] + hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def _labels(row: dict[str, str]) -> dict[str, str]:
    return {head: row[head] for head in (*HEADS, OFFICIAL) if row[head]}


def _rows(name: str) -> Iterator[dict[str, str]]:
    lines = (resources.files("models") / name).read_text(encoding="utf-8").splitlines()
    return iter(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
