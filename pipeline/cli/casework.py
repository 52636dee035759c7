"""Commands of the officers: incidents, ack, digest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from alerts.clocks import remaining, shanghai
from alerts.incidents import STATE_ZH
from models.records import SHANGHAI, Clock, Incident
from pipeline.actions import Actions
from pipeline.cli.output import (
    DEFAULT_CONFIG,
    AsJson,
    CommandError,
    ConfigFile,
    configured,
    print_json,
    print_table,
)
from pipeline.digests import make_digest
from pipeline.office import open_office
from storage import incidents
from storage.store import Reader


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("incidents")(incidents_command)
    for command in (ack, digest):
        app.command()(command)


def incidents_command(
    number: Annotated[str, typer.Argument(help="Number or id; nothing lists the open ones")] = "",
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too")] = False,
) -> None:
    """List incidents with their next deadline, or show one with its steps."""
    now = datetime.now(UTC)
    with open_office(configured(config), now) as office, office.store.read() as reader:
        cases = incidents.all_incidents(reader)
        if number:
            _show(_one(cases, number), reader, now, as_json=as_json)
            return
        shown = cases if everything else [case for case in cases if case.closed_at is None]
        _list(shown, reader, now, as_json=as_json)


def ack(
    number: Annotated[str, typer.Argument(help="Number or id of the incident")],
    *,
    who: Annotated[str, typer.Option("--as", help="Who takes it")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Acknowledge an incident."""
    with open_office(configured(config), datetime.now(UTC)) as office:
        with office.store.read() as reader:
            case = _one(incidents.all_incidents(reader), number)
        actions = Actions(office=office, clock=lambda: datetime.now(UTC))
        actions.acknowledge(case.id, who, "command line", "")
    print(f"{case.number} {case.title}：{who} 已签收")


def digest(
    *,
    day: Annotated[str, typer.Option("--date", help="YYYY-MM-DD; yesterday without")] = "",
    kind: Annotated[str, typer.Option("--kind", help="daily")] = "daily",
    formats: Annotated[str, typer.Option("--format", help="html, md, or both")] = "html,md",
    out: Annotated[Path, typer.Option("--out", help="Folder for the files")] = Path("out"),
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Render the digest of a day, keep it in the archive, and write files."""
    wanted = [name.strip() for name in formats.split(",") if name.strip()]
    if kind != "daily":
        raise CommandError(f"--kind {kind}: there is: daily", 2)
    for name in wanted:
        if name not in {"html", "md"}:
            raise CommandError(f"--format {name}: there is: html, md", 2)
    now = datetime.now(UTC)
    chosen = _day(day, now)
    with open_office(configured(config), now) as office:
        rendered = make_digest(office, chosen, now)
    out.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        path = out / f"{kind}-{chosen.isoformat()}.{name}"
        path.write_text(rendered.html if name == "html" else rendered.markdown, encoding="utf-8")
        print(path)
    print(rendered.subject)


def _day(words: str, now: datetime) -> date:
    if not words:
        return now.astimezone(SHANGHAI).date() - timedelta(days=1)
    try:
        return date.fromisoformat(words)
    except ValueError:
        raise CommandError(f"--date {words}: expected YYYY-MM-DD", 2) from None


def _one(cases: list[Incident], number: str) -> Incident:
    found = [case for case in cases if number in {case.id, case.number}]
    if not found:
        raise CommandError(f"there is no incident {number}; `yuqing incidents --all` lists them", 2)
    return found[0]


def _list(cases: list[Incident], reader: Reader, now: datetime, *, as_json: bool) -> None:
    rows = [(case, _next(incidents.clocks(reader, case.id))) for case in cases]
    if as_json:
        for case, clock in rows:
            print_json(_row(case, clock))
        return
    if not rows:
        print("没有处置中的事件 · no open incident")
        return
    print_table(
        "",
        ("编号", "等级", "状态", "标题", "责任单位", "最近时限", "剩余"),
        [
            (case.number, case.level.zh, STATE_ZH[case.state], case.title, case.responsible_unit)
            + ((shanghai(clock.due), remaining(clock.due, now)) if clock else ("", ""))
            for case, clock in rows
        ],
    )


def _show(case: Incident, reader: Reader, now: datetime, *, as_json: bool) -> None:
    clocks, steps = incidents.clocks(reader, case.id), incidents.steps(reader, case.id)
    if as_json:
        print_json(
            _row(case, _next(clocks))
            | {
                "steps": [
                    {"at": s.at, "who": s.who, "action": s.action, "note": s.note} for s in steps
                ]
            }
        )
        return
    print(f"{case.number} {case.title}\n{case.level.zh} · {STATE_ZH[case.state]}")
    rows = [
        (c.zh, shanghai(c.due), shanghai(c.met_at) if c.met_at else remaining(c.due, now), c.source)
        for c in clocks
    ]
    print_table("时限", ("时限", "截止", "完成／剩余", "依据"), rows)
    print_table(
        "经过",
        ("时间", "经办", "动作", "说明"),
        [(shanghai(s.at), s.who, s.action, s.note) for s in steps],
    )


def _next(clocks: list[Clock]) -> Clock | None:
    return next((clock for clock in clocks if clock.met_at is None), None)


def _row(case: Incident, clock: Clock | None) -> dict[str, object]:
    return {
        "id": case.id,
        "number": case.number,
        "title": case.title,
        "level": case.level.colour,
        "confirmed": case.level_confirmed is not None,
        "state": case.state.value,
        "unit": case.responsible_unit,
        "detected_at": case.detected_at.isoformat(),
        "next_clock": clock.clock_id if clock else None,
        "due": clock.due.isoformat() if clock else None,
    }
