"""The papers of a case (domain §4.3): what each form holds, what must be filled, and no poster.

A form is a frozen dataclass; its labels are the office's own words. Texts are masked when a form
is made, and no form has a place for who posted: a referral names the claim and its evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from alerts.clocks import next_due, shanghai
from alerts.incidents import needs_joint_meeting
from alerts.levels import topic_zh
from models.records import Clock, Incident
from models.redact import redact_text


def _line(zh: str, *, required: bool = False, official: bool = False) -> Any:
    """Return a text field: its label, whether it must be filled, whether it names an official.

    What names an official on duty (who signs, whom to call on the scene) is not masked.
    """
    meta = {"zh": zh, "required": required, "official": official}
    return field(default="", metadata=meta)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionRecord:
    """舆情登记表: what was found, where, and how it spreads."""

    number: str = _line("编号", required=True, official=True)
    detected_at: str = _line("发现时间", required=True)
    published_at: str = _line("发布时间")
    source: str = _line("来源平台", required=True)
    media_tier: str = _line("媒体级别")
    title: str = _line("标题", required=True)
    url: str = _line("链接", official=True)
    gist: str = _line("原文摘要", required=True)
    place: str = _line("涉及地域")
    topic: str = _line("涉及领域")
    appeal: str = _line("诉求类型")
    sentiment: str = _line("情感")
    spread: str = _line("传播量（阅/转/评/赞）")
    first_or_repost: str = _line("首发/转载")
    involved_unit: str = _line("涉事单位")
    level: str = _line("拟定等级", required=True)
    collection_focus: str = _line("收集重点类别")
    registrar: str = _line("登记人", required=True, official=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentOrder:
    """舆情交办单: who must do what, by an absolute moment."""

    number: str = _line("交办编号", required=True, official=True)
    title_and_level: str = _line("舆情标题/等级", required=True)
    situation: str = _line("基本情况", required=True)
    analysis: str = _line("分析")
    opinion: str = _line("处理意见", required=True)
    lead_unit: str = _line("主办（拟办）单位", required=True)
    co_units: str = _line("抄送/协办")
    assigner: str = _line("交办人", required=True, official=True)
    assigned_at: str = _line("交办时间", required=True)
    due: str = _line("办理时限", required=True)
    signed_by: str = _line("签收人/时间", official=True)
    leader_note: str = _line("领导批示")
    attachments: str = _line("附件")


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionFeedback:
    """处置反馈单: what the unit found and did."""

    facts: str = _line("核查事实", required=True)
    measures: str = _line("处置措施", required=True)
    response: str = _line("是否回应/渠道/链接/时间", required=True)
    response_text: str = _line("回应文稿")
    public_feedback: str = _line("群众反馈")
    extension: str = _line("是否需延期及理由")
    trend: str = _line("后续舆情走势")
    handler: str = _line("办理人/审核人", required=True, official=True)
    satisfaction: str = _line("满意度")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseApproval:
    """回应审批单: facts first, causes carefully (快报事实、慎报原因)."""

    draft: str = _line("文稿", required=True)
    basis: str = _line("事实依据", required=True)
    talking_points: str = _line("口径要点", required=True)
    secrecy_check: str = _line("保密审查", official=True)
    personal_information_check: str = _line("个人信息审查", official=True)
    opinions: str = _line("各级意见（人/时间/通过或退回）", official=True)
    channel: str = _line("发布渠道", required=True)
    published_at: str = _line("发布时间")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReport:
    """突发事件信息: send what is known first; "still collecting" is no ground for delay."""

    time: str = _line("时间", required=True)
    place: str = _line("地点", required=True)
    state: str = _line("状态", required=True)
    casualties: str = _line("伤亡")
    unit: str = _line("事发单位/地基本情况")
    cause: str = _line("起因和性质")
    course: str = _line("基本过程")
    scope: str = _line("影响范围")
    trend: str = _line("发展趋势")
    handling: str = _line("处置情况")
    requests: str = _line("请求事项和工作建议")
    on_scene: str = _line("现场负责人姓名/职务/联系方式", official=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """移送: a published claim and the evidence about it, never who posted it."""

    claim: str = _line("所涉公开说法", required=True)
    published: str = _line("发布位置与时间", required=True)
    evidence: str = _line("核查证据", required=True)
    handed_to: str = _line("移送单位", required=True)
    basis: str = _line("移送依据", required=True)
    handed_by: str = _line("移送人", required=True, official=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointMeeting:
    """联席会议会商记录, on orange and red: who came, what was decided, who does it by when."""

    held_at: str = _line("时间", required=True)
    chair: str = _line("主持", required=True, official=True)
    present: str = _line("参会单位", required=True, official=True)
    agenda: str = _line("议题", required=True)
    decisions: str = _line("议定事项", required=True)
    tasks: str = _line("责任单位与时限", required=True)
    recorder: str = _line("记录人", required=True, official=True)


FORMS: Mapping[str, type[Any]] = {
    "opinion_record": OpinionRecord,
    "assignment_order": AssignmentOrder,
    "disposition_feedback": DispositionFeedback,
    "response_approval": ResponseApproval,
    "incident_report": IncidentReport,
    "referral": Referral,
    "joint_meeting": JointMeeting,
}
"""Every form by the name it is stored under."""

FORM_ZH: Mapping[str, str] = {
    "opinion_record": "舆情登记表",
    "assignment_order": "舆情交办单",
    "disposition_feedback": "处置反馈单",
    "response_approval": "回应审批单",
    "incident_report": "突发事件信息",
    "referral": "移送单",
    "joint_meeting": "联席会议会商记录",
}
"""Officers' names of the forms."""

