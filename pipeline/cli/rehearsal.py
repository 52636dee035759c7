"""Commands that try things out: backtest, drill; and silence, which holds things back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from alerts.backtest import Backtest, compare
from alerts.clocks import shanghai
from alerts.routing import Match, Silence, check_silence
from collectors.dates import parse_date
from collectors.http import Fetcher
from models.records import Level
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
from pipeline.deliver import Delivered, deliver
from pipeline.drill import end_drill, start_drill
from pipeline.office import Office, open_office
from pipeline.rehearse import Period, over_file, over_store, read_replay
from pipeline.settings import Loaded
from storage import audit, incidents, silences
from storage.silences import SilenceRow


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("backtest")(backtest_command)
    for command in (drill, silence):
        app.command()(command)


def backtest_command(
    *,
    start: Annotated[
        str, typer.Option("--from", help="Time to begin; two weeks back without")
    ] = "",
    end: Annotated[str, typer.Option("--to", help="Time to end; now without")] = "",
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Another configuration to compare with")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="JSON lines to replay instead of the store")
    ] = None,
    step: Annotated[int, typer.Option(help="Minutes between two judgements", min=1)] = 15,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Replay a period or a file through the rules: what would have fired, when and why."""
    loaded = configured(config)
    sets = [loaded] if rules is None else [loaded, configured(rules)]
    try:
        results = _replayed(loaded, sets, file, (start, end), timedelta(minutes=step))
    except (ValueError, OSError) as error:
        raise CommandError(str(error), 2) from None
    for number, result in enumerate(results, 1):
        _print(result, f"规则 {number}", as_json=as_json)
    if len(results) == 2 and not as_json:
        both = compare(results[0], results[1])
        print(f"两份规则都报：{both.both} 件；仅第一份：{len(both.only_first)}；")
        print(f"仅第二份：{len(both.only_second)}")


def _replayed(
    loaded: Loaded,
    sets: list[Loaded],
    file: Path | None,
    between: tuple[str, str],
    step: timedelta,
) -> list[Backtest]:
    now = datetime.now(UTC)
    if file is not None:
        replay, first, last = read_replay(file, loaded)
        period = _period(between, first - step, last + step, step, now)
        with progress_bar("回放", None) as tick:
            return [over_file(one, replay, one.active_rules(), period, tick) for one in sets]
    period = _period(between, now - timedelta(days=14), now, step, now)
    with open_office(loaded, now) as office, progress_bar("回放", None) as tick:
        return [over_store(office, one.active_rules(), period, tick) for one in sets]


def _period(
    between: tuple[str, str], first: datetime, last: datetime, step: timedelta, now: datetime
) -> Period:
    start = _time(between[0], now) if between[0] else first
    end = _time(between[1], now) if between[1] else last
    return Period(start=start, end=end, step=step)


def _time(words: str, now: datetime) -> datetime:
    found = parse_date(words, now).value
    if found is None:
        raise ValueError(f"{words!r} is no time: write 2026-05-12 08:00")
    return found


def _print(result: Backtest, title: str, *, as_json: bool) -> None:
    if as_json:
        for alert in result.alerts:
            print_json(
                {
                    "at": alert.raised_at.isoformat(),
                    "rule": alert.rule,
                    "level": alert.level.colour,
                    "title": alert.title,
                    "mentions": alert.mentions,
                    "independent": alert.independent,
                    "reasons": list(alert.reasons),
                }
            )
        return
    rows = [
        (shanghai(a.raised_at), a.rule, a.level.zh, a.title, "；".join(a.reasons[:1]))
        for a in result.alerts
    ]
    print_table(title, ("时间", "规则", "等级", "事件", "依据"), rows)
    peak = max(result.per_day.values(), default=0)
    for day, count in result.per_day.items():
        bar = "█" * round(30 * count / peak) if peak else ""
        print(f"{day:%m-%d} {count:>4} {bar}")
    quiet = f"安静 {result.quiet_days} 天"
    print(f"共 {len(result.alerts)} 条，{quiet}，每周 {result.alerts_a_week:.1f} 条")
    for failure in result.failures:
        print(f"规则未能运行：{failure.rule}: {failure.error}")


