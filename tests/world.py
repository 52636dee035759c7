"""A small written world for tests of what people see: 清岚区 on the day of a water outage.

Everything here is invented. The counts are stated in `fill`'s docstring, so that a test can
compare what is printed with what was put in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from models.records import (
    Alert,
    Clock,
    Delivery,
    DeliveryStatus,
    Incident,
    IncidentState,
    Level,
    Reason,
    SourceRun,
)
from models.schema import MATCH, MENTION
from storage import incidents, mentions, outbox, sources
from storage.store import Store, Transaction

DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
"""16:30 on the day in Asia/Shanghai."""

SOURCES = {
    "gov": "清岚区人民政府网",
    "bbs": "清岚论坛",
    "hotline": "12345 热线",
    "evening": "岚城晚报",
    "mirror": "清岚生活号",
}
TIERS = {
    "gov": "county",
    "bbs": "netizen",
    "hotline": "netizen",
    "evening": "municipal",
    "mirror": "self_media",
}
OUTAGE = "东河街道连续停水两天，什么时候恢复"
OUTAGE_TEXT = (
    "东河街道多个小区自昨日凌晨停水，至今没有恢复。居民反映水车只来过一次，老人提水上楼很困难。"
    "希望有关部门尽快说明停水原因和恢复时间，并安排应急供水。"
)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A mention to be stored, with sensible defaults."""

    id: str
    hours_ago: float = 1
    source: str = "bbs"
    title: str = "路灯不亮"
    text: str = "北苑路有三盏路灯一直不亮，晚上走路不方便。"
    sentiment: str = "neutral"
    topic: str = "municipal_services"
    urgency: int = 0
    story: str = ""
    repost_of: str = ""
    reply: str = ""
    replied_hours_ago: float | None = None
    published_hours_ago: float | None = None
    date_flag: str = ""
    kind: str = "post"
    url: str = "https://example.invalid/thread/1"
    exercise: bool = False
    gone_hours_ago: float | None = None


def add_mentions(tx: Transaction, told: Sequence[Told], now: datetime = NOW) -> None:
    """Store mentions, each collected `hours_ago` before `now`."""
    mentions.add(tx, pa.Table.from_pylist([_row(one, now) for one in told], schema=MENTION))


def add_matches(tx: Transaction, rows: Sequence[tuple[str, str, str, str, int, int]]) -> None:
    """Store watch hits: mention, query, term, field, start, end."""
    at = NOW.replace(tzinfo=None)
    names = MATCH.names
    table = [dict(zip(names, (*row, at), strict=True)) for row in rows]
    mentions.add_matches(tx, pa.Table.from_pylist(table, schema=MATCH))


def fill(store: Store) -> None:
    """Fill a database so that on `DAY` at `NOW` it holds these numbers.

    In total 16 mentions, 11 of them on the day (8 independent, 3 reposts): 5 negative, 3
    neutral, 2 positive, 1 unclassified. One orange incident with 3 independent mentions and 3
    reposts, acknowledged; one blue incident, not acknowledged, overdue; one source failing.
    """
    with store.transaction() as tx:
        add_mentions(tx, _mentions())
        add_matches(
            tx,
            [
                _hit(OUTAGE, "停水", "title"),
                _hit(OUTAGE_TEXT, "停水", "text"),
                _hit(OUTAGE_TEXT, "应急供水", "text"),
            ],
        )
        _add_stories(tx)
        _add_water_case(tx)
        _add_bus_case(tx)
        _add_runs(tx)


def ago(hours: float) -> datetime:
    """Return the moment so many hours before `NOW`."""
    return NOW - timedelta(hours=hours)


def _hit(text: str, term: str, field: str) -> tuple[str, str, str, str, int, int]:
    start = text.index(term)
    return ("m-outage", "供水", term, field, start, start + len(term))


