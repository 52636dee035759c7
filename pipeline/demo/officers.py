"""What the officers of the story do, and when: the same actions the console offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote

from alerts.ack import verify
from models.records import Incident, IncidentState, Level
from pipeline.actions import Actions
from pipeline.demo.server import Sink
from storage import incidents, outbox

REACTION = timedelta(minutes=6)
"""From the card on the screen to the acknowledgement."""

S = IncidentState
WATER = ("停水", "水", "医院", "腹泻")

Deed = Callable[[Actions, str], None]


def _move(to: IncidentState, who: str, role: str, note: str) -> Deed:
    return lambda actions, case: actions.transition(case, to, who, role, note)


def _level(level: Level, reason: str) -> Deed:
    return lambda actions, case: actions.confirm_level(case, level, "研判员", "analyst", reason)


def _grade(level: Level, reason: str) -> Deed:
    return lambda actions, case: actions.grade_emergency(
        case, level, "分管领导", "deputy_leader", reason
    )


def _assign(unit: str, co_units: tuple[str, ...]) -> Deed:
    return lambda actions, case: actions.assign(
        case, unit, co_units, "政务公开办", "openness_office", "按职责交办，两小时内反馈"
    )


def _meet(clock_id: str, note: str) -> Deed:
    return lambda actions, case: actions.meet_clock(case, clock_id, "新闻发言人", note)


def _save(form: str, who: str, role: str, fields: Mapping[str, str]) -> Deed:
    return lambda actions, case: actions.save_form(case, form, fields, who, role)


def _submit(actions: Actions, case: str) -> None:
    actions.submit_draft(case, "新闻科", "press_officer")


def _sign(step: str, who: str, role: str, note: str = "") -> Deed:
    return lambda actions, case: actions.give_opinion(case, step, who, role, note, passed=True)


FEEDBACK = {
    "facts": "管网检修后冲洗不彻底，部分小区出水短时浑浊；抽检未检出化工污染物",
    "measures": "连夜冲洗管网，设临时供水点 6 处",
    "response": "区政府网站，5月13日上午",
    "handler": "区水务公司联络员",
}
DRAFT = {
    "draft": "关于城区部分小区供水浑浊情况的通报：检修后管网冲洗不彻底，现已恢复，水质抽检合格。",
    "basis": "区水务公司核查报告、区疾控中心水质检测报告",
    "talking_points": "先说事实和措施，原因以检测结果为准",
    "channel": "区政府网站、政务新媒体",
}

SCRIPT: tuple[tuple[str, Deed], ...] = (
    ("2 08:10", _move(S.REGISTERED, "值班员", "duty_officer", "登记台账")),
    ("2 11:10", _level(Level.ORANGE, "网传水源污染，涉及饮用水安全，扩散快")),
    ("2 11:15", _move(S.ASSESSED, "研判员", "analyst", "研判为重大")),
    ("2 11:20", _grade(Level.ORANGE, "涉及较多居民饮水安全，先按重大响应")),
    ("2 11:25", _move(S.REPORTED_UP, "值班员", "duty_officer", "电话报告区委区政府值班室")),
    ("2 11:30", _assign("区水务公司", ("区卫生健康委", "区生态环境分局", "柳湾街道办事处"))),
    ("2 11:32", _move(S.ASSIGNED, "政务公开办", "openness_office", "交办区水务公司")),
    ("2 12:15", _meet("first_authoritative_info", "区政府网站发布情况说明")),
    ("2 20:00", _meet("press_conference", "召开新闻发布会，通报抢修和送水安排")),
    (
        "3 08:30",
        _move(S.VERIFIED, "区水务公司联络员", "liaison", "管网冲洗不彻底，未检出化工污染物"),
    ),
    ("3 08:40", _save("disposition_feedback", "区水务公司联络员", "liaison", FEEDBACK)),
    ("3 09:00", _move(S.DRAFTED, "新闻科", "press_officer", "拟通报稿")),
    ("3 09:15", _save("response_approval", "新闻科", "press_officer", DRAFT)),
    ("3 09:20", _submit),
    ("3 09:30", _sign("secrecy_check", "政务公开办", "openness_office", "不涉密")),
    ("3 09:32", _sign("personal_information_check", "政务公开办", "openness_office", "无")),
    ("3 09:35", _sign("section_head", "科室负责人", "section_head")),
    ("3 09:45", _sign("deputy_leader", "分管领导", "deputy_leader")),
    ("3 10:00", _sign("principal_leader", "主要领导", "principal_leader", "同意发布")),
    ("3 10:05", _move(S.RESPONDED, "新闻发言人", "spokesperson", "区政府网站公开通报")),
    ("3 16:00", _move(S.TRACKING, "值班员", "duty_officer", "持续关注后续检测结果")),
)


@dataclass(slots=True)
class Officers:
    """Acts the script on the water case, and acknowledges every card that asks for it."""

    actions: Actions
    sink: Sink
    moment: Callable[[str], datetime]
    done: set[str] = field(default_factory=set)

    def act(self, now: datetime) -> list[str]:
        """Do what is due by now; return a line for each deed."""
        lines = self._acknowledge(now)
        case = self._water_case()
        for at, deed in SCRIPT:
            if case is None or at in self.done or self.moment(at) > now:
                continue
            self.done.add(at)
            deed(self.actions, case.id)
            lines.append(f"{case.number} 按预案推进（{at.split()[1]}）")
        return lines

    def _acknowledge(self, now: datetime) -> list[str]:
        """Open the signed link of each card that has lain for a few minutes."""
        lines: list[str] = []
        for message in list(self.sink.cards.values()):
            incident_id, link = str(message.get("incident_id") or ""), _link(message)
            if not link or incident_id in self.done:
                continue
            token = verify(unquote(link.rsplit("/", 1)[-1]), self.actions.office.secret, now)
            if self._told_at(token.delivery_id) + REACTION > now:
                continue
            self.done.add(incident_id)
            self.actions.acknowledge(incident_id, token.receiver, "link", token.delivery_id)
            lines.append(f"{token.receiver} 已签收：{message.get('subject')}")
        return lines

    def _told_at(self, delivery_id: str) -> datetime:
        with self.actions.office.store.read() as reader:
            found = outbox.delivery(reader, delivery_id)
        return found.created_at if found else self.actions.clock()

    def _water_case(self) -> Incident | None:
        with self.actions.office.store.read() as reader:
            open_cases = incidents.open_incidents(reader)
        about_water = [c for c in open_cases if any(word in c.title for word in WATER)]
        return about_water[0] if about_water else None


def _link(message: dict[str, object]) -> str:
    card = message.get("card")
    return str(card.get("acknowledge_url") or "") if isinstance(card, dict) else ""
