"""Whether the model still reads as it did: what is judged, and the words people read about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from models.drift import (
    BASELINE_WEEKS_AT_LEAST,
    DISAGREEMENT_AT,
    MENTIONS_AT_LEAST,
    Drift,
    DriftVerdict,
    LabelShare,
    Week,
    judge_drift,
)
from models.labels import HEADS
from reports import words
from reports.english import translator
from reports.words import Language
from storage import drift
from storage.store import Reader

WEEKS_LOOKED_AT = timedelta(weeks=12)
LABELS_NAMED = 3
MOVED_POINTS = 0.02
"""A label whose share moved by less than two points of a hundred is not worth a name."""


def verdicts(reader: Reader, now: datetime) -> tuple[DriftVerdict, ...]:
    """Return what moved in each head's last week; heads without a week are left out."""
    found = drift.weeks(reader, now - WEEKS_LOOKED_AT)
    return tuple(judge_drift(_judged(found[head])) for head in HEADS if head in found)


def head_word(head: str, language: Language) -> str:
    """Return the officers' name of a head, as a mention's page has it."""
    names = {"sentiment": "倾向", "topic": "话题", "appeal": "诉求", "urgency": "紧急程度"}
    return names[head] if language == "zh" else words.HEAD_EN[head]


def verdict_word(verdict: DriftVerdict, language: Language) -> str:
    """Return 有变化, 稳定 or 数据不足."""
    say = translator(language)
    if verdict.moved:
        return say("有变化")
    return say("稳定") if verdict.steady else say("数据不足")


def week_words(verdict: DriftVerdict, language: Language) -> str:
    """Return the first and the last day of the week that was judged."""
    last = verdict.week + timedelta(days=6)
    return f"{words.short_day(verdict.week, language)}—{words.short_day(last, language)}"


def moved_words(verdict: DriftVerdict, language: Language) -> list[str]:
    """Return a sentence for each thing that moved, from what to what."""
    spoken = {Drift.SHARE: _share, Drift.CONFIDENCE: _confidence, Drift.DISAGREEMENT: _disagreement}
    return [spoken[what](verdict, language) for what in verdict.moved]


def missing_words(verdict: DriftVerdict, language: Language) -> str:
    """Return what is still missing to compare the week, empty when nothing is."""
    say = translator(language)
    missing = []
    if verdict.mentions < MENTIONS_AT_LEAST:
        missing.append(
            say("这一周只有 {n} 条，满 {least} 条才判断").format(
                n=verdict.mentions, least=MENTIONS_AT_LEAST
            )
        )
    if verdict.weeks_before < BASELINE_WEEKS_AT_LEAST:
        missing.append(
            say("此前满 {least} 条的周有 {n} 个，需要 {weeks} 个").format(
                n=verdict.weeks_before, least=MENTIONS_AT_LEAST, weeks=BASELINE_WEEKS_AT_LEAST
            )
        )
    return say("；").join(missing)


def line(verdict: DriftVerdict, language: Language) -> str:
    """Return a head's verdict in one line, with what moved or what is missing."""
    say = translator(language)
    more = moved_words(verdict, language) or [missing_words(verdict, language)]
    head = head_word(verdict.head, language)
    told = f"{head} {week_words(verdict, language)} {verdict_word(verdict, language)}"
    return say("：").join(part for part in (told, say("；").join(more)) if part)


def named_shares(verdict: DriftVerdict) -> Sequence[LabelShare]:
    """Return the labels whose share moved most, at most three and at least one."""
    told = [s for s in verdict.shares if abs(s.now - s.before) >= MOVED_POINTS]
    return (told or verdict.shares)[:LABELS_NAMED]


def grown_label(verdict: DriftVerdict) -> str:
    """Return the label whose share moved most upwards, empty when no mix moved."""
    grown = [s.label for s in verdict.shares if s.now > s.before]
    return grown[0] if grown and Drift.SHARE in verdict.moved else ""


def _judged(weeks: Sequence[Week]) -> Sequence[Week]:
    """Return the weeks up to the last one that can be judged: a week just begun waits."""
    begun = len(weeks) > 1 and weeks[-1].mentions < MENTIONS_AT_LEAST <= weeks[-2].mentions
    return weeks[:-1] if begun else weeks


def _share(verdict: DriftVerdict, language: Language) -> str:
    say = translator(language)
    parts = [
        say("“{label}”由 {before} 变为 {now}").format(
            label=words.label_word(verdict.head, share.label, language),
            before=percent(share.before),
            now=percent(share.now),
        )
        for share in named_shares(verdict)
    ]
    return say("占比：{parts}").format(parts=say("，").join(parts))


def _confidence(verdict: DriftVerdict, language: Language) -> str:
    return translator(language)("模型的平均把握由 {before} 降到 {now}").format(
        before=percent(verdict.confidence + verdict.confidence_fell),
        now=percent(verdict.confidence),
    )


def _disagreement(verdict: DriftVerdict, language: Language) -> str:
    return translator(language)(
        "人工更正 {n} 次，{changed} 次改了标注（{share}，一般不超过 {limit}）"
    ).format(
        n=verdict.corrections,
        changed=verdict.changed,
        share=percent(verdict.changed / verdict.corrections),
        limit=percent(DISAGREEMENT_AT),
    )


def percent(share: float) -> str:
    """Return a share of 0..1 as a percentage with one digit."""
    return f"{100 * share:.1f}%"