def _mentions() -> list[Told]:
    old = [
        Told(
            id=f"m-old-{n}",
            hours_ago=24 * (n + 1) - 4,
            source="gov",
            kind="news",
            title=f"清岚区第{n + 1}期便民服务公告",
            sentiment="positive",
            topic="public_culture",
        )
        for n in range(4)
    ]
    asked = Told(
        id="m-asked",
        hours_ago=40,
        source="hotline",
        kind="citizen_message",
        title="咨询老年卡办理需要什么材料",
        text="请问老年卡在哪里办，需要带什么材料。",
        topic="elderly_care",
        reply="您好，持本人身份证到就近街道便民服务中心即可办理，当场取卡。感谢您的来信。",
        replied_hours_ago=3,
    )
    outage = [
        Told(
            id="m-outage",
            hours_ago=7,
            title=OUTAGE,
            text=OUTAGE_TEXT,
            sentiment="negative",
            urgency=2,
            story="s-water",
        ),
        Told(
            id="m-outage-2",
            hours_ago=6,
            source="hotline",
            kind="citizen_message",
            title="西苑小区停水",
            text="西苑小区三号楼也停水了，物业说不清楚原因。",
            sentiment="negative",
            urgency=1,
            story="s-water",
        ),
        Told(
            id="m-rumour",
            hours_ago=4,
            source="mirror",
            title="网传停水与水质有关，街道尚未回应",
            text="有网民称停水前水色发黄，怀疑水质有问题，街道办表示正在了解。",
            sentiment="negative",
            urgency=2,
            story="s-water",
        ),
        *(
            Told(
                id=f"m-copy-{n}",
                hours_ago=3.5 - n / 2,
                source="mirror" if n else "evening",
                title="网传停水与水质有关，街道尚未回应",
                text="转载：有网民称停水前水色发黄。",
                sentiment="negative" if n < 2 else "neutral",
                story="s-water",
                repost_of="m-rumour",
            )
            for n in range(3)
        ),
    ]
    other = [
        Told(
            id="m-thanks",
            hours_ago=5,
            source="hotline",
            kind="citizen_message",
            title="感谢窗口工作人员",
            text="办理落户时工作人员很耐心，特此感谢。",
            sentiment="positive",
            topic="household_registration",
        ),
        Told(
            id="m-news",
            hours_ago=2,
            source="gov",
            kind="news",
            title="我区召开秋季造林动员会",
            text="会议部署了今冬明春造林任务。",
            sentiment="positive",
            topic="environment",
            published_hours_ago=30,
        ),
        Told(id="m-lamp", hours_ago=2.5),
        Told(
            id="m-queue",
            hours_ago=1.5,
            title="报名排队什么时候结束",
            text="入学报名排了两个小时。",
            topic="compulsory_education",
            date_flag="missing",
        ),
        Told(
            id="m-odd",
            hours_ago=0.5,
            title=HOSTILE,
            text=f"正文里也有 {HOSTILE} 不应当生效",
            sentiment="unclassified",
            topic="unclassified",
            url="javascript:alert(3)",
        ),
    ]
    drill = Told(id="m-drill", hours_ago=1, title="【演练】化工园区异味", exercise=True)
    return [*old, asked, *outage, *other, drill]


def _add_stories(tx: Transaction) -> None:
    tx.run(
        "INSERT INTO story VALUES ('s-water', ?, '东河街道', 'municipal_services', 'm-outage', "
        "?, ?, 6, '{}', '')",
        [OUTAGE, ago(7), ago(2.5)],
    )


def _add_water_case(tx: Transaction) -> None:
    case = Incident(
        id="i-water",
        number="清舆〔2026〕2号",
        title=OUTAGE,
        state=IncidentState.ASSESSED,
        level_suggested=Level.ORANGE,
        detected_at=ago(6),
        updated_at=ago(5),
        story_id="s-water",
        topic="municipal_services",
        place="东河街道",
    )
    incidents.put_incident(tx, case)
    ids = ["m-outage", "m-outage-2", "m-rumour", "m-copy-0", "m-copy-1", "m-copy-2"]
    incidents.add_mentions(tx, case.id, ids, ago(5))
    for clock_id, zh, hours in (
        ("respond_hot_henan_target", "热点问题回应(河南考核)", 24),
        ("respond_other_limit", "其他政务舆情回应", 48),
    ):
        incidents.put_clock(tx, _clock(case, clock_id, zh, hours))
    _add_alert(tx, case)
    incidents.acknowledge(
        tx,
        incidents.Acknowledgement(
            incident_id=case.id, at=ago(5.8), who="值班员甲", how="link", delivery_id="d-mail"
        ),
    )
    for hours, action, old, new in (
        (6, "state", "", "registered"),
        (5, "state", "registered", "assessed"),
    ):
        incidents.add_step(
            tx,
            incidents.Step(
                incident_id=case.id,
                at=ago(hours),
                who="系统" if not old else "值班员甲",
                action=action,
                from_value=old,
                to_value=new,
                note="" if not old else "已电话核实",
            ),
        )


