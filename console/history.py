"""What happened to a case, told in lines that an officer can read down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.approvals import PASSED, SENT_BACK, SUBMITTED
from alerts.approvals import ROLE_ZH as STEP_ZH
from alerts.forms import FORM_ZH
from console.visit import translator
from models.records import Alert, Clock, IncidentState, Level, Reason
from reports import words
from reports.words import Language
from storage.board import Told
from storage.incidents import Acknowledgement, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything stored about the course of one case."""

    steps: Sequence[Step] = ()
    alerts: Sequence[Alert] = ()
    acknowledged: Sequence[Acknowledgement] = ()
    told: Sequence[Told] = ()
    clocks: Sequence[Clock] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of the history."""

    at: datetime
    who: str
    what: str
    note: str = ""


def history(record: Record, language: Language) -> list[Happening]:
    """Return the lines, the latest first; people told at once for one reason share a line."""
    lines = [
        *_steps(record, language),
        *_alerts(record.alerts, language),
        *_acknowledgements(record.acknowledged, language),
        *_told(record.told, language),
    ]
    # Of one moment, what was done last stands first too.
    return sorted(lines, key=lambda line: line.at)[::-1]


def _steps(record: Record, language: Language) -> Iterator[Happening]:
    say = translator(language)
    names = {
        "state": say("状态"),
        "regraded": say("等级"),
        "assigned": say("交办"),
        "opened": say("立案"),
        "joined": say("并入预警"),
        "clock_met": say("完成时限"),
        "emergency_grade": say("突发事件等级"),
        "extended": say("延期"),
        "occurred": say("事发时间"),
        "silenced": say("静默通知至"),
        "form_saved": say("保存表单"),
        "stories_merged": say("合并热点"),
        "story_split": say("拆分热点"),
        SUBMITTED: say("文稿送审"),
        PASSED: say("审批通过"),
        SENT_BACK: say("审批退回"),
    }
    known = {c.clock_id: words.clock_word(c.clock_id, c.zh, language) for c in record.clocks}
    known |= {name: say(zh) for name, zh in {**FORM_ZH, **STEP_ZH}.items()}
    for step in record.steps:
        if step.action == "acknowledged":
            continue  # told from the acknowledgement itself
        stored = () if step.action == SUBMITTED else (step.from_value, step.to_value)
        values = [known.get(v) or _value(v, language) for v in stored]
        change = " → ".join(filter(None, values))
        name = names.get(step.action, step.action)
        yield Happening(at=step.at, who=step.who, what=f"{name} {change}".strip(), note=step.note)


def _alerts(alerts: Sequence[Alert], language: Language) -> Iterator[Happening]:
    say = translator(language)
    for alert in alerts:
        level = words.level_word(alert.level, language)
        what = say("预警：{level}（规则 {rule}）").format(level=level, rule=alert.rule)
        note = say("；").join(alert.reasons)
        yield Happening(at=alert.raised_at, who=say("系统"), what=what, note=note)


def _acknowledgements(
    acknowledged: Sequence[Acknowledgement], language: Language
) -> Iterator[Happening]:
    say = translator(language)
    ways = {"link": say("消息链接"), "console": say("工作台"), "cli": say("命令行")}
    for ack in acknowledged:
        what = say("签收（{how}）").format(how=ways.get(ack.how, ack.how))
        yield Happening(at=ack.at, who=ack.who, what=what)


def _told(told: Sequence[Told], language: Language) -> Iterator[Happening]:
    say = translator(language)
    together: dict[tuple[datetime, str, Reason], list[str]] = {}
    for one in told:
        delivery = one.delivery
        if delivery.sent_at is not None:
            minute = delivery.sent_at.replace(second=0, microsecond=0)
            receivers = together.setdefault((minute, delivery.channel, delivery.reason), [])
            receivers.append(words.receiver_word(delivery.receiver))
    for (at, channel, reason), receivers in together.items():
        what = say("已通知 {receiver}（{channel}，{reason}）").format(
            receiver=say("、").join(dict.fromkeys(receivers)),
            channel=channel,
            reason=words.reason_word(reason, language),
        )
        yield Happening(at=at, who=say("系统"), what=what)


def _value(value: str, language: Language) -> str:
    if value in set(IncidentState):
        return words.state_word(value, language)
    try:
        return words.level_word(Level.of(value), language)
    except ValueError:
        return value
