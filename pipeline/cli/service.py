"""Commands that run the product: demo, init, check, up, cycle, import, schema."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from collectors.hotline import HotlineField
from collectors.http import Fetcher
from console.passwords import hash_password
from pipeline.check import check_everything
from pipeline.cli.output import (
    DEFAULT_CONFIG,
    AsJson,
    CommandError,
    ConfigFile,
    configured,
    print_json,
    print_table,
    progress_bar,
)
from pipeline.cycle import CycleReport, run_cycle
from pipeline.deliver import deliver
from pipeline.importing import ImportReport, import_files
from pipeline.office import open_office
from pipeline.publish import publish_snapshot
from pipeline.settings import json_schema


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (demo, init, check, up, cycle, schema, user):
        app.command()(command)
    app.command("import")(import_command)


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play to the end without waiting")] = False,
    port: Annotated[int, typer.Option(help="Port of the console")] = 8321,
    folder: Annotated[Path | None, typer.Option("--dir", help="Where the demo keeps data")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the whole product on a fictional district, offline."""
    from pipeline.demo import run  # noqa: PLC0415 - the demo is no part of the service

    summary = run.play(folder, port=port, once=once)
    if as_json:
        print_json(summary.as_row())
    else:
        print_table(
            "清岚区三日 · three days in Qinglan", ("项目 item", "数量 figure"), summary.table()
        )


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to write into")] = Path(),
    *,
    region: Annotated[str, typer.Option(help="Name of the district")] = "",
) -> None:
    """Write a commented yuqing.yaml to begin with."""
    target = folder / "yuqing.yaml"
    if target.exists():
        raise CommandError(f"{target} exists already: nothing was written", 2)
    text = resources.files("pipeline").joinpath("yuqing.example.yaml").read_text("utf-8")
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    target.write_text(text.replace("某某区", region or "某某区"), encoding="utf-8")
    print(f"{target}: edit it, then run `yuqing check`")


def check(
    file: Annotated[Path, typer.Argument(help="Configuration file")] = DEFAULT_CONFIG,
    *,
    as_json: AsJson = False,
    offline: Annotated[bool, typer.Option(help="Do not try sources and channels")] = False,
) -> None:
    """Validate the configuration and try every source, channel and the database."""
    findings = asyncio.run(check_everything(configured(file), offline=offline))
    if as_json:
        for finding in findings:
            print_json(finding.as_row())
    else:
        print_table(
            str(file),
            ("部分 part", "名称 name", "类型 kind", "结果 result"),
            [(f.part, f.name, f.kind, ("✔ " if f.ok else "✘ ") + f.words) for f in findings],
        )
    bad = sum(not finding.ok for finding in findings)
    if bad:
        raise CommandError(f"{bad} of {len(findings)} checks failed")


def up(*, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the service: scheduler, delivery, console. SIGTERM ends it cleanly."""
    from pipeline.schedule import serve  # noqa: PLC0415 - loads the web server and scheduler

    serve(configured(config))


def cycle(*, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Do one round over every source, and send what is due."""
    report = asyncio.run(_one_cycle(config))
    if as_json:
        print_json(_cycle_row(report))
        return
    rows = [
        (r.source, r.status, r.fetched, r.stored, r.updated, r.duplicates, r.reason)
        for r in report.runs
    ]
    heads = ("信源", "状态", "读取", "新增", "更新", "已有", "原因")
    print_table(f"{len(report.alerts)} 条预警，{len(report.deliveries)} 条通知", heads, rows)
    for run in report.runs:
        for problem in run.problems:
            print(f"{run.source}: {problem}")


async def _one_cycle(config: Path) -> CycleReport:
    loaded = configured(config)
    now = datetime.now(UTC)
    with open_office(loaded, now) as office:
        async with Fetcher(office.fetch_settings()) as fetcher:
            with progress_bar("采集", None) as advance:
                report = await run_cycle(
                    office, fetcher, now, only=loaded.active_sources(), progress=advance
                )
            await deliver(office, fetcher, datetime.now(UTC))
        publish_snapshot(office, now)
        return report


def _cycle_row(report: CycleReport) -> dict[str, object]:
    counts = report.tally
    return {
        "fetched": counts.fetched,
        "stored": counts.stored,
        "updated": counts.updated,
        "duplicates": counts.duplicates,
        "matched": counts.matched,
        "reposts": counts.reposts,
        "alerts": len(report.alerts),
        "deliveries": len(report.deliveries),
        "failed_sources": [r.source for r in report.runs if r.status == "failed"],
        "rule_failures": list(report.rule_failures),
    }


def import_command(
    files: Annotated[list[Path], typer.Argument(help="CSV, XLSX, JSONL or mbox files")],
    *,
    source: Annotated[
        str, typer.Option("--source", help="Name the mentions are stored under")
    ] = "import",
    kind: Annotated[
        str, typer.Option("--as", help="table (CSV, XLSX, JSONL) or mbox; guessed by ending")
    ] = "",
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="COL=FIELD, such as 编号=id")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Import hotline, message-board or mail files; the same file twice stores nothing new."""
    loaded = configured(config)
    with open_office(loaded, datetime.now(UTC)) as office, progress_bar("导入", None) as advance:
        report = import_files(
            office, files, source=source, kind=kind, mapping=_pairs(mapping or []), progress=advance
        )
        publish_snapshot(office, datetime.now(UTC))
    _print_import(report, as_json=as_json)


def _pairs(mapping: list[str]) -> dict[str, str]:
    pairs = [item.partition("=") for item in mapping]
    for column, equals, field in pairs:
        if not equals or not column or not field:
            raise CommandError(f"--map {column}{equals}{field}: expected COL=FIELD", 2)
        if field not in set(HotlineField):
            known = ", ".join(HotlineField)
            raise CommandError(f"--map {column}={field}: no field {field!r}; there is: {known}", 2)
    return {column: field for column, _, field in pairs}


def _print_import(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.as_row())
        return
    rows = [(f.file, f.read, f.stored, f.updated, f.known, len(f.problems)) for f in report.files]
    print_table("", ("文件", "读取", "新增", "更新", "已有", "问题"), rows)
    for file in report.files:
        for problem in file.problems:
            print(problem)


def user(
    name: Annotated[str, typer.Argument(help="Name to sign in with")],
    *,
    role: Annotated[str, typer.Option(help="Such as press_officer or duty_officer")] = (
        "press_officer"
    ),
) -> None:
    """Print the lines that let somebody sign in to the console; the password is asked for."""
    password = typer.prompt("口令 password", hide_input=True, confirmation_prompt=True, err=True)
    if len(password) < LEAST_PASSWORD:
        raise CommandError(f"the password needs at least {LEAST_PASSWORD} characters", 2)
    print(f"  - name: {name}\n    role: {role}\n    password_scrypt: {hash_password(password)}")


LEAST_PASSWORD = 10


def schema() -> None:
    """Print the JSON Schema of yuqing.yaml for editors."""
    print(json.dumps(json_schema(), ensure_ascii=False, indent=2))
