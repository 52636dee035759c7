"""Commands that read and understand text: feed, article, score, match, redact."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from collectors.article import article_as_json, extract_article
from collectors.feed_parser import feed_as_json, parse_feed
from models import classifier
from models.redact import redact
from models.watch import Query, match_lines
from models.weight_versions import service_folder
from pipeline.cli.output import (
    DEFAULT_CONFIG,
    AsJson,
    CommandError,
    ConfigFile,
    configured,
    print_json,
    read_bytes,
    read_lines,
)
from pipeline.learn import weights_folder

OptionalFile = Annotated[Path | None, typer.Argument(help="File to read; standard input without")]
Url = Annotated[str | None, typer.Option("--url", help="Address the file came from")]
Batch = Annotated[
    Path | None, typer.Option("--batch", help='JSON lines {"path","url","headers"} to read')
]
SCORE_BATCH = 256

Reading = Callable[[str, bytes, str | None, dict[str, str]], dict[str, Any]]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (feed, article, score, match):
        app.command()(command)
    app.command("redact")(redact_command)


def feed(
    file: OptionalFile = None, *, url: Url = None, batch: Batch = None, as_json: AsJson = False
) -> None:
    """Show what the feed reader makes of a file."""
    for row in _readings(file, url, batch, _feed_row):
        if as_json:
            print_json(row)
        else:
            _print_feed(row)


def article(
    file: OptionalFile = None, *, url: Url = None, batch: Batch = None, as_json: AsJson = False
) -> None:
    """Show what the article reader makes of a page."""
    for row in _readings(file, url, batch, _article_row):
        if as_json:
            print_json(row)
        else:
            _print_article(row)


def score(file: OptionalFile = None, *, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Score JSON lines {"id","text","kind"}: sentiment, topic, appeal, urgency, with reasons.

    Beside a configuration the office's model in service answers, else the packaged one.
    """
    folder = service_folder(weights_folder(configured(config))) if config.exists() else None
    model = classifier.load(folder)
    bad = 0
    waiting: list[classifier.ScoreRequest] = []
    for number, line in enumerate(read_lines(file), 1):
        if not line.strip():
            continue
        try:
            waiting.append(classifier.parse_score_line(line, number))
        except classifier.ScoreLineError as error:
            bad += 1
            print(f"yuqing: {error}", file=sys.stderr)
        if len(waiting) == SCORE_BATCH:
            _print_scores(model, waiting)
            waiting.clear()
    _print_scores(model, waiting)
    if bad:
        raise CommandError(f"{bad} lines were left out; the rest is scored")


def match(
    query: Annotated[str, typer.Argument(help="Watch query, such as 上街区 AND NOT 逛街")],
    file: OptionalFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say which lines a watch query matches, and why."""
    for found in match_lines(Query.parse(query), read_lines(file)):
        hits = [{"term": h.term, "start": h.start, "end": h.end} for h in found.hits]
        if as_json:
            print_json({"line": found.line, "matched": found.matched, "hits": hits})
        elif found.matched:
            why = "、".join(f"{h.term}@{h.start}" for h in found.hits)
            print(f"✔ {found.line}    〔{why}〕")


def redact_command(file: OptionalFile = None, *, as_json: AsJson = False) -> None:
    """Mask personal data, line by line."""
    for line in read_lines(file):
        done = redact(line)
        if as_json:
            masked = [{"kind": m.kind, "start": m.start, "end": m.end} for m in done.masks]
            print_json({"line": line, "text": done.text, "masked": masked})
        else:
            print(done.text)


def _print_scores(model: classifier.Classifier, requests: list[classifier.ScoreRequest]) -> None:
    texts, ids = [r.text for r in requests], [r.id for r in requests]
    for row in model.describe(texts, ids, [r.kind for r in requests]):
        print_json(row)


def _readings(
    file: Path | None, url: str | None, batch: Path | None, reading: Reading
) -> Iterator[dict[str, Any]]:
    if batch is not None:
        yield from _batch(batch, reading)
        return
    if file is None:
        raise CommandError("name a FILE, or --batch LIST", 2)
    yield reading(str(file), read_bytes(file), url, {})


def _batch(batch: Path, reading: Reading) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(read_lines(batch), 1):
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
            path = str(asked["path"])
        except (ValueError, TypeError, KeyError):
            raise CommandError(f'{batch}:{number}: expected {{"path": …, "url": …}}', 2) from None
        try:
            body = Path(path).read_bytes()
        except OSError as error:
            yield {"path": path, "error": f"cannot be read: {error.strerror}"}
            continue
        yield reading(path, body, asked.get("url"), asked.get("headers") or {})


def _feed_row(path: str, body: bytes, url: str | None, headers: dict[str, str]) -> dict[str, Any]:
    return feed_as_json(path, parse_feed(body, url, headers, datetime.now(UTC)))


def _article_row(
    path: str, body: bytes, url: str | None, headers: dict[str, str]
) -> dict[str, Any]:
    kind = {k.lower(): v for k, v in headers.items()}.get("content-type", "")
    charset = kind.partition("charset=")[2].strip("\"' ") or None
    found = extract_article(body, url, datetime.now(UTC), charset)
    return dict(article_as_json(path, found))


def _print_feed(row: dict[str, Any]) -> None:
    if row["error"]:
        raise CommandError(f"{row['path']}: {row['error']}")
    print(f"{row['feed']['title']}  ({len(row['entries'])} entries)")
    for entry in row["entries"]:
        print(f"  {entry['published'] or entry['updated'] or '—':20}  {entry['title']}")


def _print_article(row: dict[str, Any]) -> None:
    if row["error"]:
        raise CommandError(f"{row['path']}: {row['error']}")
    for name in ("title", "published", "source", "author"):
        print(f"{name:>10}: {row[name] or '—'}")
    print(f"\n{row['text']}")
