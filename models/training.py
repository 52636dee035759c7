"""Train the classifier: public sets and officers' corrections in, a weights folder out.

Deterministic: the same rows give the same weights. Every figure in the report is of rows that
had no part in the model judging them (`models.training_turns`); a further tenth of everything is
held back for comparing models.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from models.features import BLOCKS, BODY, BUCKET_BITS
from models.labels import HEADS, KINDS
from models.training_corpus import (
    CITIZEN,
    HELD_PART,
    POST,
    SENTIMENT_SETS,
    Corpus,
    Task,
    read_corpus,
)
from models.training_fit import Linear, Machine, blended, fitted
from models.training_turns import Trained, Unseen, finished, in_turns
from models.training_vectors import counted, rarity_of, vocabulary, weighed, word_buckets
from models.training_words import feeling_columns
from models.weight_files import Arrays, Block, Manifest, write_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from models.training_made import Made
    from models.training_metrics import HeadQuality
    from models.training_vectors import Vocabulary

CALIBRATION_PART: Final = 8
"""Part that the router alone is calibrated on; it learns from the parts below."""

CITIZEN_COUNTS: Final = 2.0
"""How much more a citizen message counts when n-grams are chosen and weighed."""

LEAST_SPREAD: Final = 0.05
"""A column that hardly moves on a task must not be blown up to a feature."""

LENT: Final = 0.2
"""Spread of a column beside the n-grams: what words feel like, what other sets' models think."""

PLAIN: Final = Machine()
PLAIN_EXPERT: Final = Machine(firm=0.4)
BY_RATIO: Final = Machine(by_ratio=True)

DOMAIN_PRIOR: Final = {
    CITIZEN: 1.0,
    "news": 1.0,
    "everyday_post": 1.0,
    "weibo_2018": -0.5,
    "shop_review": -2.0,
}
"""Log-odds added to domains: a district collects messages, news and everyday posts far more
than shop reviews, and two domains of the same microblogs must not blur each other."""

PLAIN_TASKS: Final = ("topic", "official_topic")
"""Heads that neither n-grams weighed by term ratio nor the feelings of words helped."""

UNSURE_SHARE: Final = 0.005
UNSURE_AT_MOST: Final = 0.3
SENTIMENT_AT_LEAST: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """What a training run made: the version, its size, and quality of unseen rows a task."""

    version: str
    ngrams: int
    texts: int
    quality: dict[str, HeadQuality]


def train(
    data: Path,
    out: Path,
    corrections: pa.Table | None = None,
    progress: Callable[[str], None] = lambda _: None,
    made: Made | None = None,
) -> TrainingReport:
    """Train on the data folder and the corrections and write a weights folder to `out`.

    `corrections` has the columns text, kind, head, label; `made` are labels and texts of this
    project, the packaged ones by default. Raises FileNotFoundError when a set is missing. Takes
    a quarter of an hour of one core.
    """
    progress("reading texts")
    corpus = read_corpus(data, corrections, made)
    return train_corpus(corpus, out, progress)


