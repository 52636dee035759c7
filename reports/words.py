"""The words officers read: labels, states, times and spans, in Chinese or in English."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from models.labels import APPEALS, TOPICS, UNCLASSIFIED_ZH, URGENCIES
from models.records import (
    SHANGHAI,
    TIER_ZH,
    DeliveryStatus,
    IncidentState,
    Level,
    MediaTier,
    Reason,
)

Language = Literal["zh", "en"]

STATE_ZH: Final[dict[IncidentState, str]] = {
    IncidentState.MONITORED: "监测",
    IncidentState.REGISTERED: "登记",
    IncidentState.ASSESSED: "研判",
    IncidentState.REPORTED_UP: "报送",
    IncidentState.ASSIGNED: "交办",
    IncidentState.VERIFIED: "核查",
    IncidentState.DRAFTED: "拟稿",
    IncidentState.IN_REVIEW: "审核",
    IncidentState.RESPONDED: "回应",
    IncidentState.TRACKING: "跟踪",
    IncidentState.EVALUATED: "评估",
    IncidentState.ARCHIVED: "归档",
    IncidentState.RETURNED: "退回",
    IncidentState.REFERRED: "移送",
    IncidentState.NO_RESPONSE_NEEDED: "不予回应",
    IncidentState.FALSE_ALARM: "误报",
}
REASON_ZH: Final[dict[Reason, str]] = {
    Reason.NONE: "无",
    Reason.FIRST: "首次预警",
    Reason.WORSE: "等级上升",
    Reason.GROWN: "传播扩大",
    Reason.REPEAT: "重复提醒",
    Reason.REMINDER: "时限提醒",
    Reason.ESCALATED: "逐级上报",
    Reason.RESOLVED: "已解除",
    Reason.OPERATIONAL: "运行告警",
    Reason.DIGEST: "日报",
}
STATUS_ZH: Final[dict[DeliveryStatus, str]] = {
    DeliveryStatus.PENDING: "待发送",
    DeliveryStatus.SENT: "已送达",
    DeliveryStatus.ACCEPTED: "已交对方服务器",
    DeliveryStatus.DEAD: "发送失败",
    DeliveryStatus.CANCELLED: "已取消",
}
STATUS_EN: Final[dict[DeliveryStatus, str]] = {
    DeliveryStatus.PENDING: "waiting",
    DeliveryStatus.SENT: "delivered",
    DeliveryStatus.ACCEPTED: "accepted by relay",
    DeliveryStatus.DEAD: "failed",
    DeliveryStatus.CANCELLED: "cancelled",
}
SENTIMENT_ZH: Final = {"negative": "负面", "neutral": "中性", "positive": "正面"}
KIND_ZH: Final = {"citizen_message": "群众留言", "news": "新闻", "post": "帖文"}
T0_ZH: Final = {"occurred": "事发", "detected": "发现", "assigned": "交办"}
HEAD_EN: Final = {
    "sentiment": "sentiment",
    "topic": "topic",
    "appeal": "appeal",
    "urgency": "urgency",
}
URGENCY_EN: Final = {
    "0": "ordinary",
    "1": "time limit or continuing harm",
    "2": "danger to safety or health",
}
PRODUCT_ZH: Final = {"daily": "日报", "weekly": "周报", "flash": "快报", "special": "专报"}
CLOCK_EN: Final = {
    "first_authoritative_info": "first authoritative information",
    "press_conference": "press conference",
    "respond_other_limit": "response (hard limit)",
    "respond_hot_henan_target": "response to a hot issue (target)",
    "escalate_phone": "report by telephone",
    "escalate_written_major": "written report (major and above)",
    "escalate_written_larger": "written report (larger)",
    "escalate_written_general": "written report (general)",
    "followup_report": "follow-up report",
    "continuous_update": "continuing updates",
    "info_request": "answer to an information request",
}
WEEKDAYS: Final = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")


def level_word(level: Level, language: Language) -> str:
    """Return colour and grade, as in 橙色（重大）."""
    return level.zh if language == "zh" else level.en


def level_colour(level: Level, language: Language) -> str:
    """Return the colour word alone, as in 橙色."""
    return level_word(level, language).split("（")[0].split(" (")[0]


def state_word(state: IncidentState | str, language: Language) -> str:
    """Return the word for a state; an unknown one is shown as stored."""
    try:
        known = IncidentState(state)
    except ValueError:
        return str(state)
    return STATE_ZH[known] if language == "zh" else _plain(known.value)


def sentiment_word(sentiment: str, language: Language) -> str:
    """Return the word for a sentiment; everything else is unclassified."""
    if language == "en":
        return sentiment if sentiment in SENTIMENT_ZH else "unclassified"
    return SENTIMENT_ZH.get(sentiment, UNCLASSIFIED_ZH)


def topic_word(topic: str, language: Language) -> str:
    """Return the name of a topic."""
    if language == "en":
        return _plain(topic) if topic in TOPICS else "unclassified"
    return TOPICS.get(topic, UNCLASSIFIED_ZH)


def appeal_word(appeal: str, language: Language) -> str:
    """Return the word for what a message asks."""
    if language == "en":
        return _plain(appeal) if appeal in APPEALS else "unclassified"
    return APPEALS.get(appeal, UNCLASSIFIED_ZH)


def urgency_word(urgency: int | str, language: Language) -> str:
    """Return the word for an urgency of 0, 1 or 2."""
    table = URGENCIES if language == "zh" else URGENCY_EN
    return table.get(str(urgency), str(urgency))


def label_word(head: str, label: str, language: Language) -> str:
    """Return the word for a label of any head; an unknown head shows the label as stored."""
    by_head = {
        "sentiment": sentiment_word,
        "topic": topic_word,
        "appeal": appeal_word,
        "urgency": urgency_word,
    }
    return by_head[head](label, language) if head in by_head else label


def tier_word(tier: str, language: Language) -> str:
    """Return the name of a media tier."""
    if language == "en" or tier not in {t.value for t in MediaTier}:
        return _plain(tier)
    return TIER_ZH[MediaTier(tier)]


def kind_word(kind: str, language: Language) -> str:
    """Return the name of a kind of text."""
    return KIND_ZH.get(kind, kind) if language == "zh" else _plain(kind)


def reason_word(reason: Reason, language: Language) -> str:
    """Return why somebody was told."""
    return REASON_ZH[reason] if language == "zh" else _plain(reason.value)


def status_word(status: DeliveryStatus, language: Language) -> str:
    """Return how a delivery stands."""
    return STATUS_ZH[status] if language == "zh" else STATUS_EN[status]


def clock_word(clock_id: str, zh: str, language: Language) -> str:
    """Return the duty of a clock; a local one without an English name shows its id."""
    return zh if language == "zh" else CLOCK_EN.get(clock_id, _plain(clock_id))


def t0_word(t0_name: str, language: Language) -> str:
    """Return from which moment a clock counts."""
    name = t0_name.removesuffix("_at")
    return T0_ZH.get(name, name) if language == "zh" else _plain(name)


def product_word(product: str, language: Language) -> str:
    """Return the name of a report product."""
    if language == "zh":
        return PRODUCT_ZH.get(product, product)
    return "daily digest" if product == "daily" else _plain(product)


def day_words(day: date, language: Language) -> str:
    """Return 2026年11月24日 星期二, or Tuesday 24 November 2026."""
    if language == "en":
        return f"{day:%A} {day.day} {day:%B} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日 {WEEKDAYS[day.weekday()]}"


def short_day(day: date, language: Language) -> str:
    """Return 11月24日, or 24 Nov."""
    return f"{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%b}"


def moment(at: datetime, language: Language) -> str:
    """Return the Asia/Shanghai minute with its year, as in 2026年11月24日 18:05."""
    local = at.astimezone(SHANGHAI)
    if language == "en":
        return f"{local.day} {local:%b} {local.year} {local:%H:%M}"
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def short_moment(at: datetime, language: Language) -> str:
    """Return the Asia/Shanghai minute without its year, as in 11月24日 18:05."""
    local = at.astimezone(SHANGHAI)
    return f"{short_day(local.date(), language)} {local:%H:%M}"


def length(span: timedelta, language: Language) -> str:
    """Return a length in its two largest units, as in 3小时20分钟; at least 1分钟."""
    minutes = max(1, int(abs(span).total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    units = ("天", "小时", "分钟") if language == "zh" else (" d", " h", " min")
    parts = [f"{n}{unit}" for n, unit in zip((days, hours, minutes), units, strict=True) if n][:2]
    return ("" if language == "zh" else " ").join(parts)


def remaining(due: datetime, now: datetime, language: Language) -> str:
    """Return 剩余3小时20分钟 before the deadline and 已超时2小时 after it."""
    words = length(due - now, language)
    if due >= now:
        return f"剩余{words}" if language == "zh" else f"{words} left"
    return f"已超时{words}" if language == "zh" else f"{words} overdue"


def ago(at: datetime, now: datetime, language: Language) -> str:
    """Return how long ago it was; the future (a clock that jumped) reads as just now."""
    if now - at < timedelta(minutes=1):
        return "刚刚" if language == "zh" else "just now"
    words = length(now - at, language)
    return f"{words}前" if language == "zh" else f"{words} ago"


def receiver_word(receiver: str) -> str:
    """Return a receiver fit to show: of an address, which may hold a key, only the host."""
    host = urlsplit(receiver).hostname if "://" in receiver else None
    return f"{host}/…" if host else receiver


def share(part: int, whole: int) -> str:
    """Return a percentage with one digit, or a dash when there is nothing to divide by."""
    return f"{100 * part / whole:.1f}%" if whole else "—"


def gist(text: str, at_most: int = 80) -> str:
    """Return the beginning of a text, cut at a sentence when one ends in its second half."""
    flat = " ".join(text.split())
    if len(flat) <= at_most:
        return flat
    cut = flat[:at_most]
    end = max(cut.rfind(mark) for mark in "。！？；")
    return cut[: end + 1] if end >= at_most // 2 else cut[: at_most - 1] + "…"


def _plain(slug: str) -> str:
    return slug.replace("_", " ")
