"""Train the classifier: public sets and officers' corrections in, a weights folder out.

Deterministic: the same rows give the same weights. Every figure in the report is of rows that
the model judging them had not seen: labelled messages in turns (cross-fitting), the large sets
on a tenth kept for calibration; a further tenth of everything is held back for comparing models.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse as sp

from models.classifier import straightened
from models.labels import HEADS, KINDS, LABELS
from models.training_corpus import (
    CITIZEN,
    COPY_WEIGHT,
    HELD_PART,
    SENTIMENT_SETS,
    Corpus,
    Task,
    read_corpus,
)
from models.training_fit import FIRM, Linear, calibrated, calibration_curve, fitted, softmax
from models.training_metrics import HeadQuality, best_lifts, quality
from models.training_vectors import counted, rarity_of, vocabulary, weighed, word_buckets
from models.weight_files import Arrays, Block, Manifest, write_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from models.training_vectors import Vocabulary

CALIBRATION_PART: Final = 8
TURNS: Final = 4
"""Cross-fitting turns of the small tasks."""

CITIZEN_COUNTS: Final = 2.0
"""How much more a citizen message counts when n-grams are chosen and weighed."""

LENT: Final = 0.3
"""Weight of what the other sets' models think, as features of a sentiment expert."""

DOMAIN_ROWS: Final = 4_000
FIRM_EXPERT: Final = 0.3
FIRM_OFFICIAL: Final = 1.0
NEWS_BALANCE: Final = 0.5
"""Half way to equal classes: good news is rare in the set and was never found otherwise."""

SHARPER: Final = 2.0
DOMAIN_PRIOR: Final = {"everyday_post": 1.0, "weibo_2018": -0.5, "shop_review": -2.0}
"""Log-odds added to domains: a district collects everyday posts far more than shop reviews,
and two domains of the same microblogs must not blur each other."""

LENT_TOPICS: Final = 2.0
"""Length of the 39 topics' weights as features of the official ones, which have few labels."""

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


@dataclass(frozen=True, slots=True)
class _Trained:
    """A calibrated model of one task, with the unseen logits it was calibrated on."""

    model: Linear
    task: Task
    unseen: NDArray[np.int64]
    logits: NDArray[np.float64]

    def shares(self) -> NDArray[np.float64]:
        """Return (n, c) the probabilities of the unseen rows."""
        plain = softmax(self.logits).astype(np.float32)
        return straightened(plain, self.model.curve).astype(np.float64)


