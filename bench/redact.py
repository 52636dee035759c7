"""Redaction: recall and precision on the labelled set, and speed, beside a regex baseline.

The baseline is the usual handful of patterns (11 digits, 18 digits, @): what a product without
folding, check digits and context does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench._words import messages
from bench.measure import Row, cpu_seconds
from models.redact import redact_many, redact_text

CASES = Path(__file__).resolve().parent.parent / "tests" / "models" / "redaction_cases"
GOAL = 0.98
PATTERNS = re.compile(
    r"\+?\d[\d -]{8,}\d|\d{17}[\dXx]|[\w.+-]+@[\w-]+\.[\w.]+|[一-鿿][A-Z][A-Z0-9]{5,6}"
)

Spans = Sequence[tuple[int, int]]


def run() -> Iterator[Row]:
    """Yield shares of the labelled set, then million characters a CPU second."""
    personal, harmless = _cases("personal.jsonl"), _cases("harmless.jsonl")
    ours = _scores(personal, harmless, _ours)
    peer = _scores(personal, harmless, _baseline)
    for name, one, other in zip(("recall", "precision"), ours, peer, strict=True):
        yield Row(
            name=f"{name} on {len(personal)} personal and {len(harmless)} harmless texts",
            unit="share",
            ours=one,
            peer_name="plain patterns",
            peer=other,
            goal=f"≥ {GOAL}",
            met=one >= GOAL,
        )
    texts = [text for row in messages(2_000) for text in row]
    size = sum(map(len, texts)) / 1e6
    yield Row(
        name="redact many texts",
        unit="Mchar/s",
        ours=size / cpu_seconds(lambda: redact_many(texts)),
        peer_name="plain patterns",
        peer=size / cpu_seconds(lambda: [PATTERNS.sub("*", t) for t in texts]),
    )
    yield Row(
        name="redact one text at a time",
        unit="Mchar/s",
        ours=size / cpu_seconds(lambda: [redact_text(t) for t in texts]),
    )


def _cases(name: str) -> list[dict[str, Any]]:
    with (CASES / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _ours(texts: Sequence[str]) -> list[Spans]:
    return [[(m.start, m.end) for m in found.masks] for found in redact_many(texts)]


def _baseline(texts: Sequence[str]) -> list[Spans]:
    return [[m.span() for m in PATTERNS.finditer(text)] for text in texts]


def _scores(
    personal: list[dict[str, Any]],
    harmless: list[dict[str, Any]],
    find: Callable[[Sequence[str]], list[Spans]],
) -> tuple[float, float]:
    """Share of the personal data that is covered, and share of the masks that lie on it."""
    covered = wanted = right = given = 0
    for case, spans in zip(personal, find([c["text"] for c in personal]), strict=True):
        gold = list(_gold(case))
        wanted += len(gold)
        covered += sum(any(a <= s and e <= b for a, b in spans) for s, e in gold)
        right += sum(any(a < e and s < b for s, e in gold) for a, b in spans)
        given += len(spans)
    given += sum(map(len, find([c["text"] for c in harmless])))
    return covered / wanted, right / given


def _gold(case: dict[str, Any]) -> Iterator[tuple[int, int]]:
    at = 0
    for mask in case["masks"]:
        at = case["text"].index(mask["text"], at)
        yield at, at + len(mask["text"])
