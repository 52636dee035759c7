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
from models.features import (
    BLOCKS,
    BUCKET_BITS,
    BUCKETS,
    MAX_CHARS,
    block_factors,
    code_points,
    grams,
)
from models.labels import HEADS, KINDS, LABELS, UNCLASSIFIED, Head
from models.weight_files import Arrays, Manifest, WeightsError, packaged, read_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from models.features import Codes, Grams

__all__ = ["Classifier", "Evidence", "Scores", "WeightsError", "load", "score_batch"]

Floats = NDArray[np.float32]

CHARS_A_BATCH: Final = 50_000
"""Characters scored at once: their arrays stay in the cache."""

TEXTS_A_BATCH: Final = 4_096


class ScoreLineError(ValueError):
    """A line of `yuqing score` input that cannot be read; the message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadScores:
    """One head over n texts.

    `best` (n,) is the class chosen, by number; `label` (n,) its name, "unclassified" where the
    model is unsure; `probability` (n,) is the chosen class's; `probabilities` (n, classes)
    float32 are in the order of `classes`, rows sum to one.
    """

    classes: tuple[str, ...]
    best: NDArray[np.int64]
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

    id: str | int
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

    id: str | int
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
    return ScoreRequest(id=identity, text=text, kind=kind)


@dataclass(frozen=True, slots=True)
class _Bag:
    """Weighted n-grams of a batch, grouped by text: text t owns rows[bounds[t]:bounds[t+1]]."""

    rows: NDArray[np.int64]
    weights: Floats
    counts: NDArray[np.int64]
    bounds: NDArray[np.int64]


class Classifier:
    """A trained model ready to score; build it with `load`."""

    def __init__(self, manifest: Manifest, arrays: Arrays) -> None:
        self.manifest = manifest
        self.version = manifest.version
        self._arrays = arrays
        self._row_of = np.full(BUCKETS, -1, dtype=np.int32)
        self._row_of[arrays.buckets] = np.arange(arrays.buckets.size, dtype=np.int32)
        self._first_rows = np.searchsorted(arrays.buckets, np.arange(BLOCKS) << BUCKET_BITS)
        ends = np.cumsum([len(block.labels) for block in manifest.blocks])
        self._columns = {
            block.name: slice(int(end) - len(block.labels), int(end))
            for block, end in zip(manifest.blocks, ends, strict=True)
        }
        self._labels = {block.name: block.labels for block in manifest.blocks}
        self._curves = {block.name: block.curve for block in manifest.blocks}
        self._lifts = {name: self._lifts_of(name) for name in HEADS if name in self._labels}
        experts = [self._lifts_of(f"sentiment/{name}") for name in self._labels.get("domain", ())]
        self._expert_lifts = np.array(experts, dtype=np.float32).reshape(-1, 3)
        kinds = np.array([KINDS.index(kind) for kind in manifest.domain_kinds])
        self._domain_is_kind = (kinds[:, None] == np.arange(len(KINDS))).astype(np.float32)

    def _lifts_of(self, block: str) -> Floats:
        """Return (classes,) the lifts of a block, of all three sentiments for an expert."""
        classes = tuple(LABELS["sentiment"]) if "/" in block else self._labels[block]
        lifts = dict(zip(self._labels[block], self.manifest.lifts.get(block, ()), strict=False))
        return np.array([lifts.get(label, 1.0) for label in classes], dtype=np.float32)

    def _lifts_by_kind(self, head: Head, kind: Floats) -> Floats:
        """Return (n, classes) the lifts of a head: chosen on messages, they are for messages."""
        message = kind.argmax(axis=1) == KINDS.index("citizen_message")
        lifts: Floats = np.where(message[:, None], self._lifts[head], np.float32(1))
        return lifts

    def score(self, texts: Sequence[str], kinds: Sequence[str | None] | None = None) -> Scores:
        """Return all heads for the texts; a kind that is None is judged from the text."""
        given = _kind_numbers(kinds, len(texts))
        batches = [self._probabilities(texts[part], given[part]) for part in _parts(texts)]
        joined = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
        # Every text has its length mark; one with nothing else says nothing.
        blank = joined["known"] <= 1
        lifts = {name: self._lifts_by_kind(name, joined["kind"]) for name in self._lifts}
        return Scores(
            sentiment=self._head("sentiment", joined["sentiment"], joined["lifts"], blank),
            topic=self._head("topic", joined["topic"], lifts["topic"], blank),
            appeal=self._head("appeal", joined["appeal"], lifts["appeal"], blank),
            urgency=self._head("urgency", joined["urgency"], lifts["urgency"], blank),
            official_topic=self._head("official_topic", joined["official_topic"], None, blank),
            kind=np.array(KINDS)[joined["kind"].argmax(axis=1)],
            model=self.version,
        )

    def explain(self, text: str, kind: str | None = None) -> tuple[Evidence, ...]:
        """Return the phrases that spoke most for each head's label, strongest first a head."""
        codes, found, bag = self._bag([text])
        if not bag.rows.size:
            return ()
        towards = self._directions(self._project(bag), kind)
        columns = np.stack([towards[head] for head in HEADS], axis=1)
        columns *= self._arrays.scale[:, None]
        pulls = self._arrays.weights[bag.rows].astype(np.float32) @ columns
        pulls *= (bag.weights / bag.counts)[:, None]
        rows = self._row_of[found.bucket]
        at = np.minimum(np.searchsorted(bag.rows, rows), bag.rows.size - 1)
        pulls = np.where((rows >= 0)[:, None], pulls[at], 0)
        return tuple(
            evidence
            for number, head in enumerate(HEADS)
            for evidence in phrases(
                head, text, codes, char_pull(found, pulls[:, number], codes.values.size)
            )
        )

    def _directions(self, logits: Floats, kind: str | None) -> dict[str, Floats]:
        """Return, a head, which columns speak for the best class and which against it."""
        domain = self._domains(logits, _kind_numbers([kind], 1))
        shares_of_kinds = domain @ self._domain_is_kind
        mixed = (logits + shares_of_kinds @ self._arrays.kind_bias)[0]
        directions: dict[str, Floats] = {
            head: np.zeros(mixed.size, dtype=np.float32) for head in HEADS
        }
        for head in self._lifts:
            part = self._columns[head]
            lifts = self._lifts_by_kind(head, shares_of_kinds)
            chosen = int((self._shares(mixed[None], head) * lifts).argmax())
            directions[head][part] = _towards(mixed[part], chosen)
        shares = self._sentiment(mixed[None], domain) * (domain @ self._expert_lifts)
        best = tuple(LABELS["sentiment"])[int(shares[0].argmax())]
        for share, name in zip(domain[0], self._labels["domain"], strict=True):
            part, labels = self._columns[f"sentiment/{name}"], self._labels[f"sentiment/{name}"]
            if best in labels:
                directions["sentiment"][part] = share * _towards(mixed[part], labels.index(best))
        return directions

    def describe(
        self,
        texts: Sequence[str],
        ids: Sequence[str | int],
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
                urgency=int(scores.urgency.best[i]),
                probabilities={head: _rounded(scores.head(head), i) for head in HEADS},
                evidence=[_line_of(found) for found in self.explain(text, str(scores.kind[i]))],
                model=self.version,
            )

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return (n_texts, columns) logits before kinds and experts are mixed in."""
        return self._project(self._bag(texts)[2])

    def _bag(self, texts: Sequence[str]) -> tuple[Codes, Grams, _Bag]:
        codes = code_points(texts)
        found = grams(codes)
        rows = self._row_of[found.bucket]
        known = rows >= 0
        v = self._arrays.idf.size
        # TEXTS_A_BATCH times the number of n-grams fits 32 bits, which sort twice as fast.
        owners = found.text[known].astype(np.uint32) * np.uint32(v)
        key = np.sort(owners + rows[known].astype(np.uint32))
        first = np.flatnonzero(np.diff(key, prepend=np.uint32(2**32 - 1)))
        counts = np.diff(first, append=key.size)
        unique = key[first]
        row = (unique % np.uint32(v)).astype(np.int64)
        weights = (1 + np.log(counts.astype(np.float32))) * self._arrays.idf[row]
        edges = (np.arange(len(texts))[:, None] * v + self._first_rows).ravel().astype(np.uint32)
        bounds = np.append(np.searchsorted(unique, edges), row.size)
        weights *= block_factors(weights, bounds)
        return codes, found, _Bag(row, weights, counts, bounds[::BLOCKS])

    def _project(self, bag: _Bag) -> Floats:
        weights, columns = self._arrays.weights, self._arrays.bias.size
        out = np.zeros((bag.bounds.size - 1, columns), dtype=np.float32)
        # One small matrix product a text beats every vectorised sum of the gathered rows 4-fold.
        for i in range(out.shape[0]):
            part = slice(bag.bounds[i], bag.bounds[i + 1])
            out[i] = bag.weights[part] @ weights[bag.rows[part]].astype(np.float32)
        out *= self._arrays.scale
        out += self._arrays.bias
        return out

    def _probabilities(self, texts: Sequence[str], given: NDArray[np.int64]) -> dict[str, Floats]:
        bag = self._bag(texts)[2]
        logits = self._project(bag)
        domain = self._domains(logits, given)
        kind = domain @ self._domain_is_kind
        logits += kind @ self._arrays.kind_bias
        heads = {
            name: self._shares(logits, name)
            for name in ("topic", "appeal", "urgency", "official_topic")
        }
        known = np.diff(bag.bounds).astype(np.float32)
        sentiment, lifts = self._sentiment(logits, domain), domain @ self._expert_lifts
        return {**heads, "sentiment": sentiment, "lifts": lifts, "kind": kind, "known": known}

    def _shares(self, logits: Floats, block: str) -> Floats:
        """Return (n, labels) the probabilities of one block."""
        return straightened(_softmax(logits[:, self._columns[block]]), self._curves[block])

    def _sentiment(self, logits: Floats, domain: Floats) -> Floats:
        """Return (n, 3) the experts' opinions, each weighed by its domain."""
        classes = tuple(LABELS["sentiment"])
        mixed = np.zeros((logits.shape[0], len(classes)), dtype=np.float32)
        for i, name in enumerate(self._labels["domain"]):
            expert = f"sentiment/{name}"
            into = [classes.index(label) for label in self._labels[expert]]
            mixed[:, into] += domain[:, [i]] * self._shares(logits, expert)
        return mixed

    def _domains(self, logits: Floats, given: NDArray[np.int64]) -> Floats:
        """Return (n, domains) how much each text looks like each domain of its given kind."""
        allowed = self._domain_is_kind.T[np.maximum(given, 0)] > 0
        allowed |= given[:, None] < 0
        return _softmax(np.where(allowed, logits[:, self._columns["domain"]], -np.inf))

    def _head(
        self, name: str, probabilities: Floats, lifts: Floats | None, blank: NDArray[np.bool_]
    ) -> HeadScores:
        classes = self._labels[name] if name in self._labels else tuple(LABELS["sentiment"])
        best = (probabilities if lifts is None else probabilities * lifts).argmax(axis=1)
        probability = np.take_along_axis(probabilities, best[:, None], axis=1)[:, 0]
        unsure = blank | (probability < self.manifest.at_least.get(name, 0.0))
        return HeadScores(
            classes=classes,
            best=best,
            label=np.where(unsure, UNCLASSIFIED, np.array(classes)[best]),
            probability=probability,
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
            columns[head] = pa.array(found.best.astype(np.int8))
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


def _towards(logits: Floats, best: int) -> Floats:
    """Return how each column moves the lead of the best class over the expected one."""
    direction: Floats = -_softmax(logits[None])[0]
    direction[best] += 1
    return direction


def _parts(texts: Sequence[str]) -> Iterator[slice]:
    """Yield neighbouring texts of about CHARS_A_BATCH characters read; one empty part for none."""
    start = chars = 0
    for i, text in enumerate(texts):
        chars += min(len(text), MAX_CHARS)
        if chars >= CHARS_A_BATCH or i + 1 - start == TEXTS_A_BATCH:
            yield slice(start, i + 1)
            start, chars = i + 1, 0
    if start < len(texts) or not texts:
        yield slice(start, len(texts))


def straightened(shares: Floats, curve: Sequence[tuple[float, float]]) -> Floats:
    """Return (n, labels) probabilities whose best one follows a calibration curve."""
    if not curve or not shares.size:
        return shares
    points = np.array(curve)
    best = shares.argmax(axis=1)[:, None]
    was = np.take_along_axis(shares, best, axis=1)
    told = np.interp(was, points[:, 0], points[:, 1])
    out: Floats = (shares * ((1 - told) / np.maximum(1 - was, 1e-6))).astype(np.float32)
    np.put_along_axis(out, best, told.astype(np.float32), axis=1)
    out /= out.sum(axis=1, keepdims=True)
    return out


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