def _add_alert(tx: Transaction, case: Incident) -> None:
    alert = Alert(
        id="a-water",
        rule="negative-spike",
        group="s-water",
        level=Level.ORANGE,
        title=case.title,
        reasons=("1 小时内负面 4 条，达到阈值 3 条", "涉及 3 个信源", "出现“水质”等公共健康线索"),
        raised_at=ago(6),
        window_start=ago(7),
        window_end=ago(6),
        story_id="s-water",
        mentions=6,
        independent=3,
        sources=4,
    )
    incidents.add_alert(tx, alert, case.id)
    sent = _delivery("d-mail", "mail", DeliveryStatus.SENT, sent_at=ago(5.9), attempts=2)
    dead = _delivery("d-hook", "webhook", DeliveryStatus.DEAD, attempts=3, last_error="HTTP 404")
    outbox.add(tx, [sent, dead])
    outbox.record_attempt(tx, sent, ago(5.95), "failed", permanent=False, detail="连接超时")
    outbox.record_attempt(tx, sent, ago(5.9), "sent", permanent=False, detail="250 OK")
    outbox.record_attempt(tx, dead, ago(5.9), "failed", permanent=True, detail="HTTP 404")


def _delivery(
    delivery_id: str,
    channel: str,
    status: DeliveryStatus,
    *,
    attempts: int,
    sent_at: datetime | None = None,
    last_error: str = "",
) -> Delivery:
    return Delivery(
        id=delivery_id,
        channel=channel,
        receiver="duty@qinglan.invalid",
        reason=Reason.FIRST,
        level=Level.ORANGE,
        subject=f"【橙色（重大）】{OUTAGE}",
        card="{}",
        created_at=ago(6),
        next_try_at=ago(6),
        alert_id="a-water",
        incident_id="i-water",
        attempts=attempts,
        status=status,
        sent_at=sent_at,
        last_error=last_error,
    )


def _add_bus_case(tx: Transaction) -> None:
    case = Incident(
        id="i-bus",
        number="清舆〔2026〕1号",
        title="12 路公交间隔过长",
        state=IncidentState.ASSIGNED,
        level_suggested=Level.YELLOW,
        level_confirmed=Level.BLUE,
        detected_at=ago(50),
        updated_at=ago(45),
        assigned_at=ago(45),
        responsible_unit="区交通运输局",
        co_units=("区公交公司",),
        topic="transport",
    )
    incidents.put_incident(tx, case)
    incidents.put_clock(tx, _clock(case, "respond_other_limit", "其他政务舆情回应", 48))


def _clock(case: Incident, clock_id: str, zh: str, hours: int) -> Clock:
    return Clock(
        incident_id=case.id,
        clock_id=clock_id,
        zh=zh,
        t0_name="detected",
        t0=case.detected_at,
        due=case.detected_at + timedelta(hours=hours),
        basis="wall",
        source="国办发〔2016〕61号",
    )


def _add_runs(tx: Transaction) -> None:
    for n, hours in enumerate((6, 3, 0.25)):
        runs = [_run(name, hours, "") for name in ("gov", "bbs", "hotline", "mirror")]
        runs.append(_run("evening", hours, "连接超时（30 秒）" if n else ""))
        sources.record_cycle(tx, ago(hours), ago(hours - 0.1), runs, "")


def _run(source: str, hours: float, reason: str) -> SourceRun:
    return SourceRun(
        source=source,
        started_at=ago(hours),
        finished_at=ago(hours - 0.05),
        status="failed" if reason else "ok",
        reason=reason,
        fetched=0 if reason else 12,
        stored=0 if reason else 2,
    )


def _row(one: Told, now: datetime) -> dict[str, object]:
    collected = now - timedelta(hours=one.hours_ago)
    published = now - timedelta(hours=one.published_hours_ago or one.hours_ago + 0.1)
    return {
        "seq": 0,
        "id": one.id,
        "version": 1,
        "source": one.source,
        "kind": one.kind,
        "media_tier": TIERS.get(one.source, "netizen"),
        "external_id": one.id,
        "title": one.title,
        "text": one.text,
        "url": one.url,
        "origin": "",
        "place": "",
        "published_at": None if one.date_flag else _naive(published),
        "date_flag": one.date_flag,
        "collected_at": _naive(collected),
        "event_at": _naive(collected if one.date_flag else published),
        "author_key": "",
        "content_hash": one.id,
        "sketch": None,
        "repost_of": one.repost_of,
        "story_id": one.story,
        "sentiment": one.sentiment,
        "sentiment_p": 0.91,
        "topic": one.topic,
        "topic_p": 0.84,
        "appeal": "other",
        "appeal_p": 0.7,
        "urgency": one.urgency,
        "urgency_p": 0.8,
        "model": "linear-1",
        "reply": one.reply,
        "replied_at": _back(now, one.replied_hours_ago),
        "gone_at": _back(now, one.gone_hours_ago),
        "exercise": one.exercise,
    }


def _back(now: datetime, hours: float | None) -> datetime | None:
    return None if hours is None else _naive(now - timedelta(hours=hours))


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
