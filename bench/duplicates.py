"""Reposts: signatures a second, recall under edits, precision on notices, memory at a million.

Beside datasketch in the same run. Texts are real (`../shared/data` beside the project); the
notices are filled-in templates of our own.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import zhconv_rs

from bench._notices import HELD_OUT, TEMPLATES, Notice, notices, other_place_and_day
from bench.measure import Row, cpu_seconds
from models.duplicates import RepostIndex, similarity, sketch
from models.sketches import LENGTH, WIDTH

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
NOW = datetime(2026, 5, 13, tzinfo=UTC)
PEER = "datasketch"
PEER_AT_LEAST = 0.2  # Jaccard of 4-character runs: what a fifth of edits leaves is 0.26
PEER_PERMUTATIONS = 128

Edit = Callable[[str, random.Random], str]


def run() -> Iterator[Row]:
    """Yield speed, recall by kind of edit, precision, and the cost of a million rows."""
    long_texts = _texts("eventmonitor_events", at_least=400)[:400]
    ours = cpu_seconds(lambda: sketch(long_texts))
    theirs = cpu_seconds(lambda: _peer_sketches(long_texts))
    yield _speed(f"signatures of texts of {_mean_length(long_texts)} characters", ours, theirs)
    texts = _texts("citizen_messages_unlabelled", at_least=100)[:1500]
    texts += _texts("eventmonitor_events", at_least=100)[:1000]
    short = [text for text in _texts("citizen_messages_unlabelled", at_least=30) if len(text) < 100]
    yield from _recall(texts, short[:1500])
    yield from _precision(texts[:1000])
    yield from _a_million()


def _speed(name: str, ours: float, theirs: float) -> Row:
    return Row(
        name=name,
        unit="seconds for 400",
        ours=ours,
        peer_name=f"{PEER} bulk",
        peer=theirs,
        goal="≤ 1/5",
        met=ours * 5 <= theirs,
    )


def _texts(name: str, *, at_least: int) -> list[str]:
    """Return the distinct texts of a set, nearly identical ones left out."""
    column = pq.read_table(DATA / f"{name}.parquet", columns=["text"])["text"].to_pylist()
    texts = [text for text in dict.fromkeys(column) if text and len(text) >= at_least]
    copies = RepostIndex().find_and_add(
        [str(n) for n in range(len(texts))], sketch(texts), [NOW] * len(texts)
    )
    return [text for text, copy in zip(texts, copies, strict=True) if copy is None]


def _mean_length(texts: Sequence[str]) -> int:
    return sum(len(text) for text in texts) // len(texts)


def scattered(text: str, chance: random.Random, share: float = 0.2) -> str:
    """Drop, replace or add a character at a share of the places, a third each."""
    out = []
    for character in text:
        fate = chance.random() / share
        if fate >= 1 / 3:
            out.append(_any(chance) if fate < 2 / 3 else character)
        if 2 / 3 <= fate < 1:
            out.append(_any(chance))
    return "".join(out)


def in_blocks(text: str, chance: random.Random, share: float = 0.2) -> str:
    """Replace a share of the text in runs of twelve characters."""
    out = list(text)
    for _ in range(max(1, int(len(text) * share / 12))):
        start = chance.randrange(len(text))
        for at in range(start, min(start + 12, len(text))):
            out[at] = _any(chance)
    return "".join(out)


def _headline(text: str, chance: random.Random) -> str:
    return "".join(_any(chance) for _ in range(20)) + text[20:]


def _tail(text: str, chance: random.Random) -> str:
    return f"{text}来源：某某发布，{chance.randrange(1, 29)}日。编辑：小李。欢迎转发。"


def _traditional(text: str, _: random.Random) -> str:
    return str(zhconv_rs.zhconv(text, "zh-hant"))


def _shuffled(text: str, chance: random.Random) -> str:
    sentences = text.replace("。", "。\n").split("\n")
    chance.shuffle(sentences)
    return "".join(sentences)


def _any(chance: random.Random) -> str:
    """Return a frequent character, so that edits read as Chinese."""
    return chance.choice("的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要")


EDITS: dict[str, Edit] = {
    "20 % scattered edits": scattered,
    "20 % edits in blocks": in_blocks,
    "headline changed": _headline,
    "tail added": _tail,
    "Traditional mirror": _traditional,
    "sentences shuffled": _shuffled,
}


def _recall(texts: list[str], short: list[str]) -> Iterator[Row]:
    ours, theirs = _OurIndex(texts), _PeerIndex(texts)
    for name, edit in EDITS.items():
        chance = random.Random(7)  # noqa: S311 - edits, not secrets
        edited = [edit(text, chance) for text in texts]
        mine = _share_found(ours.find(edited))
        peer = _share_found(theirs.find(edited))
        yield _share(f"recall, {name}, ≥ 100 characters", mine, peer, "≥ .97", met=mine >= 0.97)
    chance = random.Random(7)  # noqa: S311 - edits, not secrets
    mine = _share_found(_OurIndex(short).find([scattered(text, chance) for text in short]))
    yield _share("recall, 20 % scattered edits, 30–99 characters", mine, None, "", met=None)


def _share_found(found: Sequence[int | None]) -> float:
    """Return how many were traced to the very text they were made from."""
    return sum(at == own for own, at in enumerate(found)) / len(found)


def _precision(texts: list[str]) -> Iterator[Row]:
    """Mix edited copies with notices of one template: how many joins are right."""
    chance = random.Random(8)  # noqa: S311 - edits, not secrets
    for name, templates in (("16 templates", TEMPLATES), ("8 held-out templates", HELD_OUT)):
        each = 960 // len(templates)
        filled = [notice.text for notice in notices(templates, each)]
        copies = [scattered(text, chance) for text in texts]
        mine, false = _precision_of(_OurIndex([*texts, *filled]), copies, filled, len(texts))
        peer, _ = _precision_of(_PeerIndex([*texts, *filled]), copies, filled, len(texts))
        yield _share(
            f"precision, copies among notices, {name}", mine, peer, "≥ .99", met=mine >= 0.99
        )
        yield _share(f"notices taken for copies, {name}", false / len(filled), None, "", met=None)
        pairs = [(one, other_place_and_day(one, chance)) for one in notices(templates, each, 9)]
        joined = _pairs_joined(pairs)
        yield _share(
            f"pairs that differ in place and day, {name}", joined, None, "≤ .01", met=joined <= 0.01
        )


def _precision_of(
    index: _OurIndex | _PeerIndex, copies: list[str], filled: list[str], first: int
) -> tuple[float, int]:
    """Return (share of joins that are right, notices joined to another notice or text)."""
    right = wrong = 0
    for own, at in enumerate(index.find(copies)):
        right += at == own
        wrong += at is not None and at != own
    found = index.find_others(filled, first)
    false = sum(at is not None for at in found)
    return right / max(right + wrong + false, 1), false


def _pairs_joined(pairs: list[tuple[Notice, Notice]]) -> float:
    left = sketch([one.text for one, _ in pairs])
    right = sketch([other.text for _, other in pairs])
    return float((similarity(left, right) > 0).mean())


@dataclass
class _OurIndex:
    """Our index over the texts; answers are positions in them."""

    texts: list[str]

    def __post_init__(self) -> None:
        self.index = RepostIndex()
        self.rows = sketch(self.texts)
        self.times = [NOW] * len(self.texts)
        self.index.add([str(n) for n in range(len(self.texts))], self.rows, self.times)

    def find(self, asked: list[str]) -> list[int | None]:
        found = self.index.find(sketch(asked), [NOW] * len(asked))
        return [int(match.nearest) if match else None for match in found]

    def find_others(self, asked: list[str], first: int) -> list[int | None]:
        """Ask for texts that are in the index from position `first` on, themselves left out."""
        index = RepostIndex()
        index.add([str(n) for n in range(first)], self.rows[:first], self.times[:first])
        ids = [str(first + n) for n in range(len(asked))]
        found = index.find_and_add(ids, self.rows[first:], self.times[first:])
        return [int(match.nearest) if match else None for match in found]


@dataclass
class _PeerIndex:
    """datasketch's MinHash LSH over 4-character runs; the best candidate is the answer."""

    texts: list[str]

    def __post_init__(self) -> None:
        from datasketch import MinHashLSH  # noqa: PLC0415 - a peer, bench only

        self.sketches = _peer_sketches(self.texts)
        self.index = MinHashLSH(threshold=PEER_AT_LEAST, num_perm=PEER_PERMUTATIONS)
        for at, one in enumerate(self.sketches):
            self.index.insert(at, one)

    def find(self, asked: list[str]) -> list[int | None]:
        return [self._best(one, None) for one in _peer_sketches(asked)]

    def find_others(self, asked: list[str], first: int) -> list[int | None]:
        """Ask for texts that are in the index from position `first` on, themselves left out."""
        own = self.sketches[first : first + len(asked)]
        return [self._best(one, first + n) for n, one in enumerate(own)]

    def _best(self, asked: object, own: int | None) -> int | None:
        scored = [
            (self.sketches[at].jaccard(asked), at) for at in self.index.query(asked) if at != own
        ]
        best = max(scored, default=(0.0, None))
        return best[1] if best[0] >= PEER_AT_LEAST else None


