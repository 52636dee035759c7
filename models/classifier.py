"""What a text means: sentiment, topic, appeal and urgency, each with a calibrated probability.

Inference is numpy alone on exported arrays; `models.training` makes them. One pass serves all
heads: n-grams → sparse weights → a few dozen factors → logits of every head and expert. A head
without experts is one softmax. Sentiment has an expert a domain (news, everyday posts, crisis
posts, reviews, citizen messages), mixed by how much the text looks like each domain.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypedDict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.evidence import Evidence, char_pull, phrases
from models.features import BUCKETS, code_points, grams
from models.labels import HEADS, KINDS, LABELS, UNCLASSIFIED, Head
from models.weight_files import Arrays, Manifest, WeightsError, packaged, read_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.features import Codes, Grams

__all__ = ["Classifier", "Evidence", "Scores", "WeightsError", "load", "score_batch"]

Floats = NDArray[np.float32]

TEXTS_A_BATCH: Final = 256


class ScoreLineError(ValueError):
    """A line of `yuqing score` input that cannot be read; the message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadScores:
    """One head over n texts.

    `label` (n,) str, "unclassified" where the model is unsure; `probability` (n,) of the best
    class; `probabilities` (n, classes) float32 in the order of `classes`, rows sum to one.
    """

    classes: tuple[str, ...]
    label: NDArray[np.str_]
    probability: Floats
    probabilities: Floats
    unclassified: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """All heads over n texts, and the version of the model that gave them.

    `kind` (n,) is the kind that was given, or the one the text looks like. `official_topic`
    is the first level of the official taxonomy of citizen messages, an aid beside `topic`.
    """

    sentiment: HeadScores
    topic: HeadScores
    appeal: HeadScores
    urgency: HeadScores
    official_topic: HeadScores
    kind: NDArray[np.str_]
    model: str

    def head(self, name: Head) -> HeadScores:
        """Return the scores of the head of that name."""
        scores: HeadScores = getattr(self, name)
        return scores


class EvidenceLine(TypedDict):
    """Evidence as `yuqing score` prints it."""

    head: str
    phrase: str
    start: int
    end: int
    weight: float


class ScoreLine(TypedDict):
    """One output line of `yuqing score`."""

    id: str
    sentiment: str
    topic: str
    appeal: str
    urgency: int
    probabilities: dict[str, dict[str, float]]
    evidence: list[EvidenceLine]
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """One input line of `yuqing score`."""

    id: str
    text: str
    kind: str | None = None


def parse_score_line(line: str, number: int) -> ScoreRequest:
    """Return the request on a line of JSON, or raise ScoreLineError naming line `number`."""
    try:
        content = json.loads(line)
    except ValueError as error:
        raise ScoreLineError(f"line {number}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ScoreLineError(f'line {number}: expected an object like {{"id": "1", "text": "…"}}')
    text, kind = content.get("text"), content.get("kind")
    if not isinstance(text, str):
        raise ScoreLineError(f'line {number}: "text" must be a string')
    if kind is not None and kind not in KINDS:
        raise ScoreLineError(f'line {number}: "kind" must be one of {", ".join(KINDS)}, or absent')
    identity = content.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int):
        raise ScoreLineError(f'line {number}: "id" must be a string or a whole number')
    return ScoreRequest(id=str(identity), text=text, kind=kind)


@dataclass(frozen=True, slots=True)
class _Bag:
    """Weighted n-grams of a batch, grouped by text: text t owns rows[bounds[t]:bounds[t+1]]."""

    rows: NDArray[np.int64]
    weights: Floats
    bounds: NDArray[np.int64]


