"""Feeds: cases right, CPU and legacy encodings, beside feedparser in the same run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Row
from collectors.decode import codec_for
from collectors.feed_parser import parse_feed

MAIN = Path(__file__).resolve().parent.parent
CORPUS = MAIN.parent / "shared" / "corpus"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROUNDS = 5
# Folder names of corpus/feeds/real/chardet_xml add the language to the encoding.
_LANGUAGES = ("-hungarian", "-bulgarian", "-russian", "-greek", "-hebrew")

Parser = Callable[[bytes], object]


def run() -> Iterator[Row]:
    """Yield cases right, CPU ratios (parsed, and with every field read) and legacy titles."""
    yield _cases_right()
    cases = [json.loads(line)["feed"] for line in _lines("feeds_expect.jsonl")]
    real = [json.loads(line)["path"] for line in _lines("feeds_real.jsonl")]
    yield from _speed("neutral cases", cases)
    yield from _speed("real feeds", real)
    yield from _speed("WeChat accounts", [path for path in real if "wechat" in path])
    right, total, _ = legacy_titles(CORPUS)
    yield Row(
        name="legacy-encoded titles right",
        unit="share",
        ours=right / total,
        peer_name="feedparser",
        peer=_legacy_titles_of_peer(),
        goal="= 1",
        met=right == total,
    )


def parse_for_scorer(
    body: bytes, base: str | None, headers: Mapping[str, str] | None
) -> dict[str, Any]:
    """Return a feed in the shape corpus/score_feeds.py reads."""
    parsed = parse_feed(body, base, headers, NOW)
    return {
        "feed": {"title": parsed.title, "link": parsed.link},
        "entries": [
            {
                "title": entry.title,
                "link": entry.link,
                "id": entry.id,
                "author": entry.author,
                "published": entry.published,
                "updated": entry.updated,
                "summary": entry.summary,
                "content": entry.content,
            }
            for entry in parsed.entries
        ],
    }


def _lines(name: str) -> list[str]:
    return (CORPUS / name).read_text("utf-8").splitlines()


def _cases_right() -> Row:
    ours, peer = _score("--parser", "bench.feeds:parse_for_scorer"), _score()
    return Row(
        name="cases right (score_feeds.py)",
        unit="%",
        ours=ours,
        peer_name="feedparser",
        peer=peer,
        goal="≥ 98",
        met=ours >= 98,
    )


def _score(*arguments: str) -> float:
    """Run the corpus' own scorer and return its per cent of cases right."""
    command = [sys.executable, "-B", "score_feeds.py", "--cases", "feeds_expect.jsonl", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(MAIN)}
    done = subprocess.run(  # noqa: S603 - our own interpreter on the corpus' own script
        command, cwd=CORPUS, env=environment, capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("ALL"))
    return float(line.split()[3])


def _speed(what: str, paths: list[str]) -> Iterator[Row]:
    import feedparser  # noqa: PLC0415 - a peer, bench only

    bodies = [(CORPUS / path).read_bytes() for path in paths]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = _cpu(feedparser.parse, bodies)
    for name, parser, goal in (
        ("parsed", _parse, 20.0),
        ("parsed, every field read", _parse_and_read, None),
    ):
        ours = _cpu(parser, bodies)
        yield Row(
            name=f"{what}: {name}",
            unit="CPU ms for all",
            ours=ours * 1_000,
            peer_name="feedparser",
            peer=peer * 1_000,
            goal="≥ 20× faster" if goal else "",
            met=peer >= goal * ours if goal else None,
        )


def _cpu(parser: Parser, bodies: list[bytes]) -> float:
    """Return the CPU seconds of the fastest of ROUNDS rounds: the machines are shared."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for body in bodies:
            parser(body)
        rounds.append(time.process_time() - start)
    return min(rounds)


def _parse(body: bytes) -> object:
    return parse_feed(body, None, None, NOW)


def _parse_and_read(body: bytes) -> object:
    return [(entry.summary, entry.content) for entry in parse_feed(body, None, None, NOW).entries]


def legacy_titles(corpus: Path) -> tuple[int, int, list[str]]:
    """Return titles right, titles in all, and the files with a wrong one.

    The truth is the same feed decoded with the encoding its folder name gives.
    """
    right = total = 0
    wrong = []
    for path in _legacy_files(corpus):
        body = path.read_bytes()
        truth = [entry.title for entry in parse_feed(_in_utf8(path), None, None, NOW).entries]
        found = [entry.title for entry in parse_feed(body, None, None, NOW).entries]
        same = sum(ours == theirs for ours, theirs in zip(found, truth, strict=False))
        right, total = right + same, total + len(truth)
        if found != truth:
            wrong.append(path.name)
    return right, total, wrong


def _legacy_titles_of_peer() -> float:
    import feedparser  # noqa: PLC0415 - a peer, bench only

    right = total = 0
    for path in _legacy_files(CORPUS):
        truth = [entry.get("title") for entry in feedparser.parse(_in_utf8(path)).entries]
        found = [entry.get("title") for entry in feedparser.parse(path.read_bytes()).entries]
        right += sum(ours == theirs for ours, theirs in zip(found, truth, strict=False))
        total += len(truth)
    return right / total


def _legacy_files(corpus: Path) -> list[Path]:
    return sorted((corpus / "feeds" / "real" / "chardet_xml").glob("*.xml"))


def _in_utf8(path: Path) -> bytes:
    label = path.name.split("__")[0]
    for language in _LANGUAGES:
        label = label.removesuffix(language)
    text = _as_labelled(path.read_bytes(), label).lstrip("\ufeff")
    declaration, mark, rest = text.partition("?>")
    return (rest if mark and "<?xml" in declaration else text).encode()


def _as_labelled(body: bytes, label: str) -> str:
    """Return the text as the folder's label reads it; the wider codec where the label falls short.

    It falls short where a byte has no character, or a C1 control (the quotes of TIS-620 files). GB
    labels always mean GB18030: the two map the middle dot and the dash differently.
    """
    wider = body.decode(codec_for(label) or label, "replace")
    if label.startswith("GB"):
        return wider
    try:
        text = body.decode(label)
    except UnicodeDecodeError:
        return wider
    return wider if re.search("[\x80-\x9f]", text) else text