def train(
    data: Path,
    out: Path,
    corrections: pa.Table | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> TrainingReport:
    """Train on the data folder and the corrections and write a weights folder to `out`.

    `corrections` has the columns text, kind, head, label. Raises FileNotFoundError when a set is
    missing. Takes some minutes of one core.
    """
    progress("reading texts")
    corpus = read_corpus(data, corrections)
    return train_corpus(corpus, out, progress)


def train_corpus(
    corpus: Corpus, out: Path, progress: Callable[[str], None] = lambda _: None
) -> TrainingReport:
    """Train on a corpus already read and write a weights folder to `out`."""
    progress(f"counting n-grams of {len(corpus.texts)} texts")
    chosen, rows = _vectors(corpus)
    trained = _experts(corpus, rows, progress)
    for name in ("topic", "appeal", "urgency"):
        progress(f"fitting {name}")
        trained[name] = _in_turns(rows, corpus.task(name), corpus.parts, FIRM)
    progress("fitting official topics")
    length = float(np.linalg.norm(trained["topic"].model.weights, axis=1).mean())
    topics = _lent([trained["topic"].model], LENT_TOPICS / length)
    official = corpus.task("official_topic")
    trained["official_topic"] = _in_turns(rows, official, corpus.parts, FIRM_OFFICIAL, topics)
    progress("fitting domain")
    trained["domain"] = _domain(rows, corpus)
    manifest = _manifest(corpus, chosen, trained)
    progress(f"writing {out}")
    write_weights(out, manifest, _arrays(chosen, [trained[b.name].model for b in manifest.blocks]))
    return TrainingReport(
        version=manifest.version,
        ngrams=chosen.buckets.size,
        texts=len(corpus.texts),
        quality={name: _quality(one) for name, one in trained.items()},
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """All texts as vectors (n, v), and the own rarity (v,) of the n-grams of messages and posts."""

    vectors: sp.csr_matrix
    messages: NDArray[np.float32]
    posts: NDArray[np.float32]

    def of(self, task: Task, at: NDArray[np.int64]) -> sp.csr_matrix:
        """Return the vectors of some rows of a task."""
        return self.vectors[task.rows[at]]

    def rarity(self, task: Task) -> NDArray[np.float32]:
        """Return how rare each n-gram is among the texts of a task."""
        apart = task.name.startswith("sentiment/") and task.name != f"sentiment/{CITIZEN}"
        return self.posts if apart or task.name == "domain" else self.messages


def _vectors(corpus: Corpus) -> tuple[Vocabulary, _Rows]:
    counts = counted(corpus.texts)
    message = np.ones(len(corpus.texts), dtype=bool)
    for chosen in SENTIMENT_SETS:
        message[corpus.task(f"sentiment/{chosen.domain}").rows] = False
    messages = [text for text, own in zip(corpus.texts, message, strict=True) if own]
    known = vocabulary(counts, np.where(message, CITIZEN_COUNTS, 1.0), word_buckets(messages))
    rarities = [rarity_of(counts[np.flatnonzero(own)], known) for own in (message, ~message)]
    return known, _Rows(weighed(counts, known), *rarities)


def _experts(corpus: Corpus, rows: _Rows, progress: Callable[[str], None]) -> dict[str, _Trained]:
    """Return a sentiment model a domain, each helped by what the others' words mean."""
    first: dict[str, Linear] = {}
    for chosen in SENTIMENT_SETS:
        progress(f"fitting sentiment of {chosen.domain}")
        task = corpus.task(f"sentiment/{chosen.domain}")
        seen = np.flatnonzero(corpus.parts[task.rows] < CALIBRATION_PART)
        first[chosen.domain] = _fit(rows, task, seen, FIRM_EXPERT)
    trained = {}
    for chosen in SENTIMENT_SETS:
        progress(f"pooling sentiment of {chosen.domain}")
        task = corpus.task(f"sentiment/{chosen.domain}")
        lent = _lent([model for domain, model in first.items() if domain != chosen.domain])
        seen = np.flatnonzero(corpus.parts[task.rows] < CALIBRATION_PART)
        unseen = np.flatnonzero(corpus.parts[task.rows] == CALIBRATION_PART)
        asked, y = rows.of(task, unseen), task.y[unseen]
        alone = first[chosen.domain].logits(asked)
        logits = _fit(rows, task, seen, FIRM_EXPERT, lent).logits(asked)
        # Some sets know all their own words: what the others lend would only blur them.
        helped = (logits.argmax(axis=1) == y).sum() > (alone.argmax(axis=1) == y).sum()
        known = np.concatenate([seen, unseen])
        model = _fit(rows, task, known, FIRM_EXPERT, lent if helped else None)
        logits = logits if helped else alone
        balance = NEWS_BALANCE if chosen.kind == "news" else 0.0
        trained[task.name] = _calibrate(model, task, unseen, logits, balance)
    progress("fitting sentiment of citizen messages")
    task = corpus.task(f"sentiment/{CITIZEN}")
    trained[task.name] = _in_turns(rows, task, corpus.parts, FIRM, _lent(list(first.values())))
    return trained


def _lent(models: Sequence[Linear], weight: float = LENT) -> Linear:
    """Return all columns of the models side by side, scaled to be features."""
    columns = np.vstack([model.weights for model in models]) * np.float32(weight)
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
    firm: float,
    lent: Linear | None = None,
) -> Linear:
    """Fit on n-grams and lent columns, and fold the lent columns back into n-gram weights."""
    rarity, own = rows.rarity(task), rows.of(task, at)
    parts = [sp.csr_matrix(own @ sp.diags(rarity))]
    if lent is not None:
        parts.append(sp.csr_matrix(lent.logits(own).astype(np.float32)))
    y, weights = task.y[at], task.weights[at]
    model = fitted(sp.csr_matrix(sp.hstack(parts)), y, len(task.labels), weights, firm)
    plain = model.weights[:, : rarity.size] * rarity
    if lent is not None:
        plain += model.weights[:, rarity.size :] @ lent.weights
    return Linear(weights=plain.astype(np.float32), bias=model.bias, kind_bias=model.kind_bias)


def _in_turns(
    rows: _Rows,
    task: Task,
    parts: NDArray[np.int64],
    firm: float,
    lent: Linear | None = None,
) -> _Trained:
    """Fit on all but the held part; calibrate on logits of rows left out in turns."""

    def fit(at: NDArray[np.int64]) -> Linear:
        return _fit(rows, task, at, firm, lent)

    part = parts[task.rows]
    known = np.flatnonzero(part != HELD_PART)
    # Copies with other names double the time: they wait for the final fit.
    turned = known[task.weights[known] > COPY_WEIGHT]
    logits = np.zeros((turned.size, len(task.labels)))
    for turn in range(TURNS):
        out = part[turned] % TURNS == turn
        logits[out] = fit(turned[~out]).logits(rows.of(task, turned[out]))
    judged = task.judged[turned]
    return _calibrate(fit(known), task, turned[judged], logits[judged])


def _calibrate(
    model: Linear,
    task: Task,
    unseen: NDArray[np.int64],
    logits: NDArray[np.float64],
    balance: float = 0.0,
) -> _Trained:
    kinds = task.kinds[unseen]
    best = calibrated(model, logits, task.y[unseen], kinds, balance)
    warmed = _as_calibrated(model, best, logits) + best.kind_bias[kinds]
    # The curve of a head is that of messages: the other kinds have too few labelled rows.
    of_messages = kinds == KINDS.index(CITIZEN)
    chosen = of_messages if of_messages.any() else np.ones(kinds.size, dtype=bool)
    if not balance:
        curve = calibration_curve(softmax(warmed[chosen]), task.y[unseen][chosen])
        best = replace(best, curve=curve)
    return _Trained(best, task, unseen, warmed)


def _as_calibrated(raw: Linear, best: Linear, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply to raw logits what calibration did to the model."""
    scale = np.abs(best.weights).sum() / max(float(np.abs(raw.weights).sum()), 1e-12)
    moved: NDArray[np.float64] = logits * scale + (best.bias - raw.bias * scale)
    return moved


def _domain(rows: _Rows, corpus: Corpus) -> _Trained:
    task = corpus.task("domain")
    part = corpus.parts[task.rows]
    seen = np.concatenate(
        [
            np.flatnonzero((task.y == domain) & (part < CALIBRATION_PART))[:DOMAIN_ROWS]
            for domain in range(len(task.labels))
        ]
    )
    unseen = np.flatnonzero(part == CALIBRATION_PART)
    model = _fit(rows, task, seen, FIRM_EXPERT)
    plain = Task(
        name=task.name,
        labels=task.labels,
        rows=task.rows,
        y=task.y,
        weights=task.weights,
        kinds=np.zeros_like(task.kinds),
        judged=task.judged,
    )
    found = _calibrate(model, plain, unseen, model.logits(rows.of(task, unseen)), balance=1.0)
    prior = np.array([DOMAIN_PRIOR.get(domain, 0.0) for domain in task.labels])
    sharper = Linear(
        weights=found.model.weights * np.float32(SHARPER),
        bias=found.model.bias * SHARPER + prior,
        kind_bias=found.model.kind_bias,
    )
    return _Trained(sharper, plain, unseen, found.logits * SHARPER + prior)


def _manifest(corpus: Corpus, chosen: Vocabulary, trained: dict[str, _Trained]) -> Manifest:
    domains = trained["domain"].task.labels
    names = [
        "topic",
        "appeal",
        "urgency",
        "official_topic",
        *(f"sentiment/{d}" for d in domains),
        "domain",
    ]
    kind_of = {CITIZEN: CITIZEN, **{s.domain: s.kind for s in SENTIMENT_SETS}}
    lifts: dict[str, tuple[float, ...]] = {}
    at_least = {"sentiment": SENTIMENT_AT_LEAST, "urgency": 0.0}
    for head in HEADS:
        one = trained[f"sentiment/{CITIZEN}" if head == "sentiment" else head]
        shares = one.shares()
        citizen = one.task.kinds[one.unseen] == KINDS.index(CITIZEN)
        if head != "sentiment":
            lifts[head] = best_lifts(shares[citizen], one.task.y[one.unseen][citizen])
        if head not in at_least:
            chosen_ones = (shares * lifts[head]).argmax(axis=1)[:, None]
            sure = np.take_along_axis(shares, chosen_ones, axis=1)
            unsure = float(np.quantile(sure, UNSURE_SHARE))
            at_least[head] = round(min(unsure, UNSURE_AT_MOST), 3)
    digest = hashlib.sha256(b"".join(trained[name].model.weights.tobytes() for name in names))
    digest.update(chosen.buckets.tobytes())
    found = {name: _quality(one) for name, one in trained.items()}
    return Manifest(
        version=f"{len(corpus.texts)}-{digest.hexdigest()[:10]}",
        blocks=tuple(
            Block(
                name=name,
                labels=trained[name].task.labels,
                curve=trained[name].model.curve,
            )
            for name in names
        ),
        domain_kinds=tuple(kind_of[domain] for domain in domains),
        at_least=at_least,
        lifts=lifts,
        trained_on=corpus.sources,
        metrics={
            f"{name}/{figure}": round(value, 4)
            for name, one in found.items()
            for figure, value in one.figures().items()
        },
    )


def _quality(one: _Trained) -> HeadQuality:
    y, shares = one.task.y[one.unseen], one.shares()
    if one.task.name in LABELS or one.task.name == f"sentiment/{CITIZEN}":
        citizen = one.task.kinds[one.unseen] == KINDS.index(CITIZEN)
        y, shares = y[citizen], shares[citizen]
    return quality(shares, y)


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