class Classifier:
    """A trained model ready to score; build it with `load`."""

    def __init__(self, manifest: Manifest, arrays: Arrays) -> None:
        self.manifest = manifest
        self.version = manifest.version
        self._idf = arrays.idf
        self._factors = arrays.factors
        self._weights = arrays.weights * arrays.factor_scale[:, None]
        self._bias = arrays.bias
        self._kind_bias = arrays.kind_bias
        self._row_of = np.full(BUCKETS, -1, dtype=np.int32)
        self._row_of[arrays.buckets] = np.arange(arrays.buckets.size, dtype=np.int32)
        ends = np.cumsum([len(block.labels) for block in manifest.blocks])
        self._columns = {
            block.name: slice(int(end) - len(block.labels), int(end))
            for block, end in zip(manifest.blocks, ends, strict=True)
        }
        self._labels = {block.name: block.labels for block in manifest.blocks}
        kinds = np.array([KINDS.index(kind) for kind in manifest.domain_kinds])
        self._domain_is_kind = (kinds[:, None] == np.arange(len(KINDS))).astype(np.float32)

    def score(self, texts: Sequence[str], kinds: Sequence[str | None] | None = None) -> Scores:
        """Return all heads for the texts; a kind that is None is judged from the text."""
        given = _kind_numbers(kinds, len(texts))
        batches = [
            self._probabilities(texts[at : at + TEXTS_A_BATCH], given[at : at + TEXTS_A_BATCH])
            for at in range(0, len(texts), TEXTS_A_BATCH)
        ] or [self._probabilities([], given)]
        joined = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
        return Scores(
            sentiment=self._head("sentiment", joined["sentiment"]),
            topic=self._head("topic", joined["topic"]),
            appeal=self._head("appeal", joined["appeal"]),
            urgency=self._head("urgency", joined["urgency"]),
            official_topic=self._head("official_topic", joined["official_topic"]),
            kind=np.array(KINDS)[joined["kind"].argmax(axis=1)],
            model=self.version,
        )

    def explain(self, text: str, kind: str | None = None) -> tuple[Evidence, ...]:
        """Return the phrases that spoke most for each head's label, strongest first a head."""
        codes, found, bag = self._bag([text])
        logits = self._project(bag) @ self._weights + self._bias
        rows, shares = self._occurrences(found, bag)
        evidence: list[Evidence] = []
        for head, direction in self._directions(logits, _kind_numbers([kind], 1)).items():
            pull = shares * (self._factors[rows] @ direction)
            evidence += phrases(head, text, codes, char_pull(found, pull, codes.values.size))
        return tuple(evidence)

    def _occurrences(self, found: Grams, bag: _Bag) -> tuple[NDArray[np.int32], Floats]:
        """Return row and weight of each n-gram occurrence of one text; unknown ones weigh 0."""
        rows = self._row_of[found.bucket]
        counts = np.bincount(rows[rows >= 0], minlength=self._idf.size)
        share = np.zeros(self._idf.size + 1, dtype=np.float32)
        length = float(np.sqrt(bag.weights @ bag.weights)) or 1.0
        share[bag.rows] = bag.weights / length / counts[bag.rows]
        return rows, share[rows]

    def _directions(self, logits: Floats, given: NDArray[np.int64]) -> dict[str, Floats]:
        """Return, a head, the factor direction from the expected class to the best one."""
        domain = self._domains(logits, given)
        mixed = logits + domain @ self._domain_is_kind @ self._kind_bias
        directions = {
            head: _direction(self._weights[:, part], _softmax(mixed[:, part])[0])
            for head, part in self._columns.items()
            if head in HEADS
        }
        best = self._sentiment(mixed, domain)[0].argmax()
        label = tuple(LABELS["sentiment"])[best]
        directions["sentiment"] = np.zeros(self._weights.shape[0], dtype=np.float32)
        for share, name in zip(domain[0], self._labels["domain"], strict=True):
            part, labels = self._columns[f"sentiment/{name}"], self._labels[f"sentiment/{name}"]
            if label in labels:
                towards = labels.index(label)
                p = _softmax(mixed[:, part])[0]
                directions["sentiment"] += share * _direction(self._weights[:, part], p, towards)
        return {head: directions[head] for head in HEADS}

    def describe(
        self,
        texts: Sequence[str],
        ids: Sequence[str],
        kinds: Sequence[str | None] | None = None,
    ) -> Iterator[ScoreLine]:
        """Yield the output lines of `yuqing score`, in the order of the texts."""
        scores = self.score(texts, kinds)
        for i, (identity, text) in enumerate(zip(ids, texts, strict=True)):
            yield ScoreLine(
                id=identity,
                sentiment=str(scores.sentiment.label[i]),
                topic=str(scores.topic.label[i]),
                appeal=str(scores.appeal.label[i]),
                urgency=int(scores.urgency.probabilities[i].argmax()),
                probabilities={head: _rounded(scores.head(head), i) for head in HEADS},
                evidence=[_line_of(found) for found in self.explain(text, str(scores.kind[i]))],
                model=self.version,
            )

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return (n_texts, columns) logits before kinds and experts are mixed in."""
        return self._project(self._bag(texts)[2]) @ self._weights + self._bias

    def _bag(self, texts: Sequence[str]) -> tuple[Codes, Grams, _Bag]:
        codes = code_points(texts)
        found = grams(codes)
        rows = self._row_of[found.bucket]
        known = rows >= 0
        v = self._idf.size
        key = np.sort(
            found.text[known].astype(np.uint32) * np.uint32(v) + rows[known].astype(np.uint32)
        )
        first = np.flatnonzero(np.diff(key, prepend=np.uint32(0xFFFFFFFF)))
        counts = np.diff(first, append=key.size)
        unique = key[first]
        owner, row = np.divmod(unique, np.uint32(v))
        weight = (1 + np.log(counts.astype(np.float32))) * self._idf[row]
        bounds = np.searchsorted(owner, np.arange(len(texts) + 1))
        return codes, found, _Bag(row.astype(np.int64), weight.astype(np.float32), bounds)

    def _project(self, bag: _Bag) -> Floats:
        out = np.zeros((bag.bounds.size - 1, self._factors.shape[1]), dtype=np.float32)
        # One small matrix product a text beats every vectorised sum of the gathered rows 4-fold.
        for i in range(out.shape[0]):
            part = slice(bag.bounds[i], bag.bounds[i + 1])
            weights = bag.weights[part]
            if weights.size:
                length = np.sqrt(weights @ weights)
                out[i] = (weights / length) @ self._factors[bag.rows[part]].astype(np.float32)
        return out

    def _probabilities(self, texts: Sequence[str], given: NDArray[np.int64]) -> dict[str, Floats]:
        logits = self.logits(texts)
        domain = self._domains(logits, given)
        kind = domain @ self._domain_is_kind
        logits = logits + kind @ self._kind_bias
        heads = {
            name: _softmax(logits[:, self._columns[name]])
            for name in ("topic", "appeal", "urgency", "official_topic")
        }
        return {**heads, "sentiment": self._sentiment(logits, domain), "kind": kind}

    def _sentiment(self, logits: Floats, domain: Floats) -> Floats:
        """Return (n, 3) the experts' opinions, each weighed by its domain."""
        classes = tuple(LABELS["sentiment"])
        mixed = np.zeros((logits.shape[0], len(classes)), dtype=np.float32)
        for i, name in enumerate(self._labels["domain"]):
            expert = f"sentiment/{name}"
            into = [classes.index(label) for label in self._labels[expert]]
            mixed[:, into] += domain[:, [i]] * _softmax(logits[:, self._columns[expert]])
        return mixed

    def _domains(self, logits: Floats, given: NDArray[np.int64]) -> Floats:
        """Return (n, domains) how much each text looks like each domain of its given kind."""
        allowed = self._domain_is_kind.T[np.maximum(given, 0)] > 0
        allowed |= given[:, None] < 0
        return _softmax(np.where(allowed, logits[:, self._columns["domain"]], -np.inf))

    def _head(self, name: str, probabilities: Floats) -> HeadScores:
        classes = self._labels[name] if name in self._labels else tuple(LABELS["sentiment"])
        best = probabilities.max(axis=1)
        unsure = best < self.manifest.at_least.get(name, 0.0)
        label = np.where(unsure, UNCLASSIFIED, np.array(classes)[probabilities.argmax(axis=1)])
        return HeadScores(
            classes=classes,
            label=label,
            probability=best,
            probabilities=probabilities,
            unclassified=unsure,
        )