def _peer_sketches(texts: Sequence[str]) -> list[object]:
    from datasketch import MinHash  # noqa: PLC0415 - a peer, bench only

    runs = [{text[at : at + 4].encode() for at in range(len(text) - 3)} for text in texts]
    sketches: list[object] = MinHash.bulk(runs, num_perm=PEER_PERMUTATIONS)
    return sketches


def _share(name: str, ours: float, peer: float | None, goal: str, *, met: bool | None) -> Row:
    return Row(
        name=name,
        unit="share",
        ours=round(ours, 4),
        peer_name=PEER if peer is not None else "",
        peer=peer if peer is None else round(peer, 4),
        goal=goal,
        met=met,
    )


def _a_million() -> Iterator[Row]:
    """Fill an index with a million random rows in a process of its own, and ask it."""
    command = [sys.executable, "-m", "bench.duplicates"]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    megabytes, lookups = (float(word) for word in done.stdout.split())
    yield Row(
        name="resident memory with 1,000,000 texts",
        unit="MB",
        ours=megabytes,
        goal="≤ 2,000",
        met=megabytes <= 2_000,
    )
    yield Row(name="texts looked up in 1,000,000", unit="texts/CPU-s", ours=lookups)


def fill_and_ask() -> tuple[float, float]:
    """Return (peak resident megabytes, texts looked up a CPU second) at a million rows."""
    chance = np.random.default_rng(1)
    index = RepostIndex()
    rows = np.zeros((0, WIDTH), np.uint32)
    for start in range(0, 1_000_000, 20_000):
        rows = chance.integers(0, 2**32 - 1, (20_000, WIDTH), dtype=np.uint32)
        rows[:, LENGTH] = 400
        index.add([f"{start + n:032x}" for n in range(20_000)], rows, [NOW] * 20_000)
    begin = time.process_time()
    index.find(rows[:2_000], [NOW] * 2_000)
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return peak, 2_000 / seconds


if __name__ == "__main__":
    print(*fill_and_ask())
