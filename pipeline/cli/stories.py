"""The command of stories: the hottest first, or one with every number the console shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from alerts.clocks import shanghai
from models.heat import FirstSource, Heat, StoryFacts
from models.records import TIER_ZH
from pipeline.cli.output import (
    DEFAULT_CONFIG,
    AsJson,
    CommandError,
    ConfigFile,
    configured,
    print_json,
    print_table,
)
from pipeline.settings import Loaded
from reports.story_sheet import StoryLine, StorySheet, hottest, story_sheet
from storage.store import Reader, Store
from storage.story_facts import StoryHead


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command("stories")(stories_command)


def stories_command(
    story: Annotated[str, typer.Argument(help="Id of a story; nothing lists the hottest")] = "",
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
    days: Annotated[int, typer.Option(help="How far back a story must have spoken", min=1)] = 7,
    at_most: Annotated[int, typer.Option("--limit", help="Stories listed at most", min=1)] = 50,
) -> None:
    """List the stories of two mentions or more, the hottest first, or show one."""
    now = datetime.now(UTC)
    loaded = configured(config)
    with Store.open(loaded.database) as store, store.read() as reader:
        if story:
            _show(_found(reader, story, loaded, now), as_json=as_json)
            return
        weights = loaded.settings.heat.weights()
        since = now - timedelta(days=days)
        _list(hottest(reader, weights, now, since=since, at_most=at_most), as_json=as_json)


def _found(reader: Reader, story: str, loaded: Loaded, now: datetime) -> StorySheet:
    """Return the sheet of a story, or of the one it was merged into."""
    weights = loaded.settings.heat.weights()
    sheet = story_sheet(reader, story, weights, now)
    if sheet and sheet.head.merged_into:
        sheet = story_sheet(reader, sheet.head.merged_into, weights, now)
    if sheet is None:
        raise CommandError(f"there is no story {story}; `yuqing stories` lists them", 2)
    return sheet


def _list(lines: list[StoryLine], *, as_json: bool) -> None:
    if as_json:
        for line in lines:
            print_json(_row(line.head, line.facts, line.heat, line.first))
        return
    if not lines:
        print("没有两条以上信息的热点 · no story of two mentions or more")
        return
    print_table(
        "",
        ("编号", "热度", "标题", "独立", "转载", "信源", "首发", "最近信息", "事件"),
        [
            (line.head.id, f"{line.heat.value:g}", line.head.title, line.facts.independent)
            + (line.facts.reposts, line.facts.sources, line.first.source if line.first else "")
            + (shanghai(line.head.last_at), line.head.case.number if line.head.case else "")
            for line in lines
        ],
    )


def _show(sheet: StorySheet, *, as_json: bool) -> None:
    if as_json:
        print_json(_row(sheet.head, sheet.facts, sheet.heat, sheet.first) | _details(sheet))
        return
    head, facts, shares = sheet.head, sheet.facts, sheet.shares
    print(f"{head.title}\n{head.id}{f' · {head.case.number}' if head.case else ''}")
    if sheet.first:
        dated = "" if sheet.first.dated else "（采集时间）"
        print(f"首发 {sheet.first.source} {shanghai(sheet.first.at)}{dated} {sheet.first.mention}")
    print(f"独立 {facts.independent} · 转载 {facts.reposts} · 信源 {facts.sources}", end="")
    print(f" · 平台 {facts.platforms}")
    print(
        f"负面 {shares.negative:.1%} · 中性 {shares.neutral:.1%} · 正面 {shares.positive:.1%}"
        f"（已判读的独立信息 {shares.classified} 条）"
    )
    print(sheet.heat.formula)
    print_table(
        "信源",
        ("信源", "独立", "转载"),
        [(one.name, one.independent, one.reposts) for one in sheet.sources],
    )
    print_table(
        "每小时信息量",
        ("时间", "独立", "转载"),
        [
            (shanghai(hour.start), hour.independent, hour.reposts)
            for hour in sheet.curve
            if hour.independent or hour.reposts
        ],
    )
    print_table("重点信息", ("信息", "理由"), [(one.mention, one.zh) for one in sheet.key])


def _row(
    head: StoryHead, facts: StoryFacts, heat: Heat, first: FirstSource | None
) -> dict[str, object]:
    return {
        "id": head.id,
        "title": head.title,
        "place": head.place,
        "heat": heat.value,
        "independent": facts.independent,
        "reposts": facts.reposts,
        "sources": facts.sources,
        "platforms": facts.platforms,
        "best_tier": facts.best_tier.value if facts.best_tier else None,
        "best_tier_zh": TIER_ZH[facts.best_tier] if facts.best_tier else None,
        "per_hour": round(facts.per_hour, 2),
        "negative_share": facts.negative_share,
        "first_source": first.source if first else None,
        "first_at": first.at.isoformat() if first else None,
        "first_mention": first.mention if first else None,
        "first_dated": first.dated if first else None,
        "last_at": head.last_at.isoformat(),
        "incident": head.case.number if head.case else None,
    }


def _details(sheet: StorySheet) -> dict[str, object]:
    return {
        "formula": sheet.heat.formula,
        "heat_parts": [
            {name: getattr(part, name) for name in part.__slots__} for part in sheet.heat.parts
        ],
        "sentiment": {name: getattr(sheet.shares, name) for name in sheet.shares.__slots__},
        "by_source": [[one.name, one.independent, one.reposts] for one in sheet.sources],
        "by_platform": [[one.name, one.independent, one.reposts] for one in sheet.platforms],
        "curve": [[hour.start.isoformat(), hour.independent, hour.reposts] for hour in sheet.curve],
        "key_mentions": [[one.mention, one.zh] for one in sheet.key],
    }