def load(folder: Path | None = None) -> Classifier:
    """Return the classifier of a weights folder, the packaged one by default.

    Raises WeightsError when a file is missing, of another format, or was changed.
    """
    return Classifier(*read_weights(packaged() if folder is None else folder))


@cache
def packaged_classifier() -> Classifier:
    """Return the classifier that ships with the product, loaded once a process."""
    return load()


def score_batch(table: pa.Table, classifier: Classifier | None = None) -> pa.Table:
    """Return label and probability of every head for a table with columns text and kind.

    Columns out, named as in `models.schema.MENTION`: sentiment, sentiment_p, topic, topic_p,
    appeal, appeal_p, urgency (int8, 0..2), urgency_p, model. Without the column kind, each
    text's kind is judged from the text.
    """
    classifier = classifier or packaged_classifier()
    kinds = table["kind"].to_pylist() if "kind" in table.column_names else None
    scores = classifier.score(table["text"].to_pylist(), kinds)
    columns: dict[str, pa.Array] = {}
    for head in HEADS:
        found = scores.head(head)
        if head == "urgency":
            columns[head] = pa.array(found.probabilities.argmax(axis=1).astype(np.int8))
        else:
            columns[head] = pa.array(found.label, type=pa.string())
        columns[f"{head}_p"] = pa.array(found.probability)
    columns["model"] = pa.repeat(scores.model, table.num_rows)
    return pa.table(columns)


def _kind_numbers(kinds: Sequence[str | None] | None, size: int) -> NDArray[np.int64]:
    if kinds is None:
        return np.full(size, -1)
    number: dict[str | None, int] = {kind: i for i, kind in enumerate(KINDS)}
    number[None] = -1
    return np.fromiter((number[kind] for kind in kinds), dtype=np.int64, count=size)


def _direction(weights: Floats, p: Floats, best: int | None = None) -> Floats:
    towards = int(p.argmax()) if best is None else best
    direction: Floats = weights[:, towards] - weights @ p
    return direction


def _softmax(logits: Floats) -> Floats:
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = exp / exp.sum(axis=1, keepdims=True)
    return shares


def _rounded(scores: HeadScores, i: int) -> dict[str, float]:
    return {
        label: round(float(p), 4)
        for label, p in zip(scores.classes, scores.probabilities[i], strict=True)
    }


def _line_of(found: Evidence) -> EvidenceLine:
    return EvidenceLine(
        head=found.head,
        phrase=found.phrase,
        start=found.start,
        end=found.end,
        weight=round(found.weight, 4),
    )