FormT = TypeVar("FormT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """One line of a form as a page shows it."""

    name: str
    zh: str
    required: bool


class FormError(ValueError):
    """A form of no kind, or a field it does not have."""


def blanks(kind: str) -> tuple[Blank, ...]:
    """Return the lines of a form, in order."""
    return tuple(
        Blank(name=line.name, zh=line.metadata["zh"], required=line.metadata["required"])
        for line in fields(_form(kind))
    )


def fill(kind: str, values: Mapping[str, str]) -> Any:
    """Return the filled form, texts masked; raises FormError for a field it does not have."""
    return filled(_form(kind), values)


def filled(form: type[FormT], values: Mapping[str, str]) -> FormT:
    """Return a form of a known class, texts masked; raises FormError for an unknown field."""
    known = {line.name: line for line in fields(form)}  # type: ignore[arg-type]
    unknown = sorted(values.keys() - known.keys())
    if unknown:
        raise FormError(f"{form.__name__} 没有这些栏目：{'、'.join(unknown)}")
    return form(
        **{
            name: text.strip() if known[name].metadata["official"] else redact_text(text).strip()
            for name, text in values.items()
        }
    )


def missing(form: object) -> tuple[str, ...]:
    """Return the labels of required lines that are empty."""
    return tuple(
        line.metadata["zh"]
        for line in fields(form)  # type: ignore[arg-type]
        if line.metadata["required"] and not getattr(form, line.name)
    )


def values_of(form: object) -> dict[str, str]:
    """Return the filled lines by name, as they are stored."""
    return {
        line.name: value
        for line in fields(form)  # type: ignore[arg-type]
        if (value := getattr(form, line.name))
    }


def _form(kind: str) -> type[Any]:
    try:
        return FORMS[kind]
    except KeyError:
        raise FormError(f"没有“{kind}”这种表单：可用 {'、'.join(FORMS)}") from None


def drafted_record(incident: Incident, seen: Mapping[str, str], registrar: str) -> OpinionRecord:
    """Return the registration of a case with what is known filled in; `seen` adds other lines."""
    known = {
        "number": incident.number,
        "detected_at": shanghai(incident.detected_at),
        "title": incident.title,
        "place": incident.place,
        "topic": topic_zh(incident.topic),
        "involved_unit": incident.responsible_unit,
        "level": incident.level.zh,
        "registrar": registrar,
    }
    return filled(OpinionRecord, {**known, **seen})


def drafted_assignment(
    incident: Incident, clocks: Sequence[Clock], assigner: str, now: datetime
) -> AssignmentOrder:
    """Return the assignment order of a case: unit, level and the next deadline as a moment."""
    due = next_due(clocks)
    return filled(
        AssignmentOrder,
        {
            "number": f"{incident.number}-交办",
            "title_and_level": f"{incident.title}（{incident.level.zh}）",
            "lead_unit": incident.responsible_unit,
            "co_units": "、".join(incident.co_units),
            "assigner": assigner,
            "assigned_at": shanghai(now),
            "due": f"{shanghai(due.due)} 前（{due.zh}，{due.source}）" if due else "",
            "opinion": "提请联席会议会商" if needs_joint_meeting(incident) else "",
        },
    )
