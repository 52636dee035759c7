"""What a person sees when told: one card, rendered as text, markdown or safe HTML (domain §10.1).

A card never carries a poster, a phone number or an address below the township: it is a pointer,
details stay inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Literal

from pydantic import TypeAdapter

from alerts.clocks import remaining, shanghai
from alerts.levels import topic_zh
from models.records import TIER_ZH, Alert, Clock, Incident, Level, MediaTier, Reason
from models.redact import redact_text

GIST_CHARACTERS = 80
Language = Literal["zh", "en"]

REASON_ZH = {
    Reason.FIRST: "首次预警",
    Reason.WORSE: "等级上升",
    Reason.GROWN: "扩散加快",
    Reason.REPEAT: "再次提醒",
    Reason.REMINDER: "时限提醒",
    Reason.ESCALATED: "逐级上报",
    Reason.RESOLVED: "已办结",
    Reason.OPERATIONAL: "系统运行",
    Reason.DIGEST: "合并摘要",
    Reason.NONE: "",
}
"""Officers' words for why they are told."""

REASON_EN = {
    Reason.FIRST: "first",
    Reason.WORSE: "graver",
    Reason.GROWN: "grown",
    Reason.REPEAT: "repeat",
    Reason.REMINDER: "reminder",
    Reason.ESCALATED: "escalated",
    Reason.RESOLVED: "resolved",
    Reason.OPERATIONAL: "operational",
    Reason.DIGEST: "digest",
    Reason.NONE: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The mention a card shows: already redacted text, where it stood and when."""

    text: str = ""
    source: str = ""
    media_tier: MediaTier | None = None
    published: datetime | None = None
    place: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a card shows beside the alert and its incident.

    `due` is the incident's next clock; `record_url` leads to the record inside.
    """

    reason: Reason
    due: Clock | None = None
    evidence: Evidence = Evidence()
    record_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything a person on duty needs to act, and nothing about who posted it.

    `independent` leaves reposts out. `due` is the next deadline, `as_of` when the card was made.
    """

    level: Level
    title: str
    reason: Reason
    as_of: datetime
    detected_at: datetime | None = None
    published_at: datetime | None = None
    source: str = ""
    media_tier: MediaTier | None = None
    gist: str = ""
    why: tuple[str, ...] = ()
    mentions: int = 0
    independent: int = 0
    sources: int = 0
    place: str = ""
    topic: str = ""
    unit: str = ""
    due: datetime | None = None
    due_zh: str = ""
    next_step: str = ""
    record_url: str = ""
    original_url: str = ""
    acknowledge_url: str = ""
    alert_id: str = ""
    number: str = ""
    exercise: bool = False

    def as_json(self) -> str:
        """Return the card as stored with its delivery."""
        return _ADAPTER.dump_json(self).decode()

    def subject(self, language: Language = "zh") -> str:
        """Return one line: level word, why told, title."""
        if language == "en":
            drill = "[EXERCISE] " if self.exercise else ""
            return f"{drill}[{self.level.en}] {REASON_EN[self.reason]}: {self.title}"
        drill = "【演练】" if self.exercise else ""
        word = REASON_ZH[self.reason]
        return f"{drill}【{self.level.zh}】{word + '：' if word else ''}{self.title}"

    def lines(self, language: Language = "zh") -> tuple[tuple[str, str], ...]:
        """Return label and value of every field that has one, in reading order."""
        rows = _rows_zh(self) if language == "zh" else _rows_en(self)
        return tuple((label, value) for label, value in rows if value)

    def text(self, language: Language = "zh") -> str:
        """Return plain text, one field a line."""
        colon = "：" if language == "zh" else ": "
        body = [f"{label}{colon}{value}" for label, value in self.lines(language)]
        return "\n".join([self.subject(language), *body])

    def markdown(self, language: Language = "zh") -> str:
        """Return the small markdown the chat robots understand."""
        body = [f"- **{label}** {_md(value)}" for label, value in self.lines(language)]
        return "\n".join([f"### {_md(self.subject(language))}", *body])

    def html(self, language: Language = "zh") -> str:
        """Return a safe HTML fragment: every value is escaped, only web links are links."""
        rows = "".join(
            f"<tr><th align='left' valign='top'>{escape(label)}</th>"
            f"<td>{_html_value(value)}</td></tr>"
            for label, value in self.lines(language)
        )
        colour = escape(self.level.colour)
        return f"<h2 class='{colour}'>{escape(self.subject(language))}</h2><table>{rows}</table>"


_ADAPTER: TypeAdapter[Card] = TypeAdapter(Card)


def card_of(json_text: str) -> Card:
    """Return the card of a delivery's JSON."""
    return _ADAPTER.validate_json(json_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A whole report for channels that carry one: the digest by mail. `html` is safe already."""

    text: str
    html: str

    def as_json(self) -> str:
        """Return the letter as stored with its delivery."""
        return _LETTER.dump_json(self).decode()


_LETTER: TypeAdapter[Letter] = TypeAdapter(Letter)


def letter_of(json_text: str) -> Letter | None:
    """Return the letter of a delivery's JSON, or None when it is a card."""
    return _LETTER.validate_json(json_text) if json_text.startswith('{"text":') else None


def gist_of(text: str) -> str:
    """Return the first 80 characters of a text in one line, cut visibly.

    Personal data is masked once more: what reaches a phone must be clean whoever built the card.
    """
    line = " ".join(redact_text(text).split())
    return line if len(line) <= GIST_CHARACTERS else line[: GIST_CHARACTERS - 1] + "…"


def card(alert: Alert, incident: Incident, facts: CardFacts, now: datetime) -> Card:
    """Return the card of an alert inside its incident."""
    evidence, due = facts.evidence, facts.due
    return Card(
        level=incident.level,
        title=gist_of(incident.title),
        reason=facts.reason,
        as_of=now,
        detected_at=incident.detected_at,
        published_at=evidence.published,
        source=evidence.source,
        media_tier=evidence.media_tier,
        gist=gist_of(evidence.text),
        why=alert.reasons,
        mentions=alert.mentions,
        independent=alert.independent,
        sources=alert.sources,
        place=incident.place or evidence.place,
        topic=incident.topic,
        unit=incident.responsible_unit,
        due=due.due if due else None,
        due_zh=due.zh if due else "",
        next_step=next_step_zh(incident.level),
        record_url=facts.record_url,
        original_url=evidence.url,
        alert_id=alert.id,
        number=incident.number,
        exercise=incident.exercise,
    )


def next_step_zh(level: Level) -> str:
    """Return what the tables of domain §3 ask of the office at a level."""
    return {
        Level.BLUE: "登记台账，由科室办理答复",
        Level.YELLOW: "核实研判，编写快报报分管领导",
        Level.ORANGE: "立即报主要领导，编写专报，召开联席会议会商",
        Level.RED: "立即电话报告主要领导，成立专班，持续续报",
    }[level]


def _rows_zh(card: Card) -> tuple[tuple[str, str], ...]:
    due = f"{card.due_zh} {shanghai(card.due)}（{_left(card)}）" if card.due else ""
    tier = f"（{TIER_ZH[card.media_tier]}）" if card.media_tier else ""
    return (
        ("编号", card.number),
        ("发布时间", _time(card.published_at)),
        ("发现时间", _time(card.detected_at)),
        ("来源", f"{card.source}{tier}" if card.source else ""),
        ("摘要", card.gist),
        ("预警依据", "；".join(card.why)),
        ("传播", _spread_zh(card)),
        ("地域", card.place),
        ("领域", topic_zh(card.topic)),
        ("建议责任单位", card.unit),
        ("最近时限", due),
        ("建议措施", card.next_step),
        ("查看", card.record_url),
        ("原文", card.original_url),
        ("签收", card.acknowledge_url),
        ("预警编号", card.alert_id),
    )


def _rows_en(card: Card) -> tuple[tuple[str, str], ...]:
    due = f"{card.due_zh} {shanghai(card.due)} UTC+8 ({_left_en(card)})" if card.due else ""
    spread = f"{card.mentions} mentions, {card.independent} independent, {card.sources} sources"
    tier = f" ({card.media_tier})" if card.media_tier else ""
    return (
        ("Number", card.number),
        ("Published", _time(card.published_at)),
        ("Detected", _time(card.detected_at)),
        ("Source", f"{card.source}{tier}" if card.source else ""),
        ("Gist", card.gist),
        ("Why", "; ".join(card.why)),
        ("Spread", spread if card.mentions else ""),
        ("Area", card.place),
        ("Field", card.topic),
        ("Suggested unit", card.unit),
        ("Next deadline", due),
        ("Next step", card.next_step),
        ("Record", card.record_url),
        ("Original", card.original_url),
        ("Acknowledge", card.acknowledge_url),
        ("Alert id", card.alert_id),
    )


def _spread_zh(card: Card) -> str:
    if not card.mentions:
        return ""
    reposts = card.mentions - card.independent
    own = f"独立 {card.independent}，转载 {reposts}"
    return f"信息 {card.mentions} 条（{own}），来源 {card.sources} 个"


def _time(moment: datetime | None) -> str:
    return shanghai(moment) if moment else ""


def _left(card: Card) -> str:
    return remaining(card.due, card.as_of) if card.due else ""


def _left_en(card: Card) -> str:
    left = (card.due or card.as_of) - card.as_of
    minutes = int(abs(left).total_seconds() // 60)
    words = f"{minutes // 60} h {minutes % 60} min"
    return f"{words} left" if left > timedelta(0) else f"{words} over"


def _md(value: str) -> str:
    """Keep text from becoming markup: links of others, mentions and emphasis stay text."""
    for sign in "\\`*_[]<>":
        value = value.replace(sign, f"\\{sign}" if sign not in "<>" else "")
    return value


def _html_value(value: str) -> str:
    safe = escape(value)
    if value.startswith(("https://", "http://")):
        return f"<a href='{safe}' rel='noopener noreferrer'>{safe}</a>"
    return safe
