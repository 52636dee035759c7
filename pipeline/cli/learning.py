"""Commands on the classifier: train, evaluate, rescore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from models.classifier import load
from models.weight_files import WeightsError
from models.weight_versions import promote, roll_back, service_folder
from pipeline.cli.output import (
    DEFAULT_CONFIG,
    AsJson,
    CommandError,
    ConfigFile,
    configured,
    err,
    print_json,
    print_table,
    progress_bar,
)
from pipeline.learn import drifts, rescore, taught, weights_folder
from pipeline.office import Office, open_office
from reports.drift import line

Data = Annotated[Path, typer.Option("--data", help="Folder of the labelled sets")]
DATA = Path("../shared/data")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (train, evaluate):
        app.command()(command)
    app.command("rescore")(rescore_command)


def train(
    *,
    data: Data = DATA,
    out: Annotated[Path, typer.Option("--out", help="Folder for the candidate")] = Path(
        "candidate"
    ),
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Train a candidate from the public sets and the officers' corrections."""
    # Only training needs scikit-learn.
    from models.training import train as fit  # noqa: PLC0415

    _need(data)
    corrections = None
    if config.exists():
        with _office(config) as office:
            corrections = taught(office)
    report = fit(data, out, corrections, lambda words: err.print(words, markup=False))
    print(f"{out}: model {report.version}, {report.ngrams} n-grams from {report.texts} texts")
    rows = [
        (task, f"{q.accuracy:.3f}", f"{q.macro_f1:.3f}", f"{q.ece:.3f}")
        for task, q in report.quality.items()
    ]
    print_table("", ("任务", "准确率", "macro-F1", "校准误差"), rows)


def evaluate(
    *,
    candidate: Annotated[Path, typer.Option("--candidate", help="Folder of the candidate")] = Path(
        "candidate"
    ),
    data: Data = DATA,
    take: Annotated[
        bool, typer.Option("--promote", help="Put it into service if not worse")
    ] = False,
    back: Annotated[bool, typer.Option("--roll-back", help="Return to the model before")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Compare a candidate with the model in service; promote what is not worse, or go back."""
    from models.training_compare import evaluate as judge  # noqa: PLC0415
    from models.training_compare import held_rows, may_promote  # noqa: PLC0415

    loaded = configured(config)
    folder = weights_folder(loaded)
    try:
        if back:
            print(f"在用模型：{roll_back(folder) or '随产品提供的模型'}")
            return
        _need(data)
        with _office(config) as office:
            corrections = taught(office)
        service, ours = load(service_folder(folder)), load(candidate)
    except WeightsError as error:
        raise CommandError(str(error)) from None
    comparison = judge(ours, service, held_rows(data), corrections)
    for where, heads in (("留出样本", comparison.held), ("人工改判", comparison.corrections)):
        for h in heads:
            row = {
                "on": where,
                "head": h.head,
                "rows": h.rows,
                "candidate": round(h.candidate_accuracy.value, 4),
                "service": round(h.service_accuracy.value, 4),
                "gain": [round(h.gain.value, 4), round(h.gain.low, 4), round(h.gain.high, 4)],
                "mcnemar_p": round(h.p, 4),
            }
            if as_json:
                print_json(row)
            else:
                print("  ".join(f"{key} {value}" for key, value in row.items()))
    verdict = may_promote(comparison)
    print(verdict.reason)
    if take:
        if not verdict.promote:
            raise CommandError("the candidate was not promoted")
        print(f"已启用 {promote(candidate, folder)}；下次启动生效，`yuqing rescore` 可重评存量")


def rescore_command(*, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Score the archive with the model in service; stop and go on at will; show drift."""
    now = datetime.now(UTC)
    with _office(config) as office, progress_bar("重评", None) as tick:
        done = rescore(office, tick)
        moved = drifts(office, now)
        language = office.language
    print(f"已重评 {done} 条")
    for verdict in moved:
        print(line(verdict, language))


@contextmanager
def _office(config: Path) -> Iterator[Office]:
    with open_office(configured(config), datetime.now(UTC)) as office:
        yield office


def _need(data: Path) -> None:
    if not data.is_dir():
        raise CommandError(f"{data}: no such folder: name the labelled sets with --data", 2)
