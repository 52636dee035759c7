"""How rare a pair of characters is: what a shared 云溪 says that a shared 问题 does not.

The table counts in how many of some forty thousand Chinese news titles, citizen messages and
posts each pair occurs. Pairs share `BUCKETS` hashed places, counts are kept on a logarithmic
scale in one byte; no text can be read out of it. `docs/stories.md` says what it was learned from.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

BUCKETS = 1 << 18
_STEPS_A_DOUBLING = 8
_AT_LEAST_DOCUMENTS = 3  # rarer pairs are left out: they would only collide with others
_MOST_NATS = 8.5
_FOLDER = "background"


class Rarity:
    """Document shares of pairs, from the packaged table or a table given."""

    __slots__ = ("_known",)

    def __init__(self, steps: NDArray[np.uint8], documents: int) -> None:
        # A byte has 256 values: each bucket refers to one of as many (share, weight) pairs.
        counts = np.exp2(np.arange(256) / _STEPS_A_DOUBLING) - 1
        shares = ((counts + 1) / (documents + 1)).clip(max=1.0).tolist()
        values = [(share, weight(share)) for share in shares]
        self._known: list[tuple[float, float]] = [values[step] for step in steps.tolist()]

    def known(self, term: str) -> tuple[float, float]:
        """Return (share of background documents that carry the term, its weight)."""
        return self._known[bucket(term)]

    def share(self, term: str) -> float:
        """Return the share of background documents that carry the term, in (0, 1]."""
        return self._known[bucket(term)][0]


def bucket(term: str) -> int:
    """Return the place of a term in the table."""
    return zlib.crc32(term.encode()) & (BUCKETS - 1)


@cache
def packaged() -> Rarity:
    """Return the table that ships with the product; ValueError when its bytes were changed."""
    folder = resources.files("models") / _FOLDER
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    raw = (folder / "arrays.npz").read_bytes()
    if hashlib.sha256(raw).hexdigest() != manifest["arrays_sha256"]:
        raise ValueError(f"{folder}/arrays.npz was changed: its hash differs from manifest.json")
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        return Rarity(arrays["steps"], int(manifest["documents"]))


def learn(documents: Iterable[Iterable[str]]) -> tuple[NDArray[np.uint8], int]:
    """Return (table, number of documents) counted over documents given as their terms."""
    counts: dict[str, int] = {}
    total = 0
    for terms in documents:
        total += 1
        for term in set(terms):
            counts[term] = counts.get(term, 0) + 1
    table = np.zeros(BUCKETS, np.int64)
    for term, count in counts.items():
        if count >= _AT_LEAST_DOCUMENTS:
            table[bucket(term)] += count
    steps = np.round(np.log2(table + 1) * _STEPS_A_DOUBLING)
    return np.minimum(steps, 255).astype(np.uint8), total


def write(folder: Path, steps: NDArray[np.uint8], documents: int, sources: list[str]) -> None:
    """Write the table and its manifest, which carries the hash and what it was learned from."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, steps=steps)
    (folder / "arrays.npz").write_bytes(buffer.getvalue())
    manifest = {
        "arrays_sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "documents": documents,
        "learned_from": sources,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def weight(share: float) -> float:
    """Return how much a term with this share of documents tells, 0..8.5.

    The information in nats, i = -ln(share) up to 8.5, taken as i^1.5 / 8.5^0.5: a name (8) tells
    much more than a topic (5), a topic more than 问题 (2). The bound keeps one misspelling, which
    no background knows, from deciding alone.
    """
    nats = min(-math.log(share), _MOST_NATS)
    return float(nats**1.5 / _MOST_NATS**0.5)
