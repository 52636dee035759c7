"""The daily digest (日报): a subject that carries the verdict, HTML to mail or print, Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any

import jinja2

from models.records import SHANGHAI, Level
from reports import charts, words
from reports.advice import advice
from reports.english import translator
from reports.facts import (
    PRODUCT,
    CaseLine,
    DigestFacts,
    DigestScope,
    contradictions,
    digest_facts,
)
from reports.links import Links
from reports.words import Language
from storage import reports as archive
from storage.store import Transaction

ORDINALS = "一二三四五六七八九十"


class Verdict(Enum):
    """What the day comes to, as the subject line says it."""

    NEGATIVE = "🔴"
    CLEAR = "✅"
    ABNORMAL = "⚠️"
    EMPTY = "⚪"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One digest as people read it."""

    subject: str
    html: str
    markdown: str


def verdict(facts: DigestFacts) -> Verdict:
    """Return what the day comes to: negatives or open alarms first, then collecting itself.

    A clear day is only called clear when every source that ran was read.
    """
    if facts.sentiment.negative or (facts.worst_level or 0) > 1:
        return Verdict.NEGATIVE
    if facts.sources.failed or facts.sources.tried == 0:
        return Verdict.ABNORMAL
    return Verdict.CLEAR if facts.volume.today else Verdict.EMPTY


def subject(facts: DigestFacts, language: Language) -> str:
    """Return the mail subject: product, place, day and verdict in words beside the sign."""
    name = translator(language)("舆情日报")
    day = words.short_day(facts.day, language)
    rest = f"{day} {verdict(facts).value} {verdict_line(facts, language)}"
    head = _joined(facts.scope.place, name, language)
    return f"【{head}】{rest}" if language == "zh" else f"[{head}] {rest}"


def verdict_line(facts: DigestFacts, language: Language) -> str:
    """Return the verdict as one line of words and numbers."""
    say = translator(language)
    parts = [_news_words(facts, language)]
    if facts.open_cases and facts.worst_level:
        parts.append(
            say("处置中事件 {n} 起，最高为{level}").format(
                n=facts.open_cases, level=words.level_word(facts.worst_level, language)
            )
        )
    if facts.overdue:
        parts.append(say("超时 {n} 起").format(n=len(facts.overdue)))
    if facts.sources.failed:
        parts.append(
            say("采集异常：{tried} 源失败 {failed} 源").format(
                tried=facts.sources.tried, failed=len(facts.sources.failed)
            )
        )
    if facts.sources.tried == 0:
        parts.append(say("没有采集记录"))
    return ("，" if language == "zh" else ", ").join(parts)


def render(facts: DigestFacts, language: Language = "zh", links: Links | None = None) -> Rendered:
    """Return the digest in one language; the same facts always give the same bytes."""
    page = _page(facts, language, links or Links())
    return Rendered(
        subject=page["subject"],
        html=_environment(html=True).get_template("digest.html").render(page),
        markdown=_environment(html=False).get_template("digest.md").render(page),
    )


def publish_digest(
    tx: Transaction,
    day: date,
    scope: DigestScope,
    now: datetime,
    *,
    language: Language = "zh",
    links: Links | None = None,
) -> tuple[archive.Report, Rendered]:
    """Gather, render and keep the digest of one day, all in the given transaction.

    Publishing the same day again replaces its text and keeps its issue number.
    """
    facts = digest_facts(tx, archive.issue_for(tx, PRODUCT, day), scope, now)
    rendered = render(facts, language, links)
    report = archive.Report(
        issue=facts.issue,
        published_at=now,
        facts={**facts.as_json(), "conclusion": verdict_line(facts, language)},
        html=rendered.html,
        markdown=rendered.markdown,
    )
    archive.publish(tx, report)
    return report, rendered


def notes(facts: DigestFacts, language: Language) -> tuple[str, ...]:
    """Return the data-quality notes, one sentence each; empty when there is nothing to note."""
    say = translator(language)
    scope = facts.scope
    found = [
        say("采集失败：{source}：{reason}").format(
            source=scope.source_name(trouble.source), reason=trouble.reason
        )
        for trouble in facts.sources.failed
    ]
    found += [
        say("曾失败、已恢复：{source}（{runs} 次中失败 {failures} 次）").format(
            source=scope.source_name(t.source), runs=t.runs, failures=t.failures
        )
        for t in facts.sources.recovered
    ]
    found += [
        _silence(facts, trouble.source, trouble.last_new, language)
        for trouble in facts.sources.silent
    ]
    found += [
        say("未运行：{source} 当日没有采集记录").format(source=scope.source_name(name))
        for name in facts.sources.not_run
    ]
    found += _count_notes(facts, language)
    found += _telling_notes(facts, language)
    return tuple(found)


def _count_notes(facts: DigestFacts, language: Language) -> list[str]:
    say = translator(language)
    volume = facts.volume
    counted = (
        (volume.late, "今日采集的信息中有 {n} 条发布于本期之前，计入今日新增"),
        (volume.undated, "{n} 条信息的发布时间缺失或不可信，按采集时间计"),
        (facts.sources.problems, "{n} 行或页解析异常，已跳过并记录"),
        (facts.originals_gone, "{n} 条原文已不可访问，正文已清除，仅保留标题与统计"),
        (facts.exercised, "{n} 条演练信息不计入本期"),
    )
    found = [say(sentence).format(n=n) for n, sentence in counted if n]
    before = volume.total - volume.today
    if facts.previous_total is not None and before < facts.previous_total:
        found.append(
            say(
                "累计数下降：上期累计 {was} 条，本期对应 {now} 条，差额系数据清理或重新计算"
            ).format(was=facts.previous_total, now=before)
        )
    if not facts.complete:
        found.append(
            say("本期未满一日：数据截至 {at}").format(at=words.moment(facts.made_at, language))
        )
    found += [
        say("数字不一致（{name}），请以明细为准并告知系统管理员").format(name=name)
        for name in contradictions(facts)
    ]
    return found