def train_corpus(
    corpus: Corpus, out: Path, progress: Callable[[str], None] = lambda _: None
) -> TrainingReport:
    """Train on a corpus already read and write a weights folder to `out`."""
    progress(f"counting n-grams of {len(corpus.texts)} texts")
    chosen, rows = _vectors(corpus)
    trained = _experts(corpus, rows, progress)
    for name in ("topic", "appeal", "urgency", "official_topic"):
        task = corpus.task(name)
        make = partial(_head, rows, task, None if name in PLAIN_TASKS else _lent([], rows, task))
        lifted = name in HEADS
        trained[name] = in_turns(rows.vectors, task, corpus, make, progress, lifted=lifted)
    progress("fitting domain")
    trained["domain"] = _domain(rows, corpus)
    manifest = _manifest(corpus, chosen, trained)
    progress(f"writing {out}")
    write_weights(out, manifest, _arrays(chosen, [trained[b.name].model for b in manifest.blocks]))
    return TrainingReport(
        version=manifest.version,
        ngrams=chosen.buckets.size,
        texts=len(corpus.texts),
        quality={name: one.quality for name, one in trained.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """All texts as vectors (n, v), and of their n-grams the own rarity (v,) a kind and feelings.

    `feelings` (3, v) are the columns of `training_words`.
    """

    vectors: sp.csr_matrix
    rarities: dict[str, NDArray[np.float32]]
    feelings: NDArray[np.float32]

    def of(self, task: Task, at: NDArray[np.int64]) -> sp.csr_matrix:
        """Return the vectors of some rows of a task."""
        return self.vectors[task.rows[at]]

    def rarity(self, task: Task) -> NDArray[np.float32]:
        """Return how rare each n-gram is among the texts of a task's kind."""
        return self.rarities[_kind_of(task.name)]


def _kind_of(task: str) -> str:
    """Return the kind whose words a task is about; the domain is hardest to tell among posts."""
    kinds = {f"sentiment/{chosen.domain}": chosen.kind for chosen in SENTIMENT_SETS}
    return {**kinds, "domain": POST}.get(task, CITIZEN)


def _vectors(corpus: Corpus) -> tuple[Vocabulary, _Rows]:
    counts = counted(corpus.texts)
    kind = np.full(len(corpus.texts), CITIZEN, dtype=object)
    appeal = corpus.task("appeal")
    kind[appeal.rows] = np.array(KINDS, dtype=object)[appeal.kinds]
    for chosen in SENTIMENT_SETS:
        kind[corpus.task(f"sentiment/{chosen.domain}").rows] = chosen.kind
    # Posts have neither title nor closing request: their ends are not worth a place.
    importance = np.tile(np.where(kind == CITIZEN, CITIZEN_COUNTS, 1.0), (BLOCKS, 1))
    importance[BODY + 1 :, kind == POST] = 0
    messages = [corpus.texts[row] for row in np.flatnonzero(kind == CITIZEN)]
    known = vocabulary(counts, importance, word_buckets(messages))
    rarities = {one: rarity_of(counts[np.flatnonzero(kind == one)], known) for one in KINDS}
    rarities[POST] = rarities[POST] * (known.buckets >> BUCKET_BITS == BODY)
    feelings = feeling_columns(corpus.words, known)
    return known, _Rows(vectors=weighed(counts, known), rarities=rarities, feelings=feelings)


def _experts(corpus: Corpus, rows: _Rows, progress: Callable[[str], None]) -> dict[str, Trained]:
    """Return a sentiment model a domain, each helped by what the others' words mean."""
    tasks = {s.domain: corpus.task(f"sentiment/{s.domain}") for s in SENTIMENT_SETS}
    alone: dict[str, Linear] = {}
    for domain, task in tasks.items():
        progress(f"fitting what {domain} lends the others")
        known = np.flatnonzero(corpus.parts[task.rows] != HELD_PART)
        alone[domain] = _fit(rows, task, known, BY_RATIO)
    trained = {}
    for domain, task in tasks.items():
        others = [model for other, model in alone.items() if other != domain]
        make = partial(_expert, rows, task, [_lent(others, rows, task), _lent([], rows, task)])
        lifted = len(task.labels) > 2
        trained[task.name] = in_turns(rows.vectors, task, corpus, make, progress, lifted=lifted)
    task = corpus.task(f"sentiment/{CITIZEN}")
    make = partial(_head, rows, task, _lent([], rows, task))
    trained[task.name] = in_turns(rows.vectors, task, corpus, make, progress, lifted=True)
    return trained


def _expert(
    rows: _Rows, task: Task, beside: Sequence[Linear], at: NDArray[np.int64]
) -> tuple[Linear, ...]:
    """Return what an expert may be: a machine by term ratio or its mean with a plain one.

    Each with every choice of columns `beside` the n-grams: the feelings of words, with what
    other sets lend and without it, for some sets know their own words and are only blurred.
    """
    models: list[Linear] = []
    for one in beside:
        ratio = _fit(rows, task, at, BY_RATIO, one)
        models += [ratio, blended([ratio, _fit(rows, task, at, PLAIN_EXPERT, one)])]
    return tuple(models)


def _head(
    rows: _Rows, task: Task, lent: Linear | None, at: NDArray[np.int64]
) -> tuple[Linear, ...]:
    """Return the one model of a head of messages."""
    plain = _fit(rows, task, at, PLAIN, lent)
    if task.name in PLAIN_TASKS:
        return (plain,)
    return (blended([plain, _fit(rows, task, at, BY_RATIO, lent)]),)


def _lent(models: Sequence[Linear], rows: _Rows, task: Task) -> Linear:
    """Return the feelings of words and all columns of the models, each as wide as a feature may be.

    Of two mirrored columns one is enough.
    """
    lenders = [m.weights[(1 if len(m.weights) == 2 else 0) :] for m in models]
    columns = np.vstack([rows.feelings, *lenders])
    found = np.asarray(rows.vectors[task.rows] @ columns.T)
    columns *= (LENT / np.maximum(found.std(axis=0), LEAST_SPREAD))[:, None].astype(np.float32)
    # A bias would only shift the feature, and that of a class never seen is far off.
    return Linear(
        weights=columns,
        bias=np.zeros(columns.shape[0]),
        kind_bias=np.zeros((len(KINDS), columns.shape[0])),
    )


def _fit(
    rows: _Rows,
    task: Task,
    at: NDArray[np.int64],
    machine: Machine,
    lent: Linear | None = None,
) -> Linear:
    """Fit on n-grams and lent columns, and fold the lent columns back into n-gram weights."""
    rarity, own = rows.rarity(task), rows.of(task, at)
    features = None if lent is None else lent.logits(own)
    model = fitted(
        sp.csr_matrix(own @ sp.diags(rarity)),
        task.y[at],
        len(task.labels),
        task.weights[at],
        machine,
        features,
    )
    plain = model.weights[:, : rarity.size] * rarity
    if lent is not None:
        plain += model.weights[:, rarity.size :] @ lent.weights
    return Linear(weights=plain.astype(np.float32), bias=model.bias, kind_bias=model.kind_bias)


def _domain(rows: _Rows, corpus: Corpus) -> Trained:
    """Return the router: its many rows need one part, not turns, to be calibrated on."""
    task = corpus.task("domain")
    part = corpus.parts[task.rows]
    model = _fit(rows, task, np.flatnonzero(part < CALIBRATION_PART), BY_RATIO)
    at = np.flatnonzero((part == CALIBRATION_PART) & task.judged)
    # A domain must not lean on the kind, which it is to tell; halves judge each other.
    unseen = Unseen(
        logits=model.logits(rows.of(task, at))[None],
        y=task.y[at],
        kinds=np.zeros_like(at),
        turn=np.arange(at.size) % 2,
    )
    found = finished((model,), task, unseen, lifted=False)
    prior = np.array([DOMAIN_PRIOR.get(domain, 0.0) for domain in task.labels])
    return replace(found, model=replace(found.model, bias=found.model.bias + prior))


def _manifest(corpus: Corpus, chosen: Vocabulary, trained: dict[str, Trained]) -> Manifest:
    domains = trained["domain"].labels
    names = [
        "topic",
        "appeal",
        "urgency",
        "official_topic",
        *(f"sentiment/{d}" for d in domains),
        "domain",
    ]
    kind_of = {CITIZEN: CITIZEN, **{s.domain: s.kind for s in SENTIMENT_SETS}}
    at_least = {"sentiment": SENTIMENT_AT_LEAST, "urgency": 0.0}
    for head in HEADS:
        if head not in at_least:
            unsure = float(np.quantile(trained[head].sure, UNSURE_SHARE))
            at_least[head] = round(min(unsure, UNSURE_AT_MOST), 3)
    digest = hashlib.sha256(b"".join(trained[name].model.weights.tobytes() for name in names))
    digest.update(chosen.buckets.tobytes())
    return Manifest(
        version=f"{len(corpus.texts)}-{digest.hexdigest()[:10]}",
        blocks=tuple(
            Block(
                name=name,
                labels=trained[name].labels,
                curve=trained[name].model.curve,
            )
            for name in names
        ),
        domain_kinds=tuple(kind_of[domain] for domain in domains),
        at_least=at_least,
        lifts={name: one.lifts for name, one in trained.items() if set(one.lifts) != {1.0}},
        trained_on=corpus.sources,
        metrics={
            f"{name}/{figure}": round(value, 4)
            for name, one in trained.items()
            for figure, value in one.quality.figures(one.labels).items()
        },
    )


def _arrays(chosen: Vocabulary, models: Sequence[Linear]) -> Arrays:
    weights = np.vstack([model.weights for model in models])
    scale = np.maximum(np.abs(weights).max(axis=1), 1e-9) / 127
    return Arrays(
        buckets=chosen.buckets.astype(np.uint32),
        idf=chosen.idf,
        weights=np.ascontiguousarray(np.round(weights / scale[:, None]).astype(np.int8).T),
        scale=scale.astype(np.float32),
        bias=np.concatenate([model.bias for model in models]).astype(np.float32),
        kind_bias=np.hstack([model.kind_bias for model in models]).astype(np.float32),
    )
