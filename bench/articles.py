"""Articles: text, title, time, 来源, author of real pages, and CPU, beside peers in one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Row
from collectors.article import article_as_json, extract_article

MAIN = Path(__file__).resolve().parent.parent
CORPUS = MAIN.parent / "shared" / "corpus"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROUNDS = 2
PEERS = ("trafilatura", "trafilatura_fast", "resiliparse", "readability")

Page = tuple[bytes, str | None]
Scores = dict[str, dict[str, float]]


def run() -> Iterator[Row]:
    """Yield accuracy on Chinese pages, on the others and on spam mirrors, then CPU a page."""
    ours = score("ours")
    scores = {peer: score(peer) for peer in PEERS}
    peer = scores["trafilatura"]
    for name, goal, at_least in (
        ("F1", "≥ .93", 0.93),
        ("title", "≥ .92", 0.92),
        ("date", "≥ .985", 0.985),
        ("date_minute", "≥ .90", 0.90),
        ("source", "≥ .85", 0.85),
        ("author", "≥ .60", 0.60),
    ):
        mine = ours["Chinese"][name]
        theirs = peer["Chinese"].get(name)
        yield _accuracy(f"Chinese: {name}", mine, "trafilatura", theirs, goal, met=mine >= at_least)
    for name in ("F1", "title", "date", "author"):
        mine, theirs = ours["other"][name], peer["other"][name]
        met = mine >= theirs - 0.01
        yield _accuracy(f"others: {name}", mine, "trafilatura", theirs, "≥ peer − .01", met=met)
    for name in PEERS[1:]:
        for group in ("Chinese", "other"):
            theirs = scores[name][group]["F1"]
            yield _accuracy(f"{group}: F1", ours[group]["F1"], name, theirs, "", met=None)
    mirrors, of_peer = score("ours", "spam.jsonl"), score("trafilatura", "spam.jsonl")
    mine, theirs = mirrors["Chinese"]["F1"], of_peer["Chinese"]["F1"]
    yield _accuracy("spam mirrors: F1", mine, "trafilatura", theirs, "", met=None)
    yield from _speed()


def _accuracy(
    name: str, mine: float, peer: str, theirs: float | None, goal: str, *, met: bool | None
) -> Row:
    return Row(name=name, unit="share", ours=mine, peer_name=peer, peer=theirs, goal=goal, met=met)


def _speed() -> Iterator[Row]:
    pages = [(json.loads(line)["path"], json.loads(line).get("url")) for line in _lines()]
    bodies: list[Page] = [((CORPUS / path).read_bytes(), url) for path, url in pages]
    mine = _cpu(ours, bodies)
    for name, extractor in (
        ("trafilatura", trafilatura),
        ("trafilatura fast", trafilatura_fast),
        ("resiliparse", resiliparse),
        ("readability", readability),
    ):
        theirs = _cpu(extractor, bodies)
        held = name == "trafilatura"
        yield Row(
            name="CPU a page",
            unit="ms",
            ours=mine * 1_000 / len(bodies),
            peer_name=name,
            peer=theirs * 1_000 / len(bodies),
            goal="≤ 1/5" if held else "",
            met=mine * 5 <= theirs if held else None,
        )


def _lines() -> list[str]:
    return (CORPUS / "pages.jsonl").read_text("utf-8").splitlines()


def _cpu(extractor: Callable[[bytes, str | None], object], pages: list[Page]) -> float:
    """Return the CPU seconds of the fastest of ROUNDS rounds: the machines are shared."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for body, url in pages:
            extractor(body, url)
        rounds.append(time.process_time() - start)
    return min(rounds)


def score(extractor: str, manifest: str = "pages.jsonl") -> Scores:
    """Run the corpus' own scorer over an extractor here; return means for Chinese and the rest."""
    environment = {**os.environ, "PYTHONPATH": str(MAIN)}
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "rows.jsonl"
        command = [sys.executable, "-B", "score_pages.py", "--manifest", manifest]
        command += ["--extractor", f"bench.articles:{extractor}", "--dump", str(dump)]
        subprocess.run(  # noqa: S603 - our own interpreter on the corpus' own script
            command, cwd=CORPUS, env=environment, capture_output=True, text=True, check=True
        )
        rows = [json.loads(line) for line in dump.read_text("utf-8").splitlines()]
    chinese = [row for row in rows if row["lang"].startswith("zh")]
    return {
        "Chinese": _means(chinese),
        "other": _means([row for row in rows if row not in chinese]),
    }


def _means(rows: list[dict[str, Any]]) -> dict[str, float]:
    names = {name for row in rows for name in row} - {"id", "lang"}
    values = {name: [row[name] for row in rows if name in row] for name in names}
    return {name: sum(found) / len(found) for name, found in values.items()}


# Extractors in the shape corpus/score_pages.py reads ---------------------------


def ours(body: bytes, url: str | None) -> dict[str, Any]:
    """Return what `yuqing article --json` prints."""
    found = article_as_json("", extract_article(body, url, NOW))
    return {**found, "date": found["published"]}


def trafilatura(body: bytes, url: str | None) -> dict[str, Any]:
    """Return trafilatura's text and metadata at its default settings."""
    return _trafilatura(body, url, fast=False)


def trafilatura_fast(body: bytes, url: str | None) -> dict[str, Any]:
    """Return trafilatura's text and metadata without its fallbacks."""
    return _trafilatura(body, url, fast=True)


def _trafilatura(body: bytes, url: str | None, *, fast: bool) -> dict[str, Any]:
    from trafilatura import bare_extraction  # noqa: PLC0415 - a peer, bench only

    found = bare_extraction(body, url=url, with_metadata=True, include_comments=False, fast=fast)
    if found is None:
        return {}
    fields = found if isinstance(found, dict) else found.as_dict()
    names = {"title": "title", "date": "date", "author": "author", "text": "text"}
    return {name: fields.get(key) for name, key in {**names, "source": "sitename"}.items()}


def resiliparse(body: bytes, _url: str | None) -> dict[str, Any]:
    """Return resiliparse's main content and title; it reads no time and no people."""
    from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415 - a peer
    from resiliparse.parse.encoding import detect_encoding  # noqa: PLC0415 - a peer
    from resiliparse.parse.html import HTMLTree  # noqa: PLC0415 - a peer

    tree = HTMLTree.parse_from_bytes(body, detect_encoding(body) or "utf-8")
    return {"title": tree.title, "text": extract_plain_text(tree, main_content=True)}


def readability(body: bytes, _url: str | None) -> dict[str, Any]:
    """Return readability-lxml's text and short title; it reads no time and no people."""
    from lxml import html  # noqa: PLC0415 - for the peer
    from readability import Document  # noqa: PLC0415 - a peer, bench only

    try:
        document = Document(body)
        text = "".join(map(str, html.fromstring(document.summary()).itertext()))
        return {"title": document.short_title(), "text": text}
    except Exception:  # noqa: BLE001 - the peer raises of every kind on some pages: no text
        return {}