def _telling_notes(facts: DigestFacts, language: Language) -> list[str]:
    say = translator(language)
    found = [
        say("预警发送失败：渠道 {channel} 有 {n} 条未能送达：{error}").format(
            channel=told.channel, n=told.dead, error=told.last_error or "—"
        )
        for told in facts.told
        if told.dead
    ]
    found += [
        say("预警待发送：渠道 {channel} 有 {n} 条正在重试").format(channel=t.channel, n=t.waiting)
        for t in facts.told
        if t.waiting
    ]
    flagged = [
        case.incident.number
        for case in facts.cases
        if any("calendar_incomplete" in clock.flag for clock in case.clocks)
    ]
    if flagged:
        found.append(
            say("工作日历不完整：{numbers} 的期限按周末规则推算，请人工核对").format(
                numbers="、".join(flagged) if language == "zh" else ", ".join(flagged)
            )
        )
    return found


def _silence(facts: DigestFacts, source: str, last_new: datetime | None, language: Language) -> str:
    say = translator(language)
    name = facts.scope.source_name(source)
    if last_new is None:
        return say("无内容：{source} 可访问，但从未采到信息").format(source=name)
    return say("静默：{source} 自 {at} 起没有新信息").format(
        source=name, at=words.moment(last_new, language)
    )


def _news_words(facts: DigestFacts, language: Language) -> str:
    say = translator(language)
    if facts.volume.today == 0:
        return say("今日无新增信息：采集 {tried} 源，失败 {failed} 源").format(
            tried=facts.sources.tried, failed=len(facts.sources.failed)
        )
    if facts.sentiment.negative == 0:
        return say("新增 {n} 条，无负面").format(n=facts.volume.today)
    return say("新增负面 {n} 条").format(n=facts.sentiment.negative)


def _page(facts: DigestFacts, language: Language, links: Links) -> dict[str, Any]:
    return {
        "_": translator(language),
        "advice_for": lambda case: _advice(case, facts, language),
        "charts": _charts(facts, language),
        "day_of": lambda start: _day_of(start, facts),
        "facts": facts,
        "headings": _headings(language),
        "language": language,
        "levels": {int(level): level for level in Level},
        "links": links,
        "notes": notes(facts, language),
        "subject": subject(facts, language),
        "time_of": lambda at: _time_of(at, facts, language),
        "title": _joined(facts.scope.place, translator(language)("政务舆情日报"), language),
        "verdict": verdict(facts),
        "verdict_line": verdict_line(facts, language),
        "w": words,
    }


def _charts(facts: DigestFacts, language: Language) -> dict[str, Any]:
    say = translator(language)
    tone = facts.sentiment
    parts = [
        charts.Part(
            label=words.sentiment_word(name, language),
            count=getattr(tone, name),
            colour=charts.SENTIMENT_COLOURS[name],
        )
        for name in ("negative", "neutral", "positive", "unclassified")
    ]
    trend = [
        charts.Column(
            label=words.short_day(_day_of(day.start, facts), language),
            strong=day.independent,
            light=day.mentions - day.independent,
        )
        for day in facts.days
    ]
    return {
        "trend": charts.columns(trend, say("近七日采集量")),
        "tone": charts.stacked_bar(parts, say("情感构成")),
        "parts": parts,
    }


def _day_of(start: datetime, facts: DigestFacts) -> date:
    """Return the digest day whose span begins then."""
    return facts.day - (facts.span.start - start)


def _time_of(at: datetime, facts: DigestFacts, language: Language) -> str:
    """Return 18:05 on the digest's own day, 11月23日 18:05 on another."""
    local = at.astimezone(SHANGHAI)
    if local.date() == facts.day:
        return f"{local:%H:%M}"
    return words.short_moment(at, language)


def _headings(language: Language) -> Sequence[str]:
    """Return the numbers of the sections: 一、二、… or 1. 2. …"""
    if language == "zh":
        return [f"{ordinal}、" for ordinal in ORDINALS]
    return [f"{n}. " for n in range(1, len(ORDINALS) + 1)]


def _advice(case: CaseLine, facts: DigestFacts, language: Language) -> tuple[str, ...]:
    taken = bool(case.acknowledged_by)
    return advice(case.incident, case.next_clock, facts.made_at, language, taken=taken)


def _joined(place: str, name: str, language: Language) -> str:
    return f"{place}{name}" if language == "zh" else f"{place} {name}".strip()


@cache
def _environment(*, html: bool) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "templates"),
        autoescape=html,  # noqa: S701 - Markdown escapes by its own filter
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["md"] = markdown_text
    return made


def markdown_text(text: object) -> str:
    """Return text that Markdown shows as it is: no link, no tag, no table break, one line."""
    flat = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#!~" else c for c in flat)


__all__ = [
    "CaseLine",
    "DigestFacts",
    "DigestScope",
    "Links",
    "Rendered",
    "Verdict",
    "digest_facts",
    "notes",
    "publish_digest",
    "render",
    "subject",
    "verdict",
]
