"""Folding: every disguise at once, beside the fastest Traditional → Simplified converter alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import zhconv_rs

from bench._words import messages
from bench.measure import Row, cpu_seconds
from models.fold import fold, fold_text, fold_texts


def run() -> Iterator[Row]:
    """Yield speeds in million characters a CPU second."""
    texts = [text for row in messages(3_000) for text in row]
    size = sum(map(len, texts)) / 1e6
    table = {ord(c): ord(s) for c, s in zip("國學體", "国学体", strict=True)}
    ours = size / cpu_seconds(lambda: fold_texts(texts))

    def convert() -> None:
        for text in texts:
            zhconv_rs.zhconv(text, "zh-hans", False)  # noqa: FBT003 - positional in its signature

    def normalise() -> None:
        for text in texts:
            unicodedata.normalize("NFKC", text).casefold().translate(table)

    peer = size / cpu_seconds(convert)
    python = size / cpu_seconds(normalise)
    sample = texts[:400]
    single = sum(map(len, sample)) / 1e6 / cpu_seconds(lambda: [fold_text(t) for t in sample])
    mapped = sum(map(len, sample)) / 1e6 / cpu_seconds(lambda: [fold(t) for t in sample])
    yield Row(
        name="fold many texts, all rules",
        unit="Mchar/s",
        ours=ours,
        peer_name="zhconv-rs, characters only",
        peer=peer,
        goal="≥ 1×",
        met=ours >= peer,
    )
    yield Row(
        name="fold many texts, all rules",
        unit="Mchar/s",
        ours=ours,
        peer_name="NFKC + casefold + str.translate",
        peer=python,
    )
    yield Row(name="fold one text at a time", unit="Mchar/s", ours=single)
    yield Row(name="fold one text with its map", unit="Mchar/s", ours=mapped)
    yield Row(name="Traditional text that folds alike", unit="share", ours=_alike(texts))


def _alike(texts: list[str]) -> float:
    """Share of characters that fold alike in a text and in its Traditional form."""
    traditional = [zhconv_rs.zhconv(t, "zh-hant", False) for t in texts]  # noqa: FBT003 - as above
    pairs = zip(fold_texts(texts), fold_texts(traditional), strict=True)
    same = total = 0
    for one, other in pairs:
        same += sum(a == b for a, b in zip(one, other, strict=False))
        total += max(len(one), len(other))
    return same / total