def drill(
    title: Annotated[str, typer.Argument(help="What the exercise is about")] = "演练：供水异常",
    *,
    who: Annotated[str, typer.Option("--as", help="Who starts it")],
    level: Annotated[str, typer.Option(help="blue, yellow, orange, red")] = "orange",
    text: Annotated[str, typer.Option(help="What the fictional mention says")] = "",
    end: Annotated[bool, typer.Option("--end", help="End every running exercise")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Run a marked exercise through the real path; it never enters the statistics."""
    now = datetime.now(UTC)
    with open_office(configured(config), now) as office:
        if end:
            _end_drills(office, who, now)
            return
        try:
            grade = Level.of(level)
        except ValueError as error:
            raise CommandError(f"--level: {error}", 2) from None
        case = start_drill(office, title, text or title, grade, who, now)
        told = asyncio.run(_send(office))
    print(f"{case.number} {case.title}：已发 {told.sent} 条，待重试 {told.failed} 条")


def _end_drills(office: Office, who: str, now: datetime) -> None:
    with office.store.read() as reader:
        running = [case for case in incidents.open_incidents(reader) if case.exercise]
    for case in running:
        end_drill(office, case, who, now)
        print(f"{case.number} {case.title}：演练结束")
    if not running:
        print("没有进行中的演练")


async def _send(office: Office) -> Delivered:
    async with Fetcher(office.fetch_settings()) as fetcher:
        return await deliver(office, fetcher, datetime.now(UTC))


def silence(
    incident: Annotated[str, typer.Argument(help="Number of the incident; nothing lists")] = "",
    *,
    hours: Annotated[float, typer.Option(help="How long", min=0.1, max=168)] = 2,
    who: Annotated[str, typer.Option("--as", help="Who silences it")] = "",
    reason: Annotated[str, typer.Option(help="Why")] = "",
    end: Annotated[int, typer.Option("--end", help="End the silence of this number")] = 0,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Hold back the notices of an incident for a while, with your name and reason; or list them."""
    now = datetime.now(UTC)
    with open_office(configured(config), now) as office:
        if end:
            _end_silence(office, end, who, now)
        elif incident:
            _begin_silence(office, incident, hours, (who, reason), now)
        with office.store.read() as reader:
            rows = silences.not_over(reader, now)
    print_table(
        "静默",
        ("编号", "对象", "止", "设置人", "理由"),
        [(r.id, r.matcher, shanghai(r.ends_at), r.author, r.reason) for r in rows],
    )


def _begin_silence(
    office: Office, number: str, hours: float, signed: tuple[str, str], now: datetime
) -> None:
    who, reason = signed
    if not who.strip() or not reason.strip():
        raise CommandError("a silence needs --as NAME and --reason WORDS", 2)
    with office.store.read() as reader:
        cases = [c for c in incidents.all_incidents(reader) if number in {c.id, c.number}]
    if not cases:
        raise CommandError(f"there is no incident {number}", 2)
    wanted = Silence(
        match=Match(incident=(cases[0].id,)),
        starts_at=now,
        ends_at=now + timedelta(hours=hours),
        author=who,
        reason=reason,
    )
    if wrong := check_silence(wanted):
        raise CommandError(wrong, 2)
    row = SilenceRow(
        id=0,
        matcher=wanted.match.model_dump_json(exclude_defaults=True),
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        author=who,
        reason=reason,
    )
    with office.store.transaction() as tx:
        silences.add(tx, row)
        audit.append(tx, now, who, "silenced", cases[0].number, reason)


def _end_silence(office: Office, number: int, who: str, now: datetime) -> None:
    with office.store.transaction() as tx:
        silences.end(tx, number, now)
        audit.append(tx, now, who or "—", "silence_ended", str(number))
